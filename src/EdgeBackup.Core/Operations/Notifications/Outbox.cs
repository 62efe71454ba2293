using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>A message that waits to be sent.</summary>
/// <param name="Id">The same however often it is sent.</param>
/// <param name="Type">Its type.</param>
/// <param name="Created">UTC.</param>
/// <param name="Summary">One line for people.</param>
/// <param name="Body">The JSON; no secret is in it, and its signature is made when it is sent.</param>
internal sealed record PendingMessage(string Id, string Type, DateTimeOffset Created, string Summary, string Body)
{
    /// <summary>The device about whose present state it is; null where it stays true whatever comes.</summary>
    public string? Device { get; init; }

    /// <summary>How often its receiver has answered that it does not take it.</summary>
    public int Tries { get; init; }

    /// <summary>It is not tried before, UTC.</summary>
    public DateTimeOffset? NextTry { get; init; }
}

/// <summary>How it goes with the messages of one target on this machine.</summary>
public sealed record DeliveryState
{
    /// <summary>When a message was last delivered, UTC.</summary>
    public DateTimeOffset? LastDelivery { get; init; }

    /// <summary>Why the newest try failed; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>When it failed, UTC.</summary>
    public DateTimeOffset? LastErrorTime { get; init; }

    /// <summary>Commands in a row that could deliver nothing.</summary>
    public int Failures { get; init; }

    /// <summary>When the receiver said that it wants no more messages, UTC.</summary>
    public DateTimeOffset? Gone { get; init; }

    /// <summary>Messages that were thrown away because too many waited, for too long, or because the receiver did not take them however often.</summary>
    public int Dropped { get; init; }

    /// <summary>Ids of messages that were delivered lately: they are not taken in again.</summary>
    public IReadOnlyList<string> Recent { get; init; } = [];

    /// <summary>Ids of messages that were thrown away lately: nor are they.</summary>
    public IReadOnlyList<string> Thrown { get; init; } = [];
}

/// <summary>
/// Messages of one target that wait on this machine, a file each, so that neither a restart nor a dead receiver loses one.
/// Readable by this user alone, without secrets, and bounded.
/// </summary>
internal sealed class Outbox
{
    /// <summary>Older ones are thrown away: nobody wants to be woken by them.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private const int Remembered = 2000;
    private const string Extension = ".json";

    private readonly string folder;
    private readonly IPlatform platform;
    private DeliveryState? state;
    private HashSet<string>? known;
    private int waiting;

