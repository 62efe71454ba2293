using System.Runtime.CompilerServices;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>Objects in memory, and faults on request.</summary>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly Lock sync = new();
    private int operationsLeft = int.MaxValue;

    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    public string Location => "memory";

    /// <summary>Writes and deletions so far.</summary>
    public int Operations { get; private set; }

    /// <summary>Listings begun so far.</summary>
    public int Listings { get; private set; }

    /// <summary>From the n-th write or deletion on, the store is dead, as after a kill.</summary>
    public void DieAfter(int operations) => operationsLeft = operations;

    /// <summary>Whether that has happened.</summary>
    public bool IsDead { get; private set; }

    /// <summary>What a process started after the kill finds.</summary>
    public MemoryObjectStore Reborn()
    {
        lock (sync)
        {
            var reborn = new MemoryObjectStore();
            foreach (var (name, content) in Objects)
            {
                reborn.Objects[name] = (byte[])content.Clone();
            }

            return reborn;
        }
    }

    public Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (sync)
        {
            Count();
            if (Refuses(name))
            {
                throw new IOException($"'{name}' is refused.");
            }

            var isNew = Objects.TryAdd(name, content.ToArray());
            AfterPut(name);
            return Task.FromResult(isNew);
        }
    }

    /// <summary>Is told of each object that was put.</summary>
    public Action<string> AfterPut { get; set; } = _ => { };

    /// <summary>Objects that cannot be put.</summary>
    public Predicate<string> Refuses { get; set; } = _ => false;

    /// <summary>Objects that are there and cannot be read, as on a bad sector.</summary>
    public Predicate<string> IsUnreadable { get; set; } = _ => false;

    public async Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken)
    {
        var faults = new List<Exception?>();
        foreach (var (name, content) in objects)
        {
            try
            {
                await PutAsync(name, content, cancellationToken);
                faults.Add(null);
            }
            catch (IOException exception)
            {
                faults.Add(exception);
            }
        }

        return faults;
    }

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        lock (sync)
        {
            Count();
            Objects[name] = content.ToArray();
        }

        AfterOverwrite(name);
        return Task.CompletedTask;
    }

    /// <summary>Is told of each object that was overwritten or replaced.</summary>
    public Action<string> AfterOverwrite { get; set; } = _ => { };

    public Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => OverwriteAsync(name, content, cancellationToken);

    public Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (sync)
        {
            RefuseUnreadable(name);
            return Task.FromResult(Objects.TryGetValue(name, out var content) ? (byte[])content.Clone() : null);
        }
    }

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        lock (sync)
        {
            RefuseUnreadable(name);
            if (!Objects.TryGetValue(name, out var content))
            {
                return ValueTask.FromResult(-1);
            }

            var count = (int)Math.Clamp(content.Length - offset, 0, buffer.Length);
            content.AsMemory((int)Math.Min(offset, content.Length), count).CopyTo(buffer);
            return ValueTask.FromResult(count);
        }
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectName.CheckPrefix(prefix);
        List<ObjectInfo> found;
        lock (sync)
        {
            Listings++;
            found = [.. Objects.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => new ObjectInfo(entry.Key, entry.Value.Length))];
        }

        await Task.Yield();
        foreach (var entry in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    /// <summary>Is told of each object that is about to be deleted.</summary>
    public Action<string> BeforeDelete { get; set; } = _ => { };

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        BeforeDelete(name);
        lock (sync)
        {
            Count();
            return Task.FromResult(Objects.Remove(name));
        }
    }

    private void RefuseUnreadable(string name)
    {
        if (IsUnreadable(name))
        {
            throw new IOException($"'{name}' cannot be read.");
        }
    }

    private void Count()
    {
        if (operationsLeft-- <= 0)
        {
            operationsLeft = 0;
            IsDead = true;
            throw new IOException("The store is gone.");
        }

        Operations++;
    }
}
