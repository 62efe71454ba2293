using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>
/// Messages of one target that wait on this machine, a file each, so that neither a restart nor a dead receiver loses one.
/// Readable by this user alone, without secrets, and bounded. A file that another program holds (on Windows a virus scanner
/// or an editor does) is passed over with a warning, and holds up no other; what cannot be laid down waits beside the folder.
/// </summary>
internal sealed class Outbox
{
    /// <summary>Older ones are thrown away: nobody wants to be woken by them.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private const int Remembered = 2000;
    private const string Extension = ".json";

    private readonly string folder;
    private readonly string aside;
    private readonly IPlatform platform;
    private readonly Action<string>? warn;
    private readonly HashSet<string> passedOver = new(StringComparer.Ordinal);
    private DeliveryState? state;
    private HashSet<string>? known;
    private int waiting;
    private bool isStateHeld;

    /// <param name="root">Of all targets of a repository, absolute.</param>
    /// <param name="target">The target's name.</param>
    /// <param name="platform">The system below.</param>
    /// <param name="warn">Told of each file that is passed over.</param>
    public Outbox(string root, string target, IPlatform platform, Action<string>? warn = null)
    {
        folder = Path.Combine(root, FolderName(target));
        aside = folder + "-aside";
        this.platform = platform;
        this.warn = warn;
    }

