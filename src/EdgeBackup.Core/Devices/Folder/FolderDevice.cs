using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>What the files of a folder mean when it is a device.</summary>
public static class FolderDevice
{
    /// <summary>Who the device is; the one identity item of a folder.</summary>
    public const string IdentityFile = "edge-device.json";

    /// <summary>Which transactions run; never captured nor touched, because it is the device's present and not its state.</summary>
    public const string TransactionsFile = "edge-transactions.json";

    /// <summary>
    /// Whether a folder is an EdgeBackup repository, so that it is not taken for a device: it holds
    /// <c>repository.json</c> and <c>keys</c>. The first backup makes <c>packs</c>, so that a new one has none.
    /// </summary>
    public static bool LooksLikeRepository(string path) =>
        File.Exists(Path.Combine(path, "repository.json"))
        && Directory.Exists(Path.Combine(path, "keys"));

    /// <summary>Whether an item's path means <see cref="IdentityFile"/>.</summary>
    internal static bool IsIdentity(string path, IPlatform platform) => string.Equals(path, IdentityFile, Comparison(platform));

    /// <summary>Whether an item's path means <see cref="TransactionsFile"/>.</summary>
    internal static bool IsTransactions(string path, IPlatform platform) => string.Equals(path, TransactionsFile, Comparison(platform));

    private static StringComparison Comparison(IPlatform platform) =>
        platform.HasWindowsNames ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
}
