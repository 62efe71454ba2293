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
internal sealed record PendingMessage(string Id, string Type, DateTimeOffset Created, string Summary, string Body);

/// <summary>How it goes with the messages of one target on this machine.</summary>
public sealed record DeliveryState
{
    /// <summary>When a message was last delivered, UTC.</summary>
    public DateTimeOffset? LastDelivery { get; init; }

    /// <summary>Why the newest try failed; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>When it failed, UTC.</summary>
    public DateTimeOffset? LastErrorTime { get; init; }

    /// <summary>When the receiver said that it wants no more messages, UTC.</summary>
    public DateTimeOffset? Gone { get; init; }

    /// <summary>Messages that were thrown away because too many waited, or for too long.</summary>
    public int Dropped { get; init; }

    /// <summary>Ids of messages that were delivered or thrown away lately: they are not taken in again.</summary>
    public IReadOnlyList<string> Recent { get; init; } = [];
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

    /// <param name="root">Of all targets of a repository, absolute.</param>
    /// <param name="target">The target's name.</param>
    /// <param name="platform">The system below.</param>
    public Outbox(string root, string target, IPlatform platform)
    {
        folder = Path.Combine(root, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target.ToUpperInvariant())).AsSpan(0, 8)));
        this.platform = platform;
    }

    private string StatePath => Path.Combine(folder, "state");

    /// <summary>Takes a message in, durably, unless it waits already or was delivered lately.</summary>
    public bool Put(PendingMessage message)
    {
        if (ReadState().Recent.Contains(message.Id, StringComparer.Ordinal) || Files().Any(file => file.EndsWith($"-{message.Id}{Extension}", StringComparison.Ordinal)))
        {
            return false;
        }

        MakeFolder(Path.GetDirectoryName(folder)!);
        MakeFolder(folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{message.Created.ToUnixTimeMilliseconds():x12}-{message.Id}{Extension}");
        WriteFile(Path.Combine(folder, name), message, OutboxJson.Default.PendingMessage, platform);
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

    /// <summary>A message is done with; first it is remembered as such, and only then it goes.</summary>
    public DeliveryState Remove(string file, string id, DeliveryState state)
    {
        var next = state with { Recent = [.. state.Recent.Where(known => known != id).TakeLast(Remembered - 1), id] };
        WriteState(next);
        File.Delete(file);
        return next;
    }

    public DeliveryState ReadState() => ReadFile(StatePath, OutboxJson.Default.DeliveryState) ?? new DeliveryState();

    public void WriteState(DeliveryState state)
    {
        MakeFolder(Path.GetDirectoryName(folder)!);
        MakeFolder(folder);
        WriteFile(StatePath, state, OutboxJson.Default.DeliveryState, platform);
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
