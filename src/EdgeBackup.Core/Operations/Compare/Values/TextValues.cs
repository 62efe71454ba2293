using System.Text;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Reads any text as its lines, and tells text from other bytes.</summary>
internal static class TextValues
{
    /// <summary>What a line is called in a place.</summary>
    public const string LineName = "line";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text that bytes are: UTF-8; UTF-16 with its mark; else, where nothing speaks against it, Latin 1.</summary>
    /// <returns>Null for what is no text.</returns>
    public static string? Decode(ReadOnlySpan<byte> bytes)
    {
        switch (bytes)
        {
            case [0xEF, 0xBB, 0xBF, ..]:
                bytes = bytes[3..];
                break;
            case [0xFF, 0xFE, ..] when bytes.Length % 2 == 0:
                return Encoding.Unicode.GetString(bytes[2..]);
            case [0xFE, 0xFF, ..] when bytes.Length % 2 == 0:
                return Encoding.BigEndianUnicode.GetString(bytes[2..]);
        }

        foreach (var value in bytes)
        {
            // Tab, line ends, form feed and escape occur in texts.
            if (value < 0x20 && value is not (9 or 10 or 12 or 13 or 27))
            {
                return null;
            }
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    /// <exception cref="ValuesUnreadableException">It has too many lines.</exception>
    public static ValueNode Read(string text, ValueBudget budget)
    {
        var root = new MapNode();
        foreach (var line in Lines(text))
        {
            budget.Count();
            root.Add(LineName, new ScalarNode(line));
        }

        return root;
    }

    /// <summary>Lines, however they end; what comes behind the last end is a line only where it is something.</summary>
    public static IEnumerable<string> Lines(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = text.AsSpan(start).IndexOfAny('\r', '\n');
            if (end < 0)
            {
                yield return text[start..];
                yield break;
            }

            end += start;
            yield return text[start..end];
            start = end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
        }
    }
}
