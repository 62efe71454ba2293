using System.Globalization;
using System.Text.Json;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>JSON pointers (RFC 6901) in which a segment <c>*</c> stands for every element of an array or object.</summary>
public static class JsonPath
{
    /// <summary>Says why a text is no pointer.</summary>
    /// <returns>Null for a good one.</returns>
    public static string? FindFault(string text)
    {
        if (text.Length > 0 && text[0] != '/')
        {
            return "does not begin with '/'";
        }

        for (var tilde = text.IndexOf('~', StringComparison.Ordinal); tilde >= 0; tilde = text.IndexOf('~', tilde + 1))
        {
            if (tilde + 1 == text.Length || text[tilde + 1] is not ('0' or '1'))
            {
                return "has a '~' that is not followed by 0 or 1";
            }
        }

        return null;
    }

    /// <summary>The elements that a pointer leads to.</summary>
    /// <returns>
    /// Null where it leads nowhere, also from a single one of the elements that a <c>*</c> stands for; empty where a
    /// <c>*</c> stands for the elements of an empty array or object.
    /// </returns>
    public static IReadOnlyList<JsonElement>? Find(JsonElement root, string text)
    {
        var found = new List<JsonElement> { root };
        foreach (var segment in Segments(text))
        {
            var next = new List<JsonElement>();
            foreach (var element in found)
            {
                if (!Step(element, segment, next))
                {
                    return null;
                }
            }

            found = next;
        }

        return found;
    }

    /// <summary>A string's text, and other scalars as JSON writes them.</summary>
    /// <returns>Null for an object or an array.</returns>
    public static string? ScalarText(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Undefined => null,
        _ => element.GetRawText(),
    };

    /// <summary>The names that a pointer consists of.</summary>
    public static string[] Segments(string text) =>
        text.Length == 0
            ? []
            : [.. text[1..].Split('/').Select(segment => segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    private static bool Step(JsonElement element, string segment, List<JsonElement> next)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when segment == "*":
                next.AddRange(element.EnumerateObject().Select(property => property.Value));
                return true;
            case JsonValueKind.Array when segment == "*":
                next.AddRange(element.EnumerateArray());
                return true;
            case JsonValueKind.Object when element.TryGetProperty(segment, out var value):
                next.Add(value);
                return true;
            case JsonValueKind.Array when int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < element.GetArrayLength():
                next.Add(element[index]);
                return true;
            default:
                return false;
        }
    }
}
