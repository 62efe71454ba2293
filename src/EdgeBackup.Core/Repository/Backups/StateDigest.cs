using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>Computes <see cref="BackupRecord.StateDigest"/> (docs/format.md, State digest).</summary>
internal sealed class StateDigest : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Add(SavedItem saved)
    {
        var item = saved.Item;
        Append(item.Path);
        Append(item.Type switch { ItemType.File => "f", ItemType.Directory => "d", _ => "l" });
        Append(item.Kind switch { ItemKind.Configuration => "c", ItemKind.History => "h", _ => "i" });
        Append(item.Retain switch { RetainLevel.Cold => "c", RetainLevel.Warm => "w", _ => "n" });
        Append(item.UnixMode?.ToString(CultureInfo.InvariantCulture) ?? "");
        Append(item.LinkTarget ?? "");
        Append(saved.Digest ?? "");
    }

    public string Complete() => Convert.ToHexStringLower(hash.GetHashAndReset());

    public void Dispose() => hash.Dispose();

    /// <summary>Length first, so that no two lists of fields run together into the same bytes.</summary>
    private void Append(string field)
    {
        var bytes = Encoding.UTF8.GetBytes(field);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
