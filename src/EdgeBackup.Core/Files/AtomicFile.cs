using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Files;

/// <summary>Writes small files of which readers see the old state or the new one, never half of one.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file in a folder that exists; durable on return.</summary>
    /// <param name="path">Absolute; what is there is replaced.</param>
    /// <param name="content">All of it.</param>
    /// <param name="platform">The system below.</param>
    /// <param name="readableByAll">Others may read it (0644); otherwise this user alone.</param>
    /// <exception cref="IOException">It cannot be written; what was there is there.</exception>
    /// <exception cref="UnauthorizedAccessException">As for IOException.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, IPlatform platform, bool readableByAll)
    {
        var folder = Path.GetDirectoryName(path)!;

        // A name that nobody who looks for the file's extension takes for it.
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                if (!readableByAll)
                {
                    platform.RestrictToUser(temporary);
                }
                else if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(stream.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
                }

                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            SharingRetry.Run(() => platform.Rename(temporary, path, overwrite: true));
            platform.FlushDirectory(folder);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
