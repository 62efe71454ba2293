using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Copies what is needed out of packs that are about to go, as it is stored, into new packs with an index object.</summary>
internal sealed class ChunkRescue(RepositoryCore core)
{
    private readonly Dictionary<ChunkId, List<(string Pack, PackEntry Entry)>> places = [];
    private readonly List<ChunkId> order = [];

    /// <summary>Packs that chunks were copied from.</summary>
    public HashSet<string> Rescued { get; } = [];

    /// <summary>Packs that have to stay, since a chunk could not be copied from any of them; with the reason.</summary>
    public Dictionary<string, string> Failed { get; } = [];

    /// <summary>The new packs.</summary>
    public List<string> Written { get; } = [];

    /// <summary>Bytes of the new objects.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Notes the chunks of a pack that are in no pack that stays.</summary>
    public void Add(PackListing pack, Func<ChunkId, bool> isMissed)
    {
        foreach (var entry in pack.Entries.Where(entry => isMissed(entry.Id)))
        {
            if (!places.TryGetValue(entry.Id, out var found))
            {
                places.Add(entry.Id, found = []);
                order.Add(entry.Id);
            }

            found.Add((pack.Hash, entry));
        }
    }

    /// <summary>Copies; what was copied is durable and indexed on return.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var writer = new PackWriter(core, () => { });
        foreach (var id in order)
        {
            await CopyAsync(id, writer, cancellationToken).ConfigureAwait(false);
        }

        var written = await Task.WhenAll(await writer.TakeWrittenAsync(closeCurrent: true).ConfigureAwait(false)).ConfigureAwait(false);
        if (written.Length > 0)
        {
            Written.AddRange(written.Select(pack => pack.Hash));
            BytesWritten += written.Sum(pack => (long)pack.Length);
            BytesWritten += await core.Index.PublishAsync(written, _ => { }).ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(ChunkId id, PackWriter writer, CancellationToken cancellationToken)
    {
        var reasons = new Dictionary<string, string>();
        foreach (var (pack, entry) in places[id])
        {
            try
            {
                var stored = await core.Chunks.ReadStoredAsync(pack, entry, cancellationToken).ConfigureAwait(false);
                await writer.AppendAsync(entry.Id, entry.RawLength, entry.Codec, stored).ConfigureAwait(false);
                Rescued.Add(pack);
                return;
            }
            catch (Exception exception) when (ObjectDamagedException.From(exception) is { } damage)
            {
                reasons[pack] = damage.Reason;
            }
        }

        foreach (var (pack, reason) in reasons)
        {
            Failed.TryAdd(pack, reason);
        }
    }
}
