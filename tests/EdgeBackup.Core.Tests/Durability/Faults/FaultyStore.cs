using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>What a store may do to one of its callers.</summary>
internal enum StoreFaultKind
{
    /// <summary>The call fails and has done nothing.</summary>
    Fails,

    /// <summary>The call has done its work, and fails on its way back.</summary>
    FailsAfterwards,

    /// <summary>This call and all that follow fail.</summary>
    Dies,

    /// <summary>Access is denied.</summary>
    Denied,

    /// <summary>The disk is full, from this call on, for all that would be written.</summary>
    Full,

    /// <summary>It takes its time.</summary>
    Slow,

    /// <summary>Fewer bytes are read than are there.</summary>
    Short,

    /// <summary>A bit is another one on its way from the disk.</summary>
    Flipped,
}

/// <summary>A store that has one fault, at one of its calls, and knows who has called it.</summary>
/// <param name="inner">The store behind it.</param>
internal sealed class FaultyStore(IObjectStore inner) : IObjectStore
{
    private readonly HashSet<string> callers = [];
    private readonly Random random = new(Soak.Seed);
    private int calls;
    private int at = int.MaxValue;
    private StoreFaultKind kind;
    private int struck;

    public string Location => inner.Location;

    public int Calls => Volatile.Read(ref calls);

    /// <summary>Whether the fault has come to pass.</summary>
    public bool HasStruck => Volatile.Read(ref struck) != 0;

    /// <summary>What the fault hit: the call and the object.</summary>
    public string Victim { get; private set; } = "";

    /// <summary>Notes the lines of source that call; slow.</summary>
    public bool NotesCallers { get; set; }

    /// <summary>File and line, as "Lease.cs:63".</summary>
    public IReadOnlyCollection<string> Callers
    {
        get
        {
            lock (callers)
            {
                return [.. callers];
            }
        }
    }

    /// <summary>Counts from here on, and fails at the n-th call.</summary>
    public void Arm(int call, StoreFaultKind fault)
    {
        kind = fault;
        Volatile.Write(ref calls, 0);
        Volatile.Write(ref at, call);
    }

    public void Disarm() => Volatile.Write(ref at, int.MaxValue);

    public Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        WriteAsync(Enter(), $"put {name}", () => inner.PutAsync(name, content, cancellationToken));

    public Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken) =>
        WriteAsync(Enter(), "put many", () => inner.PutManyAsync(objects, cancellationToken));

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        WriteAsync(Enter(), $"overwrite {name}", async () =>
        {
            await inner.OverwriteAsync(name, content, cancellationToken);
            return true;
        });

    public Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        WriteAsync(Enter(), $"replace {name}", async () =>
        {
            await inner.ReplaceAsync(name, content, cancellationToken);
            return true;
        });

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken) =>
        WriteAsync(Enter(), $"delete {name}", () => inner.DeleteAsync(name, cancellationToken));

    public Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken) => GetAsync(Enter(), name, cancellationToken);

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        ReadAsync(Enter(), name, offset, buffer, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) => ListAsync(Enter(), prefix, cancellationToken);

    private async Task<T> WriteAsync<T>(int call, string what, Func<Task<T>> write)
    {
        if (!Strikes(call, isWrite: true, what))
        {
            return await write();
        }

        switch (kind)
        {
            case StoreFaultKind.Fails or StoreFaultKind.Dies:
                throw new IOException("The store was made to fail.");
            case StoreFaultKind.FailsAfterwards:
                await write();
                throw new IOException("The store was made to fail after it had done its work.");
            case StoreFaultKind.Denied:
                throw new UnauthorizedAccessException("The store was made to deny access.");
            case StoreFaultKind.Full:
                throw new IOException("The store was made to be full.", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
            default:
                await Task.Delay(5);
                return await write();
        }
    }

    private async Task<byte[]?> GetAsync(int call, string name, CancellationToken cancellationToken)
    {
        var content = await inner.GetAsync(name, cancellationToken);
        if (Strikes(call, isWrite: false, $"get {name}"))
        {
            await SufferAsync();
            if (content is { Length: > 0 } && kind == StoreFaultKind.Short)
            {
                return content[..Pick(content.Length)];
            }

            if (content is { Length: > 0 } && kind == StoreFaultKind.Flipped)
            {
                content[Pick(content.Length)] ^= (byte)(1 << Pick(8));
            }
        }

        return content;
    }

    private async ValueTask<int> ReadAsync(int call, string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await inner.ReadAsync(name, offset, buffer, cancellationToken);
        if (Strikes(call, isWrite: false, $"read {name}"))
        {
            await SufferAsync();
            if (read > 0 && kind == StoreFaultKind.Short)
            {
                return Pick(read);
            }

            if (read > 0 && kind == StoreFaultKind.Flipped)
            {
                buffer.Span[Pick(read)] ^= (byte)(1 << Pick(8));
            }
        }

        return read;
    }

    private async IAsyncEnumerable<ObjectInfo> ListAsync(int call, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var strikes = Strikes(call, isWrite: false, $"list {prefix}");
        if (strikes && kind != StoreFaultKind.FailsAfterwards)
        {
            await SufferAsync();
        }

        await foreach (var entry in inner.ListAsync(prefix, cancellationToken))
        {
            yield return entry;
        }

        if (strikes && kind == StoreFaultKind.FailsAfterwards)
        {
            await SufferAsync();
        }
    }

    private async Task SufferAsync()
    {
        switch (kind)
        {
            case StoreFaultKind.Fails or StoreFaultKind.FailsAfterwards or StoreFaultKind.Dies:
                throw new IOException("The store was made to fail.");
            case StoreFaultKind.Denied:
                throw new UnauthorizedAccessException("The store was made to deny access.");
            case StoreFaultKind.Slow:
                await Task.Delay(5);
                break;
            default:
                break;
        }
    }

    private bool Strikes(int call, bool isWrite, string what)
    {
        var goesOn = kind is StoreFaultKind.Dies or StoreFaultKind.Full;
        if (call != at && !(goesOn && call > at))
        {
            return false;
        }

        if ((kind == StoreFaultKind.Full && !isWrite) || (isWrite && kind is StoreFaultKind.Short or StoreFaultKind.Flipped))
        {
            return false;
        }

        if (Interlocked.Exchange(ref struck, 1) == 0)
        {
            Victim = what;
        }

        return true;
    }

    private int Pick(int limit)
    {
        lock (random)
        {
            return random.Next(limit);
        }
    }

    private int Enter()
    {
        if (NotesCallers)
        {
            NoteCaller();
        }

        return Interlocked.Increment(ref calls);
    }

    /// <summary>The calling frames are there as long as nothing was awaited; a store may be reached through others of the engine.</summary>
    private void NoteCaller()
    {
        foreach (var frame in new StackTrace(fNeedFileInfo: true).GetFrames())
        {
            var file = frame.GetFileName()?.Replace('\\', '/');
            if (file is not null && file.Contains("/src/EdgeBackup.Core/", StringComparison.Ordinal) && !file.EndsWith("/GuardedStore.cs", StringComparison.Ordinal))
            {
                lock (callers)
                {
                    callers.Add($"{Path.GetFileName(file)}:{frame.GetFileLineNumber()}");
                }
            }
        }
    }
}
