using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>The system's own platform, on which somebody keeps files open for a while.</summary>
internal sealed class BusyPlatform : IPlatform
{
    /// <summary>ERROR_SHARING_VIOLATION.</summary>
    private const int SharingViolation = unchecked((int)0x80070020);

    private readonly IPlatform system = SystemPlatform.Create();

    /// <summary>So many renames fail from now on.</summary>
    public int RenamesToFail { get; set; }

    public int Renames { get; private set; }

    public bool HasWindowsNames => system.HasWindowsNames;

    public FileEntry? Stat(string path) => system.Stat(path);

    public void FlushDirectory(string path) => system.FlushDirectory(path);

    public void Rename(string existing, string newPath, bool overwrite)
    {
        Renames++;
        if (RenamesToFail-- > 0)
        {
            throw new IOException("The file is in use.", SharingViolation);
        }

        system.Rename(existing, newPath, overwrite);
    }

    public bool TryExchange(string first, string second) => system.TryExchange(first, second);

    public bool TryCreateHardLink(string existing, string newPath) => system.TryCreateHardLink(existing, newPath);

    public void RestrictToUser(string path) => system.RestrictToUser(path);
}
