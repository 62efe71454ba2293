using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>A device folder, and the names that a restore uses beside it.</summary>
internal sealed class FolderPaths
{
    /// <summary>The longest name that still leaves room for our suffixes within 255 bytes.</summary>
    private const int LabelLimit = 180;

    private FolderPaths(string root)
    {
        Root = root;
        Parent = Path.GetDirectoryName(root);
        var name = Path.GetFileName(root);
        var label = Encoding.UTF8.GetByteCount(name) <= LabelLimit
            ? name
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));
        Prefix = $".{label}.edgebackup-";
    }

    /// <summary>The folder itself, links in its own name resolved: a swap must exchange the folder and not the link to it.</summary>
    public string Root { get; }

    /// <summary>Null for the root of a volume, beside which nothing can stand.</summary>
    public string? Parent { get; }

    /// <summary>What the names of our files beside the folder begin with.</summary>
    public string Prefix { get; }

    /// <summary>The record of a swap in progress.</summary>
    public string SwapJournal => Beside("swap");

    public static FolderPaths Of(string address, IPlatform platform)
    {
        var root = address;
        if (platform.Stat(address) is { Type: FileEntryType.SymbolicLink }
            && Directory.ResolveLinkTarget(address, returnFinalTarget: true) is { } target)
        {
            root = Path.TrimEndingDirectorySeparator(target.FullName);
        }

        return new FolderPaths(root);
    }

    /// <summary>Where a session stages; after an exchange, where the old tree is.</summary>
    public string Stage(string session) => Beside(session);

    /// <summary>Where the old tree waits in a swap by two renames.</summary>
    public string Old(string session) => Beside(session + ".old");

    /// <summary>Held open by the session as long as it lives.</summary>
    public string Lock(string session) => Beside(session + ".lock");

    private string Beside(string suffix) => Path.Combine(Parent ?? Root, Prefix + suffix);
}
