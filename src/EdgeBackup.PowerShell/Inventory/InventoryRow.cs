using System.Collections;
using System.Management.Automation;

namespace EdgeBackup.PowerShell.Inventory;

/// <summary>
/// One row of an inventory: what Import-Csv makes of a line, or any object with such properties. Everything in it is text,
/// and an empty cell says nothing.
/// </summary>
/// <param name="source">The object from the pipeline.</param>
/// <param name="number">1 for the first.</param>
internal sealed class InventoryRow(PSObject source, int number)
{
    private const string DeviceType = "EdgeBackup.DeviceInfo";

    /// <summary>For messages: which row of the list it is, and whose.</summary>
    public string Label => (Find("Id") ?? Find("Device") ?? Find("Address") ?? Find("Name")) is { } name ? $"Row {number} ({name})" : $"Row {number}";

    /// <summary>
    /// Whether an object says how a device shall be, or only which device is meant: an object of EdgeBackup's own, live or
    /// from a job, is one, and its properties say how things were. What Import-Csv or Select-Object gives is a row.
    /// </summary>
    public static bool IsRow(PSObject source) =>
        source.BaseObject is PSCustomObject
        && !source.TypeNames.Any(name => name.Contains("EdgeBackup.", StringComparison.Ordinal) && name != $"Selected.{DeviceType}" && name != $"CSV:{DeviceType}");

    /// <returns>Null where there is no such property, or an empty one.</returns>
    public string? Text(string property) =>
        source.Properties[property]?.Value is { } value && LanguagePrimitives.ConvertTo<string>(value) is { Length: > 0 } text ? text : null;

    /// <summary>Words in one cell or in a list.</summary>
    public TextList? Words(string property)
    {
        var value = source.Properties[property]?.Value;
        var inner = value is PSObject wrapped ? wrapped.BaseObject : value;
        var words = inner is not string and IEnumerable list
            ? TextList.Split(list.Cast<object?>().Select(word => LanguagePrimitives.ConvertTo<string>(word) ?? ""))
            : TextList.Split([Text(property) ?? ""]);
        return words.Count == 0 ? null : words;
    }

    /// <summary>Reads True and False, as Export-Csv writes them in every language, and what people write for them.</summary>
    /// <exception cref="InputFaultException">It is neither.</exception>
    public bool? Flag(string property) => Text(property)?.Trim().ToUpperInvariant() switch
    {
        null or "" => null,
        "TRUE" or "YES" or "1" => true,
        "FALSE" or "NO" or "0" => false,
        _ => throw new InputFaultException("InventoryRowInvalid", $"{property} is '{Text(property)}', which is neither True nor False. Write one of them, or leave the cell empty.", Text(property)),
    };

    /// <summary>A label must not fail where the row does.</summary>
    private string? Find(string property) => Text(property) is { } text ? text.Length <= 80 ? text : text[..80] + "…" : null;
}
