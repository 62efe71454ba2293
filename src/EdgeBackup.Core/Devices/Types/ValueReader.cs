using System.Text.Json;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>Picks the value of a <see cref="ValueSource"/> out of what its command or file said.</summary>
public static class ValueReader
{
    private const int LengthLimit = 256;

    /// <summary>The value, trimmed.</summary>
    /// <param name="source">Says how it is picked.</param>
    /// <param name="text">The command's standard output or the file's text.</param>
    /// <returns>
    /// Null where there is none: nothing matches, or what is there is empty, longer than 256 characters or has control
    /// characters, so that it can be no id, name or version.
    /// </returns>
    public static string? Read(ValueSource source, string text)
    {
        var value = source.Pattern is { } pattern ? TypePattern.Pick(pattern, text)
            : source.JsonPointer is { } place ? FromJson(text, place)
            : text;
        value = value?.Trim();
        return string.IsNullOrEmpty(value) || value.Length > LengthLimit || value.Any(char.IsControl) ? null : value;
    }

    private static string? FromJson(string text, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return JsonPath.Find(document.RootElement, place) is [var element] && element.ValueKind is JsonValueKind.String or JsonValueKind.Number
                ? JsonPath.ScalarText(element)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
