using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.TestWorker;

/// <summary>Devices whose bytes follow from a seed, so that whoever checks a backup needs no copy of them.</summary>
public static class WorkerContent
{
    private const int Items = 6;

    /// <summary>
    /// The bytes of an item. Some are the same for a few seeds in a row and for all devices, so that one process relies
    /// on what another has written and a third is about to remove.
    /// </summary>
    public static byte[] Bytes(string device, int seed, int item)
    {
        var basis = item switch
        {
            0 => $"all devices, seeds by fours: {seed / 4}",
            1 => $"all devices, one of three: {seed % 3}",
            2 => $"{device}, always",
            _ => $"{device}, {seed}, {item}",
        };
        var bytes = new byte[20_000 + (item * 15_000)];
        new Random(BitConverter.ToInt32(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(basis)))).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The paths and bytes of a device.</summary>
    public static IReadOnlyDictionary<string, byte[]> Files(string device, int seed) =>
        Enumerable.Range(0, Items).ToDictionary(item => string.Create(CultureInfo.InvariantCulture, $"item{item}"), item => Bytes(device, seed, item), StringComparer.Ordinal);

    /// <summary>Saves a device as it is at a seed.</summary>
    public static async Task<BackupRecord> BackUpAsync(WriteSession session, string device, int seed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var draft = session.BeginBackup();
        await using var lease = draft.ConfigureAwait(false);
        foreach (var (path, content) in Files(device, seed).OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            var saved = await session.StoreAsync(new Item { Path = path, Modified = DateTimeOffset.UnixEpoch }, new MemoryStream(content), cancellationToken).ConfigureAwait(false);
            await draft.AddAsync(saved, cancellationToken).ConfigureAwait(false);
        }

        var header = new BackupHeader
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds():x12}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}"),
            Device = device,
            DeviceType = "edge-controller",
            Kind = BackupKind.Automatic,
            Content = BackupContent.Configuration,
            Created = DateTimeOffset.UtcNow,
        };
        return await draft.CommitAsync(header, _ => true, cancellationToken).ConfigureAwait(false);
    }
}
