using System.Buffers;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chunks;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>The bytes of a saved item, forward only and asynchronous; the end proves length and SHA-256.</summary>
internal sealed class ItemStream(RepositoryCore core, BackupRecord record, SavedItem item) : ForwardReadStream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] buffer = [];
    private int next;
    private int start;
    private int end;
    private bool proved;

    public override long Length => item.Item.Length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
        {
            return 0;
        }

        try
        {
            while (start == end)
            {
                if (next == item.Chunks.Count)
                {
                    Prove();
                    return 0;
                }

                await ReadChunkAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToBackupError(record.Device, record.Id, item.Item.Path);
        }

        var count = Math.Min(buffer.Length, end - start);
        this.buffer.AsMemory(start, count).CopyTo(buffer);
        start += count;
        Passed += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            hash.Dispose();
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = [];
                start = end = 0;
            }
        }

        base.Dispose(disposing);
    }

    private async ValueTask ReadChunkAsync(CancellationToken cancellationToken)
    {
        if (buffer.Length == 0)
        {
            buffer = ArrayPool<byte>.Shared.Rent(Chunker.MaximumSize);
        }

        end = await core.Chunks.ReadAsync(item.Chunks[next], buffer, cancellationToken).ConfigureAwait(false);
        start = 0;
        next++;
        hash.AppendData(buffer.AsSpan(0, end));
    }

    private void Prove()
    {
        if (proved || item.Digest is null)
        {
            return;
        }

        proved = true;
        var found = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (Passed != item.Item.Length || found != item.Digest)
        {
            throw new ObjectDamagedException(
                "manifest", $"its chunks give {Passed} bytes with the SHA-256 {found} instead of {item.Item.Length} bytes with {item.Digest}");
        }
    }
}
