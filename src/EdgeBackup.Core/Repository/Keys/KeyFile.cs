using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository;

/// <summary>A key file: one line of text that describes itself and carries a checksum (docs/format.md, Key file).</summary>
public static class KeyFile
{
    private const string Prefix = "edgebackup-key-1:";
    private const int KeySize = 32;
    private const int ChecksumDigits = 8;
    private const int LongestFile = 4096;

    /// <summary>Reads a key file.</summary>
    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: there is no such file, or it is no key file, or it is damaged.</exception>
    public static KeyFileSecret Read(string path, IPlatform platform)
    {
        ArgumentNullException.ThrowIfNull(platform);
        string text;
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LongestFile })
            {
                throw Wrong(path, "it is no key file of EdgeBackup", null);
            }

            text = File.ReadAllText(path, Encoding.UTF8).Trim();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Wrong(path, "there is no such file", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, "it cannot be read", exception);
        }

        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw Wrong(path, "it is no key file of EdgeBackup", null);
        }

        var digits = text[Prefix.Length..];
        if (digits.Length != (2 * KeySize) + 1 + ChecksumDigits
            || digits[2 * KeySize] != ':'
            || !digits.Where((_, index) => index != 2 * KeySize).All(char.IsAsciiHexDigitLower))
        {
            throw Wrong(path, "its text was altered or cut short", null);
        }

        var key = Convert.FromHexString(digits[..(2 * KeySize)]);
        return digits[((2 * KeySize) + 1)..] == Checksum(key)
            ? new KeyFileSecret(key)
            : throw Wrong(path, "its checksum does not fit: the text was altered", null);
    }

    /// <summary>Makes a key file that only the current user can read, with the folders above it.</summary>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable: something stands at the path already, or it cannot be written.</exception>
    public static KeyFileSecret Create(string path, IRandomSource random, IPlatform platform)
    {
        var full = Path.GetFullPath(path);
        var key = new byte[KeySize];
        random.Fill(key);
        var line = $"{Prefix}{Convert.ToHexStringLower(key)}:{Checksum(key)}\n";
        try
        {
            var folder = Path.GetDirectoryName(full)!;
            MakeFolder(folder, platform);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(full, options))
            {
                // Restricted while still empty, so that nobody reads the key in between.
                platform.RestrictToUser(full);
                stream.Write(Encoding.ASCII.GetBytes(line));
                stream.Flush(flushToDisk: true);
            }

            platform.FlushDirectory(folder);
            return new KeyFileSecret(key);
        }
        catch (IOException exception) when (File.Exists(full))
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The key file '{full}' exists already and is never overwritten, since it may open another repository. Name another file, or use this one.",
                full,
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The key file '{full}' cannot be written: {exception.Message} Choose a folder that you may write to.",
                full,
                exception);
        }
    }

    private static void MakeFolder(string folder, IPlatform platform)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (Path.GetDirectoryName(folder) is { } parent)
        {
            MakeFolder(parent, platform);
        }

        Directory.CreateDirectory(folder);
        platform.RestrictToUser(folder);
    }

    private static string Checksum(byte[] key) =>
        Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes("edgebackup key file"), .. key]))[..ChecksumDigits];

    private static EdgeBackupException Wrong(string path, string reason, Exception? cause) => new(
        ErrorIds.RepositoryKeyWrong,
        $"The key file '{path}' cannot be used: {reason}. Bring it back from a copy, or open the repository with its recovery key.",
        path,
        cause);
}
