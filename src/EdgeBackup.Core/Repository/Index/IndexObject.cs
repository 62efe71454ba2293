using System.Buffers.Binary;
using System.Security.Cryptography;
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

    /// <summary>How many chunks an object of a length tells of, or a few more: what to make room for.</summary>
    public static long EstimateEntries(long length) => length / PackFormat.EntrySize;

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
    public static List<PackListing> Open(Sealer sealer, string name, byte[] content) =>
        OpenInPlace(sealer, name, content).ConvertAll(pack => new PackListing(pack.Hash, pack.Length, PackFormat.ReadEntries(name, pack.Entries.Span, pack.Length)));

    /// <summary>Opens an index object where it stands: a million chunks pass through without an object for any of them.</summary>
    /// <param name="sealer">Opens it.</param>
    /// <param name="name">Its name.</param>
    /// <param name="content">Its bytes; overwritten, and part of what is returned.</param>
    /// <returns>The packs; their entries have been checked.</returns>
    /// <exception cref="ObjectDamagedException">The object is not what was written under this name.</exception>
    public static List<IndexedPack> OpenInPlace(Sealer sealer, string name, Memory<byte> content)
    {
        if (name != Folder + Convert.ToHexStringLower(SHA256.HashData(content.Span)))
        {
            throw new ObjectDamagedException(name, "its bytes are not those that it was named for");
        }

        ReadOnlyMemory<byte> body = sealer.OpenInPlace(name, Bound, content);
        try
        {
            var packs = new List<IndexedPack>();
            var count = BinaryPrimitives.ReadInt32LittleEndian(body.Span);
            var position = 4;
            for (var index = 0; index < count; index++)
            {
                var header = body.Span.Slice(position, PackHeader);
                var length = BinaryPrimitives.ReadInt32LittleEndian(header[32..]);
                var entries = body.Slice(position + PackHeader, BinaryPrimitives.ReadInt32LittleEndian(header[36..]) * PackFormat.EntrySize);
                PackFormat.CheckEntries(name, entries.Span, length);
                packs.Add(new IndexedPack(Convert.ToHexStringLower(header[..32]), length, entries));
                position += PackHeader + entries.Length;
            }

            return packs;
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new ObjectDamagedException(name, "its list of packs does not fit its length", exception);
        }
    }
}
