using System.Security.Cryptography;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// The files of a restore on this machine, in one file that only this user can read and that goes with its handle: a
/// BACnet device has nowhere to put them before its restore begins, and everything is to be there and proven by then.
/// </summary>
internal sealed class RestoreSpool : IDisposable
{
    private readonly FileStream file;
    private long end;

    private RestoreSpool(FileStream file) => this.file = file;

    /// <summary>Makes an empty spool.</summary>
    /// <exception cref="IOException">The folder for temporary files takes none.</exception>
    public static RestoreSpool Create(IPlatform platform, IRandomSource random)
    {
        Span<byte> name = stackalloc byte[16];
        random.Fill(name);
        var path = Path.Combine(Path.GetTempPath(), $"edgebackup-restore-{Convert.ToHexStringLower(name)}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read | FileShare.Delete,
            BufferSize = 0,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path, options);
        try
        {
            platform.RestrictToUser(path);
            if (!OperatingSystem.IsWindows())
            {
                // Without a name, nothing stays behind even when the process is killed; Windows sees to that itself.
                File.Delete(path);
            }

            return new RestoreSpool(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes a file's bytes.</summary>
    /// <param name="content">Read to its end.</param>
    /// <param name="length">What it should have.</param>
    /// <param name="digest">SHA-256, 64 lower-case hex digits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RestoreContentMismatchException">It holds other bytes.</exception>
    public async Task<SpooledFile> AddAsync(Stream content, long length, string digest, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        var start = end;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (end - start + read > length)
            {
                throw new RestoreContentMismatchException($"the bytes to restore are more than the {length} of the backup's list");
            }

            hash.AppendData(buffer, 0, read);
            await RandomAccess.WriteAsync(file.SafeFileHandle, buffer.AsMemory(0, read), end, cancellationToken).ConfigureAwait(false);
            end += read;
        }

        return end - start != length ? throw new RestoreContentMismatchException($"the bytes to restore are {end - start} instead of the {length} of the backup's list")
            : Convert.ToHexStringLower(hash.GetHashAndReset()) != digest ? throw new RestoreContentMismatchException("the bytes to restore do not have the digest of the backup's list")
            : new SpooledFile(this, start, length);
    }

    /// <summary>Fills a buffer from a position of the spool.</summary>
    /// <exception cref="IOException">It is shorter than it was.</exception>
    public async Task ReadAsync(long position, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var read = await RandomAccess.ReadAsync(file.SafeFileHandle, buffer, position, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new IOException("The spooled files of the restore became shorter.");
            }

            buffer = buffer[read..];
            position += read;
        }
    }

    public void Dispose() => file.Dispose();
}

/// <summary>One file's bytes in a spool.</summary>
/// <param name="Spool">Where they are.</param>
/// <param name="Start">Their first position.</param>
/// <param name="Length">How many.</param>
internal sealed record SpooledFile(RestoreSpool Spool, long Start, long Length)
{
    /// <summary>Fills a buffer from a position within the file.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The file ends before.</exception>
    public Task ReadAsync(long position, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buffer.Length, Length - position);
        return Spool.ReadAsync(Start + position, buffer, cancellationToken);
    }
}

/// <summary>What was to be restored is not what the backup's list says; the device is not to blame.</summary>
internal sealed class RestoreContentMismatchException(string message) : Exception(message);