    /// <summary>What the folder of a target is called.</summary>
    public static string FolderName(string target) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target.ToUpperInvariant())).AsSpan(0, 8));

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
        WriteFile(Path.Combine(folder, NameOf(message)), message, OutboxJson.Default.PendingMessage, platform);
        known.Add(message.Id);
        waiting++;
        return true;
    }

    /// <summary>Lays a message down, durably, where the folder cannot be used now.</summary>
    /// <param name="message">The message.</param>
    /// <param name="capacity">So many may wait there; of more the oldest are thrown away.</param>
    public void PutAside(PendingMessage message, int capacity)
    {
        var files = FilesIn(aside);
        if (files.Any(file => IdOf(file) == message.Id))
        {
            return;
        }

        foreach (var file in files.SkipLast(capacity - 1))
        {
            TryDelete(file);
        }

        WriteFile(Path.Combine(aside, NameOf(message)), message, OutboxJson.Default.PendingMessage, platform);
    }

    /// <summary>Takes in what had to be laid aside. What was delivered meanwhile is known when it is to be sent.</summary>
    public void TakeIn()
    {
        var files = FilesIn(aside);
        if (files.Count == 0)
        {
            return;
        }

        MakeFolder(folder);
        known = null;
        var ids = Files().Select(IdOf).ToHashSet(StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (!ids.Add(IdOf(file)))
            {
                TryDelete(file);
                continue;
            }

            TryUse(file, () =>
            {
                try
                {
                    File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
                }
                catch (FileNotFoundException)
                {
                    // Somebody else was at it.
                }
            });
        }
    }

    /// <summary>Those that wait, oldest first; a file that is none is passed over, and one that cannot be read now.</summary>
    public IEnumerable<(string File, PendingMessage Message)> Read()
    {
        foreach (var file in Files().Where(file => !passedOver.Contains(file)))
        {
            PendingMessage? message = null;
            if (TryUse(file, () => message = ReadFile(file, OutboxJson.Default.PendingMessage)) && message is not null)
            {
                yield return (file, message);
            }
        }
    }

    /// <summary>Whether there is nothing to look after, neither what waits nor what was left behind.</summary>
    public bool IsEmpty => Files().Count == 0;

    /// <summary>How many wait.</summary>
    public int Count() => Files().Concat(FilesIn(aside)).Count(file => !IsDone(State, IdOf(file)));

    /// <summary>A message was delivered; first it is remembered as such, and only then it goes.</summary>
    public DeliveryState Remove(string file, string id, DeliveryState before) =>
        Remove(file, before with { Recent = Remember(before.Recent, id) });

    /// <summary>A message is thrown away, and counted.</summary>
    public DeliveryState Throw(string file, string id, DeliveryState before) =>
        Remove(file, before with { Thrown = Remember(before.Thrown, id), Dropped = before.Dropped + 1 });

    /// <summary>All that wait are thrown away, and counted.</summary>
    public DeliveryState ThrowAll(DeliveryState before) => Files().Aggregate(before, (now, file) => IsDone(now, IdOf(file)) ? now : Throw(file, IdOf(file), now));

    /// <summary>Removes what was delivered or thrown away, and whose file was left by a kill in between, or by somebody who held it: it must not go twice.</summary>
    public void RemoveLeftovers()
    {
        var now = ReadState();
        foreach (var file in Files().Where(file => IsDone(now, IdOf(file))))
        {
            TryDelete(file);
        }
    }

    /// <summary>A message waits on.</summary>
    public void Keep(string file, PendingMessage message) => TryUse(file, () => WriteFile(file, message, OutboxJson.Default.PendingMessage, platform));

    /// <summary>A message is no longer true, and nobody was told of it.</summary>
    public void Withdraw(string file, string id)
    {
        if (TryDelete(file))
        {
            known?.Remove(id);
        }
    }

    /// <summary>As it was read or written last; others on this machine may have gone on since.</summary>
    public DeliveryState State => state ?? ReadState();

    public DeliveryState ReadState()
    {
        DeliveryState? read = null;
        if (isStateHeld)
        {
            // It was waited for; a thousand messages do not wait for it a thousand times.
            read = ReadFile(StatePath, OutboxJson.Default.DeliveryState);
        }
        else
        {
            isStateHeld = true;
            SharingRetry.Run(() => read = ReadFile(StatePath, OutboxJson.Default.DeliveryState));
        }

        isStateHeld = false;
        return state = read ?? new DeliveryState();
    }

    public void WriteState(DeliveryState next)
    {
        MakeFolder(Path.GetDirectoryName(folder)!);
        MakeFolder(folder);
        WriteFile(StatePath, next, OutboxJson.Default.DeliveryState, platform);
        state = next;
    }

    /// <summary>Writes a small file that only this user may read, whole or not at all.</summary>
    public static void WriteFile<T>(string path, T value, JsonTypeInfo<T> type, IPlatform platform)
    {
        MakeFolder(Path.GetDirectoryName(path)!, platform);
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(value, type), platform, readableByAll: false);
    }

    /// <summary>The target is none any more. What cannot be removed goes to nobody: another target may come to the name.</summary>
    public void Delete()
    {
        known = null;
        state = null;
        var left = FilesIn(aside).Where(file => !TryDelete(file)).ToList();
        left.AddRange(Files().Where(file => !TryDelete(file)));
        if (left.Count > 0)
        {
            WriteState(new DeliveryState { Thrown = [.. left.Select(IdOf)] });
            return;
        }

        foreach (var path in new[] { aside, folder }.Where(Directory.Exists))
        {
            Directory.Delete(path, recursive: true);
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
    public static T? ReadFile<T>(string path, JsonTypeInfo<T> type)
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

    private static bool IsDone(DeliveryState now, string id) => now.Recent.Contains(id, StringComparer.Ordinal) || now.Thrown.Contains(id, StringComparer.Ordinal);

    /// <summary>It stands in the name too, so that what is done is known without being read.</summary>
    private static string IdOf(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        return name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];
    }

    private DeliveryState Remove(string file, DeliveryState next)
    {
        WriteState(next);
        TryDelete(file);
        return next;
    }

    private HashSet<string> LoadKnown()
    {
        var now = ReadState();
        var files = Files();
        waiting = files.Count;
        return [.. now.Recent, .. now.Thrown, .. files.Select(IdOf)];
    }

    private bool TryDelete(string file)
    {
        if (!TryUse(file, () => Delete(file)))
        {
            return false;
        }

        waiting--;
        return true;
    }

    /// <summary>Opened first, so that what another program has to itself is left to it on every system.</summary>
    private static void Delete(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            File.Delete(file);
        }
        catch (FileNotFoundException)
        {
            // Somebody else was at it.
        }
    }

    /// <summary>Does something with a file; one that another program holds is passed over from then on.</summary>
    /// <returns>Whether it was done.</returns>
    private bool TryUse(string file, Action action)
    {
        try
        {
            SharingRetry.Run(action);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (passedOver.Add(file))
            {
                warn?.Invoke($"the file '{file}' cannot be used now and is passed over; a later command tries again. {exception.Message}");
            }

            return false;
        }
    }

    private static string NameOf(PendingMessage message) =>
        string.Create(CultureInfo.InvariantCulture, $"{message.Created.ToUnixTimeMilliseconds():x12}-{message.Id}{Extension}");

    private List<string> Files() => FilesIn(folder);

    private static List<string> FilesIn(string path)
    {
        if (!Directory.Exists(path))
        {
            return [];
        }

        var files = Directory.EnumerateFiles(path, "*" + Extension).ToList();
        files.Sort(StringComparer.Ordinal);
        return files;
    }
}
