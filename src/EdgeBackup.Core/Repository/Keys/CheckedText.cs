using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>
/// One-line texts that end with a proof over every byte before it: <c>{...,"checksum":"hex"}</c> and a line feed. A
/// proof over bytes, not over members, needs no canonical JSON.
/// </summary>
internal static class CheckedText
{
    private const int HexLength = 64;

    /// <param name="json">A JSON object with at least one member.</param>
    /// <param name="member">The name of the last member.</param>
    /// <param name="prove">32 bytes over what stands before the last member.</param>
    public static byte[] Append(ReadOnlySpan<byte> json, string member, Func<byte[], byte[]> prove)
    {
        var head = json[..^1].ToArray();
        return [.. head, .. Separator(member), .. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(prove(head))), .. "\"}\n"u8];
    }

    /// <summary>Whether the text ends with the right proof.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> text, string member, Func<byte[], byte[]> prove)
    {
        var separator = Separator(member);
        var headLength = text.Length - separator.Length - HexLength - 3;
        if (headLength <= 0)
        {
            return false;
        }

        var head = text[..headLength].ToArray();
        return text.SequenceEqual(Append([.. head, (byte)'}'], member, prove));
    }

    /// <summary>Builds a JSON object.</summary>
    public static byte[] Build(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Separator(string member) => Encoding.ASCII.GetBytes($",\"{member}\":\"");
}
