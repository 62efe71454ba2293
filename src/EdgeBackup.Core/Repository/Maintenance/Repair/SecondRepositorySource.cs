using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chunks;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Looks for lost chunks in another repository: by their ids in a copy of this one, whose keys are the same; by the
/// digests of the items they belong to in one with keys of its own.
/// </summary>
internal sealed class SecondRepositorySource(RepositoryCore core, EdgeRepository other, RepositoryCore otherCore)
{
    /// <param name="lost">What is wanted.</param>
    /// <param name="chunks">Takes it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task OfferAsync(IReadOnlyList<LostContent> lost, ChunkMender chunks, CancellationToken cancellationToken)
    {
        if (other.Id == core.Header.Id)
        {
            await OfferChunksAsync(chunks, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await OfferItemsAsync(lost, chunks, cancellationToken).ConfigureAwait(false);
        }

        await chunks.AcceptAsync().ConfigureAwait(false);
    }

    private async Task OfferChunksAsync(ChunkMender chunks, CancellationToken cancellationToken)
    {
        var buffer = new byte[Chunker.MaximumSize];
        foreach (var id in chunks.Wanted.ToList())
        {
            try
            {
                var length = await otherCore.Chunks.ReadAsync(id, buffer, cancellationToken).ConfigureAwait(false);
                chunks.Offer(buffer.AsSpan(0, length));
                await AcceptSomeAsync(chunks).ConfigureAwait(false);
            }
            catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
            {
                // Not there either; the repair's end names what is gone.
            }
        }
    }

    private async Task OfferItemsAsync(IReadOnlyList<LostContent> lost, ChunkMender chunks, CancellationToken cancellationToken)
    {
        var digests = lost.Where(item => item.Digest is not null).Select(item => item.Digest!).ToHashSet();
        var devices = lost.Select(item => item.Device).ToHashSet();
        var lists = new HashSet<UInt128>();
        foreach (var device in devices.Append(null))
        {
            // Anybody's item with the same bytes will do, but the device's own are the likeliest.
            await foreach (var name in other.ListBackupsAsync(device, cancellationToken).ConfigureAwait(false))
            {
                if (digests.Count == 0 || chunks.IsSatisfied)
                {
                    return;
                }

                try
                {
                    var record = await other.ReadBackupAsync(name, cancellationToken).ConfigureAwait(false);
                    if (lists.Add(Fingerprint.Of(record.Manifest)))
                    {
                        await OfferAsync(record, digests, chunks, cancellationToken).ConfigureAwait(false);
                    }
                }
                catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception) || exception is EdgeBackupException { ErrorId: ErrorIds.BackupDamaged })
                {
                    // Another backup may hold the same.
                }
            }
        }
    }

    private async Task OfferAsync(BackupRecord record, HashSet<string> digests, ChunkMender chunks, CancellationToken cancellationToken)
    {
        await foreach (var item in other.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            if (item.Digest is null || !digests.Contains(item.Digest))
            {
                continue;
            }

            var stream = other.OpenItem(record, item);
            await using (stream.ConfigureAwait(false))
            {
                await chunks.OfferAsync(stream, cancellationToken).ConfigureAwait(false);
            }

            digests.Remove(item.Digest);
            await AcceptSomeAsync(chunks).ConfigureAwait(false);
        }
    }

    /// <summary>Bounds the memory.</summary>
    private static Task AcceptSomeAsync(ChunkMender chunks) => chunks.StagedBytes > 32 << 20 ? chunks.AcceptAsync() : Task.CompletedTask;
}
