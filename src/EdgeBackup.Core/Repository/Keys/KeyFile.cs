using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository;

/// <summary>A key file: one line of text that describes itself and carries a checksum (docs/format.md, Key file).</summary>
public static class KeyFile
{
    /// <summary>Reads a key file.</summary>
    /// <exception cref="Errors.EdgeBackupException">RepositoryKeyWrong: there is no such file, or it is no key file, or it is damaged.</exception>
    public static KeyFileSecret Read(string path, IPlatform platform) => throw new NotImplementedException();

    /// <summary>Makes a key file that only the current user can read, with the folders above it.</summary>
    /// <exception cref="Errors.EdgeBackupException">RepositoryNotWritable: something stands at the path already, or it cannot be written.</exception>
    public static KeyFileSecret Create(string path, IRandomSource random, IPlatform platform) => throw new NotImplementedException();
}
