namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>What an item of text may be, by its name and by how it begins.</summary>
internal static class ItemFormats
{
    private static readonly Dictionary<string, ItemFormat> ByExtension = new(StringComparer.OrdinalIgnoreCase)
    {
        [".json"] = ItemFormat.Json,
        [".jsonc"] = ItemFormat.Json,
        [".geojson"] = ItemFormat.Json,
        [".xml"] = ItemFormat.Xml,
        [".xsd"] = ItemFormat.Xml,
        [".svg"] = ItemFormat.Xml,
        [".plist"] = ItemFormat.Xml,
        [".yaml"] = ItemFormat.Yaml,
        [".yml"] = ItemFormat.Yaml,
        [".ini"] = ItemFormat.Ini,
        [".cfg"] = ItemFormat.Ini,
        [".cnf"] = ItemFormat.Ini,
        [".conf"] = ItemFormat.Ini,
        [".inf"] = ItemFormat.Ini,
        [".env"] = ItemFormat.Ini,
        [".properties"] = ItemFormat.Ini,
        [".service"] = ItemFormat.Ini,
        [".timer"] = ItemFormat.Ini,
        [".csv"] = ItemFormat.Csv,
        [".tsv"] = ItemFormat.Csv,
    };

    /// <summary>Formats whose name an item bears on purpose: it is told when an item cannot be read as that.</summary>
    private static readonly ItemFormat[] Meant = [ItemFormat.Json, ItemFormat.Xml, ItemFormat.Yaml, ItemFormat.Csv];

    /// <summary>The formats to try, the likeliest first, and whether it is odd if an item is none.</summary>
    public static IEnumerable<(ItemFormat Format, bool IsMeant)> Find(string path, string reference, string difference)
    {
        var named = ByExtension.TryGetValue(Path.GetExtension(path), out var format) ? format : (ItemFormat?)null;
        if (named is { } known)
        {
            yield return (known, Meant.Contains(known));
        }

        var begin = (First(reference), First(difference)) is var (one, other) && one == other ? one : '\0';
        if (begin is '{' or '[' && named != ItemFormat.Json)
        {
            yield return (ItemFormat.Json, false);
        }
        else if (begin == '<' && named != ItemFormat.Xml)
        {
            yield return (ItemFormat.Xml, false);
        }
    }

    /// <exception cref="ValuesUnreadableException">It is not of that format, or too much.</exception>
    public static ValueNode Read(ItemFormat format, string text, ValueBudget budget) => format switch
    {
        ItemFormat.Json => JsonValues.Read(text, budget),
        ItemFormat.Xml => XmlValues.Read(text, budget),
        ItemFormat.Yaml => YamlValues.Read(text, budget),
        ItemFormat.Ini => IniValues.Read(text, budget),
        ItemFormat.Csv => CsvValues.Read(text, budget),
        ItemFormat.Text => TextValues.Read(text, budget),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "It is no format of text."),
    };

    private static char First(string text)
    {
        var rest = text.AsSpan().TrimStart();
        return rest.Length == 0 ? '\0' : rest[0];
    }
}
