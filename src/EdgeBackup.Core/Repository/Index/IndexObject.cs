using System.Buffers.Binary;
using System.Security.Cryptography;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Index;

/// <summary>The byte layout of index objects (docs/format.md, Index objects).</summary>
internal static class IndexObject
{
    public const string Folder = "index/";

    /// <summary>Above so many chunks a merged index is split into several objects.</summary>
    public const int TargetEntries = 200_000;

    /// <summary>Named by a hash of their bytes, so the name cannot be part of what is sealed.</summary>
    private const string Bound = "index";
    private const int PackHeader = 32 + 4 + 4;

    public static (string Name, byte[] Content) Seal(Sealer sealer, IReadOnlyList<PackListing> packs)
    {
        var body = new byte[4 + packs.Sum(pack => PackHeader + (pack.Entries.Count * PackFormat.EntrySize))];
        BinaryPrimitives.WriteInt32LittleEndian(body, packs.Count);
        var position = 4;
        foreach (var pack in packs)
        {
            Convert.FromHexString(pack.Hash).CopyTo(body, position);
            BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(position + 32), pack.Length);
            BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(position + 36), pack.Entries.Count);
            position += PackHeader;
            foreach (var entry in pack.Entries)
            {
                PackFormat.WriteEntry(body.AsSpan(position), entry);
                position += PackFormat.EntrySize;
            }
        }

        // Ids are random bytes: compressing would only cost.
        var content = sealer.Seal(Bound, body, compress: false);
        return (Folder + Convert.ToHexStringLower(SHA256.HashData(content)), content);
    }

    /// <summary>Writes as many index objects as the packs need, durably.</summary>
    /// <returns>Their names, with their lengths in bytes.</returns>
    public static async Task<Dictionary<string, int>> PutAsync(RepositoryCore core, IEnumerable<PackListing> packs, CancellationToken cancellationToken)
    {
        var written = new Dictionary<string, int>();
        var group = new List<PackListing>();
        foreach (var pack in packs.Append(null))
        {
            if (pack is null ? group.Count > 0 : group.Sum(member => member.Entries.Count) >= TargetEntries)
            {
                var (name, content) = Seal(core.Sealer, group);
                await core.Store.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
                written[name] = content.Length;
                group.Clear();
            }

            if (pack is not null)
            {
                group.Add(pack);
            }
        }

        return written;
    }

    /// <exception cref="ObjectDamagedException">The object is not what was written under this name.</exception>
    public static List<PackListing> Open(Sealer sealer, string name, byte[] content)
    {
        if (name != Folder + Convert.ToHexStringLower(SHA256.HashData(content)))
        {
            throw new ObjectDamagedException(name, "its bytes are not those that it was named for");
        }

        var body = sealer.Open(name, Bound, content).AsSpan();
        try
        {
            var packs = new List<PackListing>();
            var count = BinaryPrimitives.ReadInt32LittleEndian(body);
            var position = 4;
            for (var index = 0; index < count; index++)
            {
                var hash = Convert.ToHexStringLower(body.Slice(position, 32));
                var length = BinaryPrimitives.ReadInt32LittleEndian(body[(position + 32)..]);
                var entries = BinaryPrimitives.ReadInt32LittleEndian(body[(position + 36)..]) * PackFormat.EntrySize;
                position += PackHeader;
                packs.Add(new PackListing(hash, length, PackFormat.ReadEntries(name, body.Slice(position, entries), length)));
                position += entries;
            }

            return packs;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new ObjectDamagedException(name, "its list of packs does not fit its length", exception);
        }
    }
}
