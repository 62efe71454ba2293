using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>Writes the JSON of a message: <c>type</c>, <c>timestamp</c> and <c>data</c>, as Standard Webhooks recommends.</summary>
internal static class MessageBody
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="context">The repository, which each message names.</param>
    /// <param name="type">Its type.</param>
    /// <param name="summary">One line for people.</param>
    /// <param name="device">What it is about; null for none.</param>
    /// <param name="write">Adds what the type has of its own.</param>
    public static string Write(RepositoryContext context, string type, string summary, SubjectDevice? device, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("timestamp", context.Clock.GetUtcNow().UtcDateTime);
            json.WriteStartObject("data");
            json.WriteString("summary", summary);
            json.WriteStartObject("repository");
            json.WriteString("id", context.Repository.Id);
            json.WriteString("path", context.Location);
            json.WriteEndObject();
            json.WriteString("author", context.Author);
            if (device is not null)
            {
                json.WriteStartObject("device");
                WriteDevice(json, device);
                json.WriteEndObject();
            }

            write(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes a time, or nothing.</summary>
    public static void WriteTime(this Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known.UtcDateTime);
        }
    }

    /// <summary>Writes a text, or nothing.</summary>
    public static void WriteText(this Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static void WriteDevice(Utf8JsonWriter json, SubjectDevice device)
    {
        json.WriteString("id", device.Id);
        json.WriteText("name", device.Name);
        json.WriteString("type", device.Type);
        json.WriteText("site", device.Site);
        json.WriteStartArray("tags");
        foreach (var tag in device.Tags)
        {
            json.WriteStringValue(tag);
        }

        json.WriteEndArray();
    }
}
