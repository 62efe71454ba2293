using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Which packs go, which are written anew without what nobody needs, and which stay as they are.</summary>
internal sealed class ReclaimPlan
{
    private ReclaimPlan()
    {
    }

    /// <summary>Nothing in them is needed that is not elsewhere.</summary>
    public List<PackListing> Dead { get; } = [];

    /// <summary>More than a third of them is waste; with the chunks that are needed from them.</summary>
    public List<(PackListing Pack, List<PackEntry> Needed)> Rewrite { get; } = [];

    public List<PackListing> Keep { get; } = [];

    /// <summary>Bytes that would be free.</summary>
    public long BytesToFree => Dead.Sum(pack => (long)pack.Length) + Rewrite.Sum(pack => pack.Pack.Length - pack.Needed.Sum(entry => (long)entry.StoredLength));

    public static ReclaimPlan Make(IEnumerable<PackListing> packs, Func<ChunkId, bool> isNeeded)
    {
        var plan = new ReclaimPlan();
        var claimed = new HashSet<ChunkId>();

        // The fullest packs come first, so that a chunk that is in two stays where it is in the best company.
        foreach (var pack in packs.OrderByDescending(pack => Measure(pack.Entries.Where(entry => isNeeded(entry.Id))) / (double)pack.Length).ThenBy(pack => pack.Hash, StringComparer.Ordinal))
        {
            var needed = pack.Entries.Where(entry => isNeeded(entry.Id) && claimed.Add(entry.Id)).ToList();
            if (needed.Count == 0)
            {
                plan.Dead.Add(pack);
            }
            else if (Measure(pack.Entries) - Measure(needed) > pack.Length / 3)
            {
                plan.Rewrite.Add((pack, needed));
            }
            else
            {
                plan.Keep.Add(pack);
            }
        }

        return plan;
    }

    private static long Measure(IEnumerable<PackEntry> entries) => entries.Sum(entry => (long)entry.StoredLength);
}
