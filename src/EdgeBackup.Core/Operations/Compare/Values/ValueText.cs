using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Values as they are shown: on one line, shortened, and without control characters, which a device could send to play
/// with somebody's terminal.
/// </summary>
internal static class ValueText
{
    private const char Ellipsis = '…';

    /// <summary>A pair of values that differ, so that it can be seen by what: of long ones the part in which they begin to differ.</summary>
    public static (string Reference, string Difference) Show(ValueNode reference, ValueNode difference, int length)
    {
        if (reference is not ScalarNode first || difference is not ScalarNode second)
        {
            return (Show(reference, length, quote: true), Show(difference, length, quote: true));
        }

        // 1 and "1" differ, and look the same without quotation marks.
        var quote = first.IsText != second.IsText;
        var (before, after) = (first.MarkedText, second.MarkedText);
        var start = 0;
        if (before.Length > length || after.Length > length)
        {
            var same = before.AsSpan().CommonPrefixLength(after);
            start = same > length / 2 ? same - (length / 10) : 0;
            start -= start > 0 && char.IsLowSurrogate(before[start]) ? 1 : 0;
        }

        return (Show(first, start, quote, length), Show(second, start, quote, length));
    }

    public static string Show(ValueNode value, int length) => Show(value, length, quote: false);

    public static string ShowName(string name, int length)
    {
        var text = new StringBuilder();
        Append(text, name, quote: false, length);
        return text.ToString();
    }

    private static string Show(ValueNode value, int length, bool quote)
    {
        if (value is ScalarNode scalar)
        {
            return Show(scalar, 0, quote, length);
        }

        var text = new StringBuilder();
        Append(text, value, length);
        return text.Length <= length ? text.ToString() : text.ToString(0, length - 1) + Ellipsis;
    }

    private static string Show(ScalarNode scalar, int start, bool quote, int length)
    {
        var text = new StringBuilder();
        if (start > 0)
        {
            text.Append(Ellipsis);
        }

        Append(text, scalar.MarkedText.AsSpan(start), quote && scalar.IsText, length);
        return text.ToString();
    }

    private static void Append(StringBuilder text, ValueNode value, int length)
    {
        switch (value)
        {
            case ScalarNode scalar:
                Append(text, scalar.MarkedText, scalar.IsText, text.Length + length);
                break;
            case ListNode list:
                AppendMark(text, list, length);
                text.Append('[');
                AppendAll(text, list.Items.Select(item => ((string?)null, item)), length);
                text.Append(']');
                break;
            case MapNode map:
                AppendMark(text, map, length);
                text.Append('{');
                AppendAll(text, map.Names.SelectMany(name => map[name].Select(item => ((string?)name, item))), length);
                text.Append('}');
                break;
        }
    }

    private static void AppendMark(StringBuilder text, ValueNode value, int length)
    {
        if (value.Mark.Length > 0)
        {
            Append(text, value.Mark + " ", quote: false, text.Length + length);
        }
    }

    private static void AppendAll(StringBuilder text, IEnumerable<(string? Name, ValueNode Value)> values, int length)
    {
        var isFirst = true;
        foreach (var (name, value) in values.Where(pair => pair.Value is not LeftOutNode))
        {
            if (text.Length > length)
            {
                return;
            }

            text.Append(isFirst ? "" : ",");
            isFirst = false;
            if (name is not null)
            {
                Append(text, name, quote: true, text.Length + length);
                text.Append(':');
            }

            Append(text, value, length);
        }
    }

    /// <summary>Appends until the text is as long as it may be.</summary>
    private static void Append(StringBuilder text, ReadOnlySpan<char> value, bool quote, int length)
    {
        text.Append(quote ? "\"" : "");
        for (var index = 0; index < value.Length; index++)
        {
            var mark = text.Length;
            Append(text, value[index], quote);
            if (text.Length > length - 1 && (index + 1 < value.Length || text.Length > length))
            {
                text.Length = mark > 0 && char.IsHighSurrogate(text[mark - 1]) ? mark - 1 : mark;
                text.Append(Ellipsis);
                return;
            }
        }

        text.Append(quote ? "\"" : "");
    }

    private static void Append(StringBuilder text, char character, bool quote)
    {
        switch (character)
        {
            case '"' when quote:
                text.Append("\\\"");
                break;
            case '\n':
                text.Append("\\n");
                break;
            case '\r':
                text.Append("\\r");
                break;
            case '\t':
                text.Append("\\t");
                break;
            default:
                // Format: marks that turn the direction of writing, or that nobody sees.
                if (char.IsControl(character) || char.GetUnicodeCategory(character) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
                }
                else
                {
                    text.Append(character);
                }

                break;
        }
    }
}
