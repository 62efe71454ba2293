using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>What a repair has done so far.</summary>
internal sealed class RepairJournal
{
    private readonly List<MendedObject> mended = [];
    private readonly Dictionary<ChunkId, string> lostIn = [];

    public IReadOnlyList<MendedObject> Mended => mended;

    /// <summary>Sentences.</summary>
    public List<string> Left { get; } = [];

    public void AddMended(string name, RepairMethod method) => mended.Add(new MendedObject(name, method, null, null, null));

    public void AddMended(LostContent item, RepairMethod method) => mended.Add(new MendedObject(WhereLost(item.Lost[0]), method, item.Device, item.Backup, item.Path));

    /// <summary>Notes which chunks a damaged pack takes with it.</summary>
    public void AddLost(string name, IEnumerable<PackEntry> entries, ChunkMender chunks)
    {
        foreach (var entry in entries.Where(entry => !chunks.IsWhole(entry.Id)))
        {
            lostIn.TryAdd(entry.Id, name);
        }
    }

    /// <summary>The object to blame for a lost chunk.</summary>
    public string WhereLost(ChunkId id) => lostIn.TryGetValue(id, out var name) ? name : $"chunk {id}";
}

/// <summary>An item, or the item list, of a backup that lacks chunks.</summary>
/// <param name="Device">Whose backup.</param>
/// <param name="Backup">Its id.</param>
/// <param name="Content">What it covers.</param>
/// <param name="Path">The item; null for the item list.</param>
/// <param name="Digest">Of the item; null for the item list.</param>
/// <param name="Lost">The chunks, at least one.</param>
internal sealed record LostContent(string Device, string Backup, BackupContent Content, string? Path, string? Digest, IReadOnlyList<ChunkId> Lost);