    /// <param name="root">Of all targets of a repository, absolute.</param>
    /// <param name="target">The target's name.</param>
    /// <param name="platform">The system below.</param>
    public Outbox(string root, string target, IPlatform platform)
    {
        folder = Path.Combine(root, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target.ToUpperInvariant())).AsSpan(0, 8)));
        this.platform = platform;
    }

    private string StatePath => Path.Combine(folder, "state");

    /// <summary>Takes a message in, durably, unless it waits already or was delivered or thrown away lately.</summary>
    /// <param name="message">The message.</param>
    /// <param name="capacity">Where so many wait, this one is not taken in; null where it must be.</param>
    public bool Put(PendingMessage message, int? capacity = null)
    {
        known ??= LoadKnown();
        if (known.Contains(message.Id) || waiting >= capacity)
        {
            return false;
        }

        MakeFolder(Path.GetDirectoryName(folder)!);
        MakeFolder(folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{message.Created.ToUnixTimeMilliseconds():x12}-{message.Id}{Extension}");
        WriteFile(Path.Combine(folder, name), message, OutboxJson.Default.PendingMessage, platform);
        known.Add(message.Id);
        waiting++;
        return true;
    }

    /// <summary>Those that wait, oldest first; a file that is none is passed over.</summary>
    public IEnumerable<(string File, PendingMessage Message)> Read()
    {
        foreach (var file in Files())
        {
            if (ReadFile(file, OutboxJson.Default.PendingMessage) is { } message)
            {
                yield return (file, message);
            }
        }
    }

    /// <summary>How many wait.</summary>
    public int Count() => Files().Count;

    /// <summary>A message was delivered; first it is remembered as such, and only then it goes.</summary>
    public DeliveryState Remove(string file, string id, DeliveryState before) =>
        Remove(file, before with { Recent = Remember(before.Recent, id) });

    /// <summary>A message is thrown away, and counted.</summary>
    public DeliveryState Throw(string file, string id, DeliveryState before) =>
        Remove(file, before with { Thrown = Remember(before.Thrown, id), Dropped = before.Dropped + 1 });

    /// <summary>Removes what was delivered or thrown away, and whose file was left by a kill in between, or by somebody who held it: it must not go twice.</summary>
    public void RemoveLeftovers()
    {
        var now = ReadState();
        foreach (var (file, _) in Read().Where(item => now.Recent.Contains(item.Message.Id, StringComparer.Ordinal) || now.Thrown.Contains(item.Message.Id, StringComparer.Ordinal)).ToList())
        {
            File.Delete(file);
            waiting--;
        }
    }

    /// <summary>A message waits on.</summary>
    public void Keep(string file, PendingMessage message) => WriteFile(file, message, OutboxJson.Default.PendingMessage, platform);

    /// <summary>A message is no longer true, and nobody was told of it.</summary>
    public void Withdraw(string file, string id)
    {
        File.Delete(file);
        known?.Remove(id);
        waiting--;
    }

    /// <summary>As it was read or written last; others on this machine may have gone on since.</summary>
    public DeliveryState State => state ?? ReadState();

    public DeliveryState ReadState() => state = ReadFile(StatePath, OutboxJson.Default.DeliveryState) ?? new DeliveryState();

    public void WriteState(DeliveryState next)
    {
        MakeFolder(Path.GetDirectoryName(folder)!);
        MakeFolder(folder);
        WriteFile(StatePath, next, OutboxJson.Default.DeliveryState, platform);
        state = next;
    }

    /// <summary>Writes a small file that only this user may read, whole or not at all.</summary>
    public static void WriteFile<T>(string path, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, IPlatform platform)
    {
        MakeFolder(Path.GetDirectoryName(path)!, platform);
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(value, type), platform, readableByAll: false);
    }

    /// <summary>The target is none any more.</summary>
    public void Delete()
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Keeps everybody else on this machine from sending; null where somebody else is at it.</summary>
    public static FileStream? TryLock(string root, IPlatform platform)
    {
        MakeFolder(root, platform);
        try
        {
            return new FileStream(Path.Combine(root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads a small file; null where there is none, or something else.</summary>
    public static T? ReadFile<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), type) : null;
        }
        catch (Exception exception) when (exception is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    private static void MakeFolder(string path, IPlatform platform)
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            platform.RestrictToUser(path);
        }
    }

    private void MakeFolder(string path) => MakeFolder(path, platform);

    private static List<string> Remember(IReadOnlyList<string> ids, string id) => [.. ids.Where(known => known != id).TakeLast(Remembered - 1), id];

    private DeliveryState Remove(string file, DeliveryState next)
    {
        WriteState(next);
        File.Delete(file);
        waiting--;
        return next;
    }

    private HashSet<string> LoadKnown()
    {
        var now = ReadState();
        var files = Files();
        waiting = files.Count;
        return [.. now.Recent, .. now.Thrown, .. files.Select(file => Path.GetFileNameWithoutExtension(file)).Select(name => name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..])];
    }

    private List<string> Files()
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var files = Directory.EnumerateFiles(folder, "*" + Extension).ToList();
        files.Sort(StringComparer.Ordinal);
        return files;
    }
}

/// <summary>The JSON of what waits on this machine.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PendingMessage))]
[JsonSerializable(typeof(DeliveryState))]
[JsonSerializable(typeof(RunState))]
internal sealed partial class OutboxJson : JsonSerializerContext;

/// <summary>How runs of the schedule on this machine have gone as a whole.</summary>
/// <param name="FailingSince">Since when none could do its work, UTC; null when the last could.</param>
internal sealed record RunState(DateTimeOffset? FailingSince);
