using System.Text;
using System.Text.Json;

namespace EdgeBackup.Core.Devices.Types.Reading;

/// <summary>A JSON value that knows where it stands.</summary>
internal sealed class LocatedValue
{
    public required JsonTokenType Kind { get; init; }

    public required int Line { get; init; }

    public required int Column { get; init; }

    /// <summary>The value of a string; the digits of a number.</summary>
    public string Text { get; init; } = "";

    /// <summary>The members of an object, in order.</summary>
    public List<LocatedMember> Members { get; } = [];

    /// <summary>The elements of an array.</summary>
    public List<LocatedValue> Elements { get; } = [];

    /// <summary>Reads a JSON text.</summary>
    /// <exception cref="JsonException">It is none; line and position of the exception are filled, from 0.</exception>
    public static LocatedValue Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 32 });
        reader.Read();
        var places = new Places(json);
        var value = Read(ref reader, ref places);
        reader.Read();
        return value;
    }

    /// <summary>What the value is, in a sentence.</summary>
    public string Describe() => Kind switch
    {
        JsonTokenType.String => $"'{Text}'",
        JsonTokenType.Number => Text,
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Null => "null",
        JsonTokenType.StartObject => "an object",
        _ => "a list",
    };

    private static LocatedValue Read(ref Utf8JsonReader reader, ref Places places)
    {
        var (line, column) = places.Find(reader.TokenStartIndex);
        var value = new LocatedValue
        {
            Kind = reader.TokenType,
            Line = line,
            Column = column,
            Text = reader.TokenType switch
            {
                JsonTokenType.String => ReadString(ref reader, line, column),
                JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
                _ => "",
            },
        };
        if (value.Kind == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var (nameLine, nameColumn) = places.Find(reader.TokenStartIndex);
                var name = ReadString(ref reader, nameLine, nameColumn);
                reader.Read();
                value.Members.Add(new LocatedMember(name, nameLine, nameColumn, Read(ref reader, ref places)));
            }
        }
        else if (value.Kind == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                value.Elements.Add(Read(ref reader, ref places));
            }
        }

        return value;
    }

    private static string ReadString(ref Utf8JsonReader reader, int line, int column)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("The text is not valid Unicode.", path: null, line - 1, column - 1, exception);
        }
    }

    /// <summary>Counts lines as the reader goes on; places are asked for in ascending order.</summary>
    private ref struct Places(ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> json = json;
        private int line = 1;
        private int lineStart;
        private int seen;

        public (int Line, int Column) Find(long index)
        {
            var end = (int)index;
            while (json[seen..end].IndexOf((byte)'\n') is >= 0 and var found)
            {
                seen += found + 1;
                lineStart = seen;
                line++;
            }

            seen = end;
            return (line, Encoding.UTF8.GetCharCount(json[lineStart..end]) + 1);
        }
    }
}

/// <summary>A member of an object.</summary>
internal sealed record LocatedMember(string Name, int Line, int Column, LocatedValue Value);
