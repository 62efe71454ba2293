using System.Buffers;
using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Knows which chunks stand whole in some pack, and stores lost ones anew. A chunk's id proves its bytes, so it does not
/// matter who offers them.
/// </summary>
internal sealed class ChunkMender(RepositoryCore core, bool whatIf) : IRepairSink, IDisposable
{
    private readonly PackWriter writer = new(core, () => { });
    private readonly HashSet<ChunkId> whole = [];
    private readonly HashSet<ChunkId> wanted = [];
    private readonly Dictionary<ChunkId, byte[]> staged = [];

    /// <summary>Hashes of the packs that were written.</summary>
    public List<string> Written { get; } = [];

    public long StagedBytes { get; private set; }

    public bool IsWhole(ChunkId id) => whole.Contains(id);

    /// <summary>Notes the chunks of a pack that is as it was written.</summary>
    public void AddWhole(PackListing pack) => whole.UnionWith(pack.Entries.Select(entry => entry.Id));

    /// <summary>Copies a chunk out of a damaged pack unless it stands whole elsewhere.</summary>
    /// <returns>Whether it was copied.</returns>
    public async Task<bool> SalvageAsync(PackEntry entry, ReadOnlyMemory<byte> stored)
    {
        if (!whole.Add(entry.Id))
        {
            return false;
        }

        if (!whatIf)
        {
            await writer.AppendAsync(entry.Id, entry.RawLength, entry.Codec, stored).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Says what is lost, for the offers that follow.</summary>
    public void Want(IEnumerable<ChunkId> lost)
    {
        wanted.Clear();
        wanted.UnionWith(lost);
    }

    /// <summary>Whether nothing is wanted any more that was not offered.</summary>
    public bool IsSatisfied => wanted.Count == 0;

    public IReadOnlyCollection<ChunkId> Wanted => wanted;

    /// <summary>Keeps the bytes when they are those of a lost chunk.</summary>
    public ChunkId Offer(ReadOnlySpan<byte> plain)
    {
        var id = core.Master.ToChunkId(SHA256.HashData(plain));
        if (wanted.Contains(id) && staged.TryAdd(id, plain.ToArray()))
        {
            StagedBytes += plain.Length;
        }

        return id;
    }

    public async Task<OfferedContent> OfferAsync(Stream content, CancellationToken cancellationToken)
    {
        using var offer = new ContentOffer(core.Chunker, this);
        var buffer = new byte[Chunker.AverageSize];
        for (int read; (read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            offer.Add(buffer.AsSpan(0, read));
        }

        return offer.Complete();
    }

    public async Task OfferListAsync(IAsyncEnumerable<SavedItem> items, CancellationToken cancellationToken)
    {
        using var list = new ContentOffer(core.Chunker, this);
        var line = new ArrayBufferWriter<byte>();
        await foreach (var item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            line.ResetWrittenCount();
            ManifestCodec.Write(line, item);
            list.Add(line.WrittenSpan);
        }

        // The lists of ids above it, as a draft makes them.
        var ids = list.Complete().Chunks;
        var bytes = new byte[ChunkId.Size];
        while (ids.Count > BackupDraft.LongestRoot)
        {
            using var above = new ContentOffer(core.Chunker, this);
            foreach (var id in ids)
            {
                id.Write(bytes);
                above.Add(bytes);
            }

            ids = above.Complete().Chunks;
        }
    }

    public async Task AcceptAsync()
    {
        foreach (var (id, plain) in staged)
        {
            whole.Add(id);
            wanted.Remove(id);
            if (!whatIf)
            {
                var buffer = new byte[ChunkCodec.BufferSize(plain.Length)];
                var written = ChunkCodec.TryCompress(plain, buffer);
                await (written < 0
                    ? writer.AppendAsync(id, plain.Length, ChunkCodec.Raw, plain)
                    : writer.AppendAsync(id, plain.Length, ChunkCodec.Brotli, buffer.AsMemory(0, written))).ConfigureAwait(false);
            }
        }

        Discard();
    }

    public void Discard()
    {
        staged.Clear();
        StagedBytes = 0;
    }

    /// <summary>Makes what was salvaged and accepted durable, packs and index.</summary>
    public async Task FlushAsync()
    {
        var packs = await Task.WhenAll(await writer.TakeWrittenAsync(closeCurrent: true).ConfigureAwait(false)).ConfigureAwait(false);
        if (packs.Length > 0)
        {
            Written.AddRange(packs.Select(pack => pack.Hash));
            await core.Index.PublishAsync(packs, _ => { }).ConfigureAwait(false);
        }
    }

    public void Dispose() => writer.Dispose();
}
