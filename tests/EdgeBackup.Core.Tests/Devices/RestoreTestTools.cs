using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Tests.Devices;

/// <summary>A journal in memory.</summary>
public sealed class MemoryJournal : IRestoreJournal
{
    private readonly ConcurrentDictionary<string, bool> open = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Open => [.. open.Keys];

    /// <summary>Every id that was ever noted.</summary>
    public ConcurrentQueue<string> Noted { get; } = new();

    /// <summary>Looks on when a session is forgotten.</summary>
    public Action<string>? OnClosed { get; set; }

    /// <summary>Called before a session is noted.</summary>
    public Action<string>? OnOpened { get; set; }

    /// <summary>Looks on when somebody asks whose a session is.</summary>
    public Action<string>? OnAsked { get; set; }

    public Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken)
    {
        OnAsked?.Invoke(sessionId);
        return Task.FromResult(open.ContainsKey(sessionId));
    }

    public Task OpenedAsync(string sessionId, CancellationToken cancellationToken)
    {
        OnOpened?.Invoke(sessionId);
        open[sessionId] = true;
        Noted.Enqueue(sessionId);
        return Task.CompletedTask;
    }

    public Task ClosedAllButAsync(IReadOnlyCollection<string> left, CancellationToken cancellationToken)
    {
        // It knows no commands: the last one noted is the one that asks.
        foreach (var session in open.Keys.Where(session => !left.Contains(session) && session != Noted.LastOrDefault()))
        {
            open.TryRemove(session, out _);
        }

        return Task.CompletedTask;
    }

    public Task ClosedAsync(string sessionId, CancellationToken cancellationToken)
    {
        OnClosed?.Invoke(sessionId);
        open.TryRemove(sessionId, out _);
        return Task.CompletedTask;
    }
}

/// <summary>Short ways to plans, captures and restores.</summary>
public static class RestoreTestTools
{
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Bytes that look random and are the same every time.</summary>
    public static byte[] Noise(int length, int seed = 1)
    {
        var bytes = new byte[length];
#pragma warning disable CA5394 // Repeatable bytes for a test, not a secret.
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }

    public static SavedItem Saved(string path, byte[] content, ItemKind kind = ItemKind.Configuration) => new()
    {
        Item = new Item { Path = path, Length = content.Length, Kind = kind },
        Digest = Convert.ToHexStringLower(SHA256.HashData(content)),
    };

    public static RestorePlan Plan(RestoreMode mode, IReadOnlyDictionary<string, byte[]> items) =>
        new(mode, [.. items.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => new RestoreItem(Saved(item.Key, item.Value)))]);

    public static async Task StageAsync(IRestoreSession session, IReadOnlyDictionary<string, byte[]> items)
    {
        foreach (var (path, content) in items.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            using var stream = new MemoryStream(content, writable: false);
            await session.WriteAsync(Saved(path, content), stream, CancellationToken.None);
        }
    }

    /// <summary>Begins, stages and commits.</summary>
    public static async Task<RestoreCommitOutcome> RestoreAsync(
        IDeviceConnection connection, RestoreMode mode, IReadOnlyDictionary<string, byte[]> items, IRestoreJournal? journal = null)
    {
        await using var session = await connection.BeginRestoreAsync(Plan(mode, items), journal ?? new MemoryJournal(), CancellationToken.None);
        await StageAsync(session, items);
        return await session.CommitAsync(CancellationToken.None);
    }

    public static async Task<IReadOnlyList<Item>> ListAsync(ICapture capture)
    {
        var items = new List<Item>();
        await foreach (var item in capture.ListAsync(CancellationToken.None))
        {
            items.Add(item);
        }

        return items;
    }

    /// <summary>Lists the file items of a fresh capture.</summary>
    public static async Task<IReadOnlyDictionary<string, Item>> ListFilesAsync(IDeviceConnection connection, BackupContent content = BackupContent.All)
    {
        await using var capture = await connection.BeginCaptureAsync(content, CancellationToken.None);
        return (await ListAsync(capture)).Where(item => item.Type == ItemType.File).ToDictionary(item => item.Path, StringComparer.Ordinal);
    }

    public static async Task<byte[]> ReadToEndAsync(CapturedItem captured)
    {
        await using var stream = captured.Stream;
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer);
        return buffer.ToArray();
    }

    /// <summary>Captures everything that may be captured.</summary>
    public static async Task<IReadOnlyDictionary<string, byte[]>> CaptureAsync(IDeviceConnection connection, BackupContent content)
    {
        await using var capture = await connection.BeginCaptureAsync(content, CancellationToken.None);
        var read = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var item in (await ListAsync(capture)).Where(item => item.Type == ItemType.File && item.Retain != RetainLevel.None))
        {
            var captured = await capture.OpenReadAsync(item, CancellationToken.None);
            Xunit.Assert.NotNull(captured);
            read.Add(item.Path, await ReadToEndAsync(captured));
        }

        await capture.CompleteAsync(CancellationToken.None);
        return read;
    }
}
