using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// Sixteen bytes that stand for a name or an item list while a whole repository is gone through: a fleet's records by the
/// hundred thousand, each with a list of ids, would fill the memory as texts.
/// </summary>
internal static class Fingerprint
{
    public static UInt128 Of(string name) => Shorten(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public static UInt128 Of(ManifestRoot root)
    {
        var bytes = new byte[4 + (root.Chunks.Count * ChunkId.Size)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, root.Depth);
        for (var index = 0; index < root.Chunks.Count; index++)
        {
            root.Chunks[index].Write(bytes.AsSpan(4 + (index * ChunkId.Size), ChunkId.Size));
        }

        return Shorten(SHA256.HashData(bytes));
    }

    private static UInt128 Shorten(byte[] hash) => BinaryPrimitives.ReadUInt128LittleEndian(hash);
}
