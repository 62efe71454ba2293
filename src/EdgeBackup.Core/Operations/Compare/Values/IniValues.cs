namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Reads files of sections, keys and values. There is no one grammar: only what is a section, a comment or "key = value"
/// line by line is taken for one; anything else is better compared as lines.
/// </summary>
internal static class IniValues
{
    /// <exception cref="ValuesUnreadableException">It has other lines too, or it is too much.</exception>
    public static ValueNode Read(string text, ValueBudget budget)
    {
        var root = new MapNode();
        var section = root;
        var number = 0;
        foreach (var raw in TextValues.Lines(text))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] is ';' or '#')
            {
                continue;
            }

            budget.Count();
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (line[0] == '[' && line[^1] == ']')
            {
                section = new MapNode();
                root.Add(line[1..^1].Trim(), section);
            }
            else if (equals > 0 && !char.IsWhiteSpace(raw[0]))
            {
                section.Add(line[..equals].TrimEnd(), new ScalarNode(line[(equals + 1)..].TrimStart()));
            }
            else
            {
                throw new ValuesUnreadableException($"it does not consist of sections and keys alone (line {number})");
            }
        }

        return root;
    }
}
