using System.Globalization;
using CsvHelper;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Reads tables of text: rows of columns, which have the names of the first row where it can be one of names.</summary>
internal static class CsvValues
{
    /// <summary>What a row is called in a place.</summary>
    public const string RowName = "row";

    private const string ColumnsName = "columns";

    private static readonly char[] Delimiters = [',', ';', '\t', '|'];

    /// <exception cref="ValuesUnreadableException">It is no such table, or too much.</exception>
    public static ValueNode Read(string text, ValueBudget budget)
    {
        // What stands beside quotation marks is an error: text that is made fit could hide a difference.
        var options = new CsvReaderOptions { Separator = FindDelimiter(text), HasHeader = false, MalformedData = CsvMalformedDataHandling.Throw };
        using var reader = CsvReader.FromText(text, options);
        try
        {
            return Read(reader, budget);
        }
        catch (CsvFormatException exception)
        {
            throw new ValuesUnreadableException($"it is no table of rows and columns (row {exception.RecordNumber})");
        }
    }

    private static MapNode Read(CsvReader reader, ValueBudget budget)
    {
        var root = new MapNode();
        List<string>? names = null;
        while (reader.Read())
        {
            budget.Count();
            var fields = Enumerable.Range(0, reader.FieldCount).Select(reader.GetString).ToList();
            if (names is null && IsHeader(fields))
            {
                names = fields;
                continue;
            }

            names ??= [];
            root.Add(RowName, ToRow(names, fields, budget));
        }

        // The columns themselves may have changed where there is no row.
        if (names is { Count: > 0 })
        {
            var columns = new ListNode();
            columns.Items.AddRange(names.Select(name => new ScalarNode(name)));
            root.Add(ColumnsName, columns);
        }

        return root;
    }

    private static MapNode ToRow(List<string> names, List<string> fields, ValueBudget budget)
    {
        var row = new MapNode();
        for (var index = 0; index < fields.Count; index++)
        {
            budget.Count();
            row.Add(index < names.Count ? names[index] : (index + 1).ToString(CultureInfo.InvariantCulture), new ScalarNode(fields[index]));
        }

        return row;
    }

    /// <summary>Names are there, are different, and are no numbers.</summary>
    private static bool IsHeader(List<string> fields) =>
        fields.Distinct(StringComparer.Ordinal).Count() == fields.Count
        && fields.TrueForAll(field => field.Length > 0 && !double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out _));

    /// <summary>The one that occurs most in the first line.</summary>
    private static char FindDelimiter(string text)
    {
        var end = text.AsSpan().IndexOfAny('\r', '\n');
        var first = text.AsSpan(0, end < 0 ? text.Length : end);
        var (best, most) = (',', 0);
        foreach (var delimiter in Delimiters)
        {
            var count = first.Count(delimiter);
            if (count > most)
            {
                (best, most) = (delimiter, count);
            }
        }

        return best;
    }
}
