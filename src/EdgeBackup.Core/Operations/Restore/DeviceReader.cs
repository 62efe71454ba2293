using System.Security.Cryptography;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Reads a device's items to compare them with a backup's, without keeping them.</summary>
internal sealed class DeviceReader
{
    private const int Window = 4;

    private readonly IDeviceConnection connection;

    public DeviceReader(IDeviceConnection connection) => this.connection = connection;

    /// <summary>Compares what the device holds with what it should hold.</summary>
    /// <param name="expected">Items by path.</param>
    /// <param name="content">What to list.</param>
    /// <param name="onCompared">Called for each item that was compared.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The device's listing, and the expected items whose bytes it does not hold, with the reason.</returns>
    public async Task<DeviceComparison> CompareAsync(IReadOnlyDictionary<string, SavedItem> expected, BackupContent content, Action<SavedItem>? onCompared, CancellationToken cancellationToken)
    {
        var capture = await connection.BeginCaptureAsync(content, cancellationToken).ConfigureAwait(false);
        await using var lease = capture.ConfigureAwait(false);
        var listed = new List<Item>();
        await foreach (var item in capture.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            listed.Add(item);
        }

        var byPath = listed.ToDictionary(item => item.Path, StringComparer.Ordinal);
        var differences = new List<NotSavedItem>();
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            expected.Values,
            new ParallelOptions { MaxDegreeOfParallelism = Window, CancellationToken = cancellationToken },
            async (saved, token) =>
            {
                var (difference, digest) = !byPath.TryGetValue(saved.Item.Path, out var item)
                    ? ("it is not on the device", null)
                    : await CompareOneAsync(capture, saved, item, token).ConfigureAwait(false);
                lock (differences)
                {
                    if (digest is not null)
                    {
                        digests[saved.Item.Path] = digest;
                    }

                    if (difference is not null)
                    {
                        differences.Add(new NotSavedItem(saved.Item.Path, difference));
                    }

                    onCompared?.Invoke(saved);
                }
            }).ConfigureAwait(false);
        differences.Sort((first, second) => string.CompareOrdinal(first.Path, second.Path));
        return new DeviceComparison(listed, differences) { Digests = digests };
    }

    /// <returns>What differs, null where nothing does; and the digest of the bytes, where they were read.</returns>
    private static async Task<(string? Difference, string? Digest)> CompareOneAsync(ICapture capture, SavedItem saved, Item item, CancellationToken cancellationToken)
    {
        if (saved.Item.Type != item.Type)
        {
            return ($"it is a {Name(item.Type)}, not a {Name(saved.Item.Type)}", null);
        }

        if (item.Type != ItemType.File)
        {
            return (string.Equals(saved.Item.LinkTarget, item.LinkTarget, StringComparison.Ordinal) ? null : $"the link points to '{item.LinkTarget}', not to '{saved.Item.LinkTarget}'", null);
        }

        if (item.Length != saved.Item.Length && !item.IsLengthUnknown)
        {
            return ($"it has {item.Length} bytes, not {saved.Item.Length}", null);
        }

        var captured = await capture.OpenReadAsync(item, cancellationToken).ConfigureAwait(false);
        if (captured is null)
        {
            return ("it is not on the device", null);
        }

        await using var lease = captured.Stream.ConfigureAwait(false);
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(captured.Stream, cancellationToken).ConfigureAwait(false));
        return (digest == saved.Digest ? null : "its bytes differ", digest);
    }

    private static string Name(ItemType type) => type switch
    {
        ItemType.File => "file",
        ItemType.Directory => "folder",
        ItemType.SymbolicLink => "link",
        _ => throw new EdgeBackupException(ErrorIds.DeviceResponseInvalid, $"The item type {type} is not known."),
    };
}

/// <summary>What a comparison found.</summary>
/// <param name="Listed">Everything that the device lists, in its order.</param>
/// <param name="Differences">Expected items that the device does not hold as expected, by path.</param>
internal sealed record DeviceComparison(IReadOnlyList<Item> Listed, IReadOnlyList<NotSavedItem> Differences)
{
    /// <summary>The digests of the files that were read, by path; empty where nothing was.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init; } = new Dictionary<string, string>();

    /// <summary>In place of a comparison that was not made: everything may differ, and nothing is known of what else there is.</summary>
    public static DeviceComparison NotMade(IEnumerable<string> expected) => new([], [.. expected.Select(path => new NotSavedItem(path, "it was not read"))]);

    /// <summary>Configuration items that a replacing restore takes away: those that it does not send.</summary>
    public IEnumerable<string> Surplus(IReadOnlyDictionary<string, SavedItem> sent) => Listed
        .Where(item => item.Kind == ItemKind.Configuration && item.Retain != RetainLevel.None && !item.IsContainer && !sent.ContainsKey(item.Path))
        .Select(item => item.Path);
}
