using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>A JSON value in a device's answer, read strictly: a wrong or missing member is an error that names call and member.</summary>
internal readonly partial struct DeviceJson
{
    private readonly DeviceFault fault;
    private readonly string call;
    private readonly JsonElement element;
    private readonly string where;

    private DeviceJson(DeviceFault fault, string call, JsonElement element, string where)
    {
        this.fault = fault;
        this.call = call;
        this.element = element;
        this.where = where;
    }

    /// <summary>Parses a body; the document lives as long as the caller does not dispose it.</summary>
    /// <exception cref="EdgeBackupException">DeviceResponseInvalid.</exception>
    public static JsonDocument Parse(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        try
        {
            // Some servers send a byte order mark, which JSON allows a reader to ignore (RFC 8259, section 8.1).
            var text = body.Span.StartsWith("\uFEFF"u8) ? body[3..] : body;
            return JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
        }
        catch (JsonException exception)
        {
            var start = body.Span.TrimStart(" \t\r\n"u8);
            throw fault.InvalidAnswer(call, start.StartsWith("<"u8) ? "it is a page and no JSON" : "it is no JSON", exception);
        }
    }

    public static DeviceJson Root(DeviceFault fault, string call, JsonDocument document) => new(fault, call, document.RootElement, "");

    /// <summary>The same value under another name in errors.</summary>
    public DeviceJson Named(string name) => new(fault, call, element, name);

    public bool IsNull => element.ValueKind is JsonValueKind.Null;

    public bool IsText => element.ValueKind is JsonValueKind.String;

    /// <summary>The member, which must be there; null is a value.</summary>
    public DeviceJson Member(string name) => Optional(name) ?? throw Wrong($"'{Name(name)}' is missing");

    /// <summary>The member, or null where it is missing.</summary>
    public DeviceJson? Optional(string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong($"{Here} is no object");
        }

        return element.TryGetProperty(name, out var value) ? new DeviceJson(fault, call, value, Name(name)) : null;
    }

    public IEnumerable<DeviceJson> Elements()
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            throw Wrong($"{Here} is no list");
        }

        var (faultOfAll, callOfAll, place) = (fault, call, where);
        return element.EnumerateArray().Select((value, index) => new DeviceJson(faultOfAll, callOfAll, value, $"{place}[{index}]"));
    }

    public string Text()
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong($"{Here} is no text");
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair or broken UTF-8 within the quotes.
            throw Wrong($"{Here} is no valid Unicode", exception);
        }
    }

    /// <summary>A text that can stand in a URL as one segment.</summary>
    public string Id()
    {
        var text = Text();
        return string.IsNullOrWhiteSpace(text) ? throw Wrong($"{Here} is empty")
            : text is "." or ".." || text.Any(char.IsControl) ? throw Wrong($"{Here} cannot be an id")
            : text;
    }

    public string? TextOrNull() => IsNull ? null : Text();

    public bool Truth() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong($"{Here} is neither true nor false"),
    };

    /// <summary>A whole number from zero up.</summary>
    public long Count(long largest = long.MaxValue) =>
        element.ValueKind != JsonValueKind.Number ? throw Wrong($"{Here} is no number")
        : !element.TryGetInt64(out var number) ? throw Wrong($"{Here} is no whole number")
        : number < 0 ? throw Wrong($"{Here} is negative")
        : number > largest ? throw Wrong($"{Here} is larger than {largest}")
        : number;

    /// <summary>A moment of RFC 3339 with its offset, as UTC.</summary>
    public DateTimeOffset Time()
    {
        return TryReadTime(Text(), out var time) ? time : throw Wrong($"{Here} is no time with an offset (RFC 3339)");
    }

    /// <inheritdoc cref="Time"/>
    public static bool TryReadTime(string text, out DateTimeOffset time)
    {
        time = default;
        return TimeForm().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>A word that is none of those the interface knows.</summary>
    public EdgeBackupException UnknownWord()
    {
        var text = Text();
        var shown = new string([.. text.Take(100).Select(character => char.IsControl(character) || char.IsSurrogate(character) ? '\uFFFD' : character)]);
        return Wrong($"{Here} is '{shown}', which is not known");
    }

    public EdgeBackupException Wrong(string what, Exception? inner = null) => fault.InvalidAnswer(call, what, inner);

    private string Here => where.Length == 0 ? "the body" : $"'{where}'";

    private string Name(string member) => where.Length == 0 ? member : $"{where}.{member}";

    [GeneratedRegex(@"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex TimeForm();
}
