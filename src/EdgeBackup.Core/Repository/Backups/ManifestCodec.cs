using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Keys;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>An item as one line of JSON in a manifest (docs/format.md, Manifests). Members at their usual value are left out.</summary>
internal static class ManifestCodec
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static void Write(ArrayBufferWriter<byte> output, SavedItem saved)
    {
        var item = saved.Item;
        using (var json = new Utf8JsonWriter(output, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("p"u8, item.Path);
            if (item.Type != ItemType.File)
            {
                json.WriteString("t"u8, item.Type == ItemType.Directory ? "d"u8 : "l"u8);
            }

            if (item.Length != 0)
            {
                json.WriteNumber("l"u8, item.Length);
            }

            if (item.Modified is { } modified)
            {
                json.WriteNumber("m"u8, modified.UtcTicks - DateTimeOffset.UnixEpoch.Ticks);
            }

            if (item.Kind != ItemKind.Configuration)
            {
                json.WriteString("k"u8, item.Kind == ItemKind.History ? "h"u8 : "i"u8);
            }

            if (item.Retain != RetainLevel.Cold)
            {
                json.WriteString("r"u8, item.Retain == RetainLevel.Warm ? "w"u8 : "n"u8);
            }

            if (item.UnixMode is { } mode)
            {
                json.WriteNumber("u"u8, mode);
            }

            if (item.ReadOnly)
            {
                json.WriteBoolean("o"u8, value: true);
            }

            if (item.LinkTarget is { } target)
            {
                json.WriteString("x"u8, target);
            }

            if (item.Stamp is { } stamp)
            {
                json.WriteString("s"u8, stamp);
            }

            if (item.IsContainer)
            {
                json.WriteBoolean("c"u8, value: true);
            }

            WriteContent(json, saved);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <exception cref="FormatException">The line is no item.</exception>
    public static SavedItem Read(ReadOnlySpan<byte> line, MasterKey master)
    {
        try
        {
            return ReadLine(line, master);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException("A line of the item list is not what was written.", exception);
        }
    }

    private static void WriteContent(Utf8JsonWriter json, SavedItem saved)
    {
        if (saved.Digest is not { } digest)
        {
            return;
        }

        json.WriteBase64String("d"u8, Convert.FromHexString(digest));

        // The id of an only chunk follows from the digest.
        if (saved.Chunks.Count > 1)
        {
            var ids = new byte[saved.Chunks.Count * ChunkId.Size];
            for (var index = 0; index < saved.Chunks.Count; index++)
            {
                saved.Chunks[index].Write(ids.AsSpan(index * ChunkId.Size, ChunkId.Size));
            }

            json.WriteBase64String("b"u8, ids);
        }
    }

    private static SavedItem ReadLine(ReadOnlySpan<byte> line, MasterKey master)
    {
        string? path = null, linkTarget = null, stamp = null;
        var type = ItemType.File;
        var kind = ItemKind.Configuration;
        var retain = RetainLevel.Cold;
        long length = 0;
        DateTimeOffset? modified = null;
        int? mode = null;
        var readOnly = false;
        var container = false;
        byte[]? digest = null, ids = null;
        var json = new Utf8JsonReader(line);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.ValueSpan.Length == 1 ? (char)json.ValueSpan[0] : '?';
            json.Read();
            switch (name)
            {
                case 'p': path = json.GetString(); break;
                case 't': type = json.ValueTextEquals("d"u8) ? ItemType.Directory : ItemType.SymbolicLink; break;
                case 'l': length = json.GetInt64(); break;
                case 'm': modified = DateTimeOffset.UnixEpoch.AddTicks(json.GetInt64()); break;
                case 'k': kind = json.ValueTextEquals("h"u8) ? ItemKind.History : ItemKind.Identity; break;
                case 'r': retain = json.ValueTextEquals("w"u8) ? RetainLevel.Warm : RetainLevel.None; break;
                case 'u': mode = json.GetInt32(); break;
                case 'o': readOnly = json.GetBoolean(); break;
                case 'x': linkTarget = json.GetString(); break;
                case 's': stamp = json.GetString(); break;
                case 'c': container = json.GetBoolean(); break;
                case 'd': digest = json.GetBytesFromBase64(); break;
                case 'b': ids = json.GetBytesFromBase64(); break;
                default: json.Skip(); break;
            }
        }

        return new SavedItem
        {
            Item = new Item
            {
                Path = path ?? throw new FormatException("A line of the item list has no path."),
                Type = type,
                Length = length,
                Modified = modified,
                Kind = kind,
                Retain = retain,
                UnixMode = mode,
                ReadOnly = readOnly,
                LinkTarget = linkTarget,
                Stamp = stamp,
                IsContainer = container,
            },
            Digest = digest is null ? null : Convert.ToHexStringLower(digest),
            Chunks = ids is not null ? ReadIds(ids)
                : digest is not null && length > 0 ? [master.ToChunkId(digest)]
                : [],
        };
    }

    public static ChunkId[] ReadIds(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % ChunkId.Size != 0)
        {
            throw new FormatException("A list of chunk ids is cut short.");
        }

        var ids = new ChunkId[bytes.Length / ChunkId.Size];
        for (var index = 0; index < ids.Length; index++)
        {
            ids[index] = ChunkId.Read(bytes.Slice(index * ChunkId.Size, ChunkId.Size));
        }

        return ids;
    }
}
