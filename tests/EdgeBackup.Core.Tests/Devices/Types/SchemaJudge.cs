using System.Text.Json;
using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Tests.Devices.Types;

/// <summary>
/// Judges JSON by a schema: those keywords of draft 2020-12 that docs/device-type.schema.json uses. A keyword that it does
/// not know is an error of its own, so that nothing in the schema is passed over.
/// </summary>
internal sealed class SchemaJudge(JsonElement schema)
{
    private static readonly HashSet<string> Annotations = ["$schema", "$defs", "title", "description", "then"];

    public bool Accepts(JsonElement value) => Accepts(schema, value);

    private bool Accepts(JsonElement rules, JsonElement value) => rules.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => rules.EnumerateObject().Where(rule => !Annotations.Contains(rule.Name)).All(rule => Accepts(rules, rule.Name, rule.Value, value)),
    };

    private bool Accepts(JsonElement rules, string keyword, JsonElement rule, JsonElement value) => keyword switch
    {
        "$ref" => Accepts(rule.GetString()!["#/".Length..].Split('/').Aggregate(schema, (found, name) => found.GetProperty(name)), value),
        "type" => IsOfType(rule.GetString()!, value),
        "enum" => rule.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)),
        "const" => JsonElement.DeepEquals(rule, value),
        "anyOf" => rule.EnumerateArray().Any(one => Accepts(one, value)),
        "oneOf" => rule.EnumerateArray().Count(one => Accepts(one, value)) == 1,
        "not" => !Accepts(rule, value),
        "if" => !Accepts(rule, value) || Accepts(rules.GetProperty("then"), value),
        "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!, RegexOptions.ECMAScript),
        "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.GetDouble(),
        "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() <= rule.GetDouble(),
        "exclusiveMinimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() > rule.GetDouble(),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= rule.GetInt32(),
        "uniqueItems" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Select(item => item.GetRawText()).Distinct(StringComparer.Ordinal).Count() == value.GetArrayLength(),
        "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(item => Accepts(rule, item)),
        "required" => value.ValueKind != JsonValueKind.Object || rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => value.ValueKind != JsonValueKind.Object || rule.EnumerateObject().All(property => !value.TryGetProperty(property.Name, out var member) || Accepts(property.Value, member)),
        "additionalProperties" => rule.ValueKind != JsonValueKind.False || value.ValueKind != JsonValueKind.Object
            || value.EnumerateObject().All(member => rules.GetProperty("properties").TryGetProperty(member.Name, out _)),
        "dependentRequired" => value.ValueKind != JsonValueKind.Object
            || rule.EnumerateObject().All(when => !value.TryGetProperty(when.Name, out _) || when.Value.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _))),
        _ => throw new NotSupportedException($"The schema uses '{keyword}'."),
    };

    private static bool IsOfType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() % 1 == 0,
        _ => throw new NotSupportedException($"The schema uses the type '{type}'."),
    };
}
