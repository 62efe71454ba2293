using System.Text;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Splits text into rows of fields after RFC 4180, with any delimiter and any line end.</summary>
internal static class CsvRows
{
    /// <returns>Rows; blank lines are none.</returns>
    /// <exception cref="ValuesUnreadableException">A quotation mark stands where none may, or is never closed.</exception>
    public static IEnumerable<List<string>> Split(string text, char delimiter)
    {
        var row = new List<string>();
        var field = new StringBuilder();
        var number = 1;
        for (var index = 0; index < text.Length;)
        {
            var wasQuoted = text[index] == '"';
            if (wasQuoted)
            {
                index = ReadQuoted(text, index, field, number);
            }

            while (index < text.Length && text[index] != delimiter && text[index] is not ('\r' or '\n'))
            {
                field.Append(wasQuoted || text[index] == '"' ? throw Fault(number) : text[index]);
                index++;
            }

            var isEnd = index == text.Length || text[index] != delimiter;
            if (row.Count > 0 || field.Length > 0 || wasQuoted || !isEnd)
            {
                row.Add(field.ToString());
                field.Clear();
            }

            if (!isEnd)
            {
                index++;
                if (index < text.Length)
                {
                    continue;
                }

                // A delimiter at the very end of the text begins one more field.
                row.Add("");
            }
            else if (index < text.Length)
            {
                index += text[index] == '\r' && index + 1 < text.Length && text[index + 1] == '\n' ? 2 : 1;
            }

            if (row.Count > 0)
            {
                yield return row;
                row = [];
            }

            number++;
        }
    }

    /// <returns>The position behind the closing mark.</returns>
    private static int ReadQuoted(string text, int index, StringBuilder field, int number)
    {
        for (index++; index < text.Length; index++)
        {
            if (text[index] != '"')
            {
                field.Append(text[index]);
            }
            else if (index + 1 < text.Length && text[index + 1] == '"')
            {
                field.Append('"');
                index++;
            }
            else
            {
                return index + 1;
            }
        }

        throw Fault(number);
    }

    private static ValuesUnreadableException Fault(int number) => new($"it is no table of rows and columns (row {number})");
}
