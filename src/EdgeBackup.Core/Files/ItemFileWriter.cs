using System.Buffers;
using System.Security.Cryptography;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Files;

/// <summary>
/// Writes the bytes of one item into a file: under a name of its own until it is whole, proved by length and digest while
/// they pass, with the item's mode and time.
/// </summary>
internal sealed class ItemFileWriter(IPlatform platform, FolderTreeWriterOptions options)
{
    private const int BufferSize = 128 * 1024;

    /// <summary>rw-r--r--, for a backup from a system without modes.</summary>
    private const int DefaultFileMode = 0x1A4;

    /// <param name="item">The item.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="full">Where, in a folder that exists.</param>
    /// <param name="existing">What stands there and is to be replaced; null for nothing.</param>
    /// <param name="cancellationToken">Leaves no half-written file behind.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed: the bytes are not those of the item.</exception>
    public async Task WriteAsync(SavedItem item, Stream content, string full, FileEntry? existing, CancellationToken cancellationToken)
    {
        // What is replaced stays whole until its successor is, and a process that is killed leaves nothing half-made under a name that tells otherwise.
        var isDirect = existing is null && options.IsStage;
        var target = isDirect ? full : Path.Combine(Path.GetDirectoryName(full)!, $".{Guid.NewGuid():N}.edgebackup-part");
        var isDone = false;
        try
        {
            await WriteBytesAsync(item, content, target, cancellationToken).ConfigureAwait(false);
            if (!isDirect)
            {
                if (existing is { ReadOnly: true })
                {
                    File.SetAttributes(full, FileAttributes.Normal);
                }

                File.Move(target, full, options.Overwrite);
            }

            if (item.Item.ReadOnly && platform.HasWindowsNames)
            {
                File.SetAttributes(full, File.GetAttributes(full) | FileAttributes.ReadOnly);
            }

            isDone = true;
        }
        finally
        {
            if (!isDone)
            {
                File.Delete(target);
            }
        }
    }

    private async Task WriteBytesAsync(SavedItem item, Stream content, string target, CancellationToken cancellationToken)
    {
        var streamOptions = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // Nobody else reads what may be secret before its own mode is set.
            streamOptions.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var stream = new FileStream(target, streamOptions);
        await using (stream.ConfigureAwait(false))
        {
            var (length, digest) = await CopyAsync(item, content, stream, cancellationToken).ConfigureAwait(false);
            if (length != item.Item.Length || (digest is not null && digest != item.Digest))
            {
                throw new EdgeBackupException(
                    ErrorIds.RestoreFailed,
                    $"The bytes of '{item.Item.Path}' are not those that were saved ({length} of {item.Item.Length} bytes). Check the backup with Test-EdgeBackup.",
                    item.Item.Path);
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(stream.SafeFileHandle, (UnixFileMode)(item.Item.UnixMode ?? DefaultFileMode));
            }

            if (item.Item.Modified is { } modified)
            {
                File.SetLastWriteTimeUtc(stream.SafeFileHandle, modified.UtcDateTime);
            }

            if (options.IsDurable)
            {
                stream.Flush(flushToDisk: true);
            }
        }
    }

    /// <returns>The length, and the SHA-256 where somebody has to look at it.</returns>
    private async Task<(long Length, string? Digest)> CopyAsync(SavedItem item, Stream content, FileStream stream, CancellationToken cancellationToken)
    {
        using var hash = options.AreStreamsProven || item.Digest is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(item.Item.Length, 1, BufferSize));
        try
        {
            long length = 0;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash?.AppendData(buffer, 0, read);

                // The handle is a synchronous one: an asynchronous write would only block another thread instead of this one.
                stream.Write(buffer, 0, read);
                length += read;
            }

            return (length, hash is null ? null : Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
