using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>
/// Reads one page of records straight from its bytes: six million of them are not first made into a tree. What it does not
/// know it passes over; what it needs must be right.
/// </summary>
internal sealed class HistoryPageReader(DeviceFault fault, string call)
{
    /// <summary>Words that come again and again, so that a page holds each once.</summary>
    private const int RememberedWords = 512;

    private readonly Dictionary<string, string> words = new(StringComparer.Ordinal);

    private delegate T ReadRecord<T>(ref Utf8JsonReader reader, int index);

    public HistoryPage<DeviceEvent> ReadEvents(ReadOnlyMemory<byte> body) => ReadPage(body, ReadEvent);

    public HistoryPage<TrendRecord> ReadTrend(ReadOnlyMemory<byte> body) => ReadPage(body, ReadTrendRecord);

    private HistoryPage<T> ReadPage<T>(ReadOnlyMemory<byte> body, ReadRecord<T> readRecord)
    {
        var span = body.Span.StartsWith("\uFEFF"u8) ? body.Span[3..] : body.Span;
        var reader = new Utf8JsonReader(span, new JsonReaderOptions { MaxDepth = 32 });
        List<T>? records = null;
        string? next = null;
        try
        {
            Expect(ref reader, JsonTokenType.StartObject, "the body is no object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("records"u8))
                {
                    Expect(ref reader, JsonTokenType.StartArray, "'records' is no list");
                    records = records is null ? [] : throw Wrong("'records' is there twice");
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    {
                        if (reader.TokenType != JsonTokenType.StartObject)
                        {
                            throw Wrong($"'records[{records.Count}]' is no object");
                        }

                        records.Add(readRecord(ref reader, records.Count));
                    }
                }
                else if (reader.ValueTextEquals("next"u8))
                {
                    reader.Read();
                    next = Text(ref reader, "next");
                }
                else
                {
                    reader.Skip();
                }
            }

            if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
            {
                throw Wrong("it is no JSON");
            }
        }
        catch (JsonException exception)
        {
            throw Wrong(span.TrimStart(" \t\r\n"u8).StartsWith("<"u8) ? "it is a page and no JSON" : "it is no JSON", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw Wrong("a text is no valid Unicode", exception);
        }

        return new HistoryPage<T>(
            records ?? throw Wrong("'records' is missing"),
            next is null ? throw Wrong("'next' is missing") : next.Length is 0 or > IDeviceHistory.LongestCursor ? throw Wrong("'next' cannot be a cursor") : next);
    }

    private DeviceEvent ReadEvent(ref Utf8JsonReader reader, int index)
    {
        string? id = null, category = null, source = null, user = null, message = null, old = null, @new = null;
        DateTimeOffset? time = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("time"u8))
            {
                time = Time(ref reader, index);
            }
            else if (reader.ValueTextEquals("category"u8))
            {
                category = Word(Value(ref reader, index, "category"));
            }
            else if (reader.ValueTextEquals("source"u8))
            {
                source = Word(Value(ref reader, index, "source"));
            }
            else if (reader.ValueTextEquals("user"u8))
            {
                user = Word(Value(ref reader, index, "user"));
            }
            else if (reader.ValueTextEquals("message"u8))
            {
                message = Value(ref reader, index, "message");
            }
            else if (reader.ValueTextEquals("old"u8))
            {
                old = Value(ref reader, index, "old");
            }
            else if (reader.ValueTextEquals("new"u8))
            {
                @new = Value(ref reader, index, "new");
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                id = Value(ref reader, index, "id");
            }
            else
            {
                reader.Skip();
            }
        }

        return new DeviceEvent(
            id,
            time ?? throw Missing(index, "time"),
            category ?? throw Missing(index, "category"),
            source ?? "",
            user,
            message ?? "",
            old,
            @new);
    }

    private TrendRecord ReadTrendRecord(ref Utf8JsonReader reader, int index)
    {
        long? sequence = null;
        DateTimeOffset? time = null;
        string? value = null;
        string? status = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("seq"u8))
            {
                reader.Read();
                sequence = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : throw Wrong($"'records[{index}].seq' is no whole number");
            }
            else if (reader.ValueTextEquals("time"u8))
            {
                time = Time(ref reader, index);
            }
            else if (reader.ValueTextEquals("value"u8))
            {
                value = Value(ref reader, index, "value");
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                status = Word(Value(ref reader, index, "status"));
            }
            else
            {
                reader.Skip();
            }
        }

        return new TrendRecord(sequence ?? throw Missing(index, "seq"), time ?? throw Missing(index, "time"), value, status ?? "");
    }

    /// <summary>A text as it is; a number in the device's own digits; true or false; null where there is none.</summary>
    private string? Value(ref Utf8JsonReader reader, int index, string member)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            _ => throw Wrong($"'records[{index}].{member}' is neither a text nor a number"),
        };
    }

    private DateTimeOffset Time(ref Utf8JsonReader reader, int index)
    {
        reader.Read();

        // The reader takes times without an offset for local ones; here they are wrong.
        var hasOffset = reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && HasOffset(reader.ValueSpan);
        return hasOffset && reader.TryGetDateTimeOffset(out var time) ? time.ToUniversalTime()
            : hasOffset && DeviceJson.TryReadTime(reader.GetString()!, out time) ? time
            : throw Wrong($"'records[{index}].time' is no time with an offset (RFC 3339)");
    }

    private static bool HasOffset(ReadOnlySpan<byte> text) =>
        text.Length >= 20 && (text[^1] is (byte)'Z' or (byte)'z' || (text.Length >= 25 && text[^6] is (byte)'+' or (byte)'-'));

    private string? Word(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (words.TryGetValue(text, out var known))
        {
            return known;
        }

        if (words.Count < RememberedWords)
        {
            words[text] = text;
        }

        return text;
    }

    private string Text(ref Utf8JsonReader reader, string member) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Wrong($"'{member}' is no text");

    private void Expect(ref Utf8JsonReader reader, JsonTokenType token, string fault)
    {
        if (!reader.Read() || reader.TokenType != token)
        {
            throw Wrong(fault);
        }
    }

    private Errors.EdgeBackupException Missing(int index, string member) => Wrong($"'records[{index.ToString(CultureInfo.InvariantCulture)}].{member}' is missing");

    private Errors.EdgeBackupException Wrong(string what, Exception? inner = null) => fault.InvalidAnswer(call, what, inner);
}
