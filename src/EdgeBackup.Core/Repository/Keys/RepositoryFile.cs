using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Chunks;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>The object <c>repository.json</c> (docs/format.md).</summary>
internal static class RepositoryFile
{
    public const string Name = "repository.json";
    public const int SupportedFormat = 2;

    private const string MacMember = "mac";

    public static byte[] Serialize(RepositoryHeader header, MasterKey master)
    {
        var json = CheckedText.Build(writer =>
        {
            writer.WriteNumber("formatVersion", header.FormatVersion);
            writer.WriteString("id", header.Id);
            writer.WriteString("created", header.Created.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteString("cipher", "aes-256-gcm");
            writer.WriteString("hash", "hmac-sha-256");
            writer.WriteStartObject("chunker");
            writer.WriteString("algorithm", "fastcdc");
            writer.WriteNumber("minimum", Chunker.MinimumSize);
            writer.WriteNumber("average", Chunker.AverageSize);
            writer.WriteNumber("maximum", Chunker.MaximumSize);
            writer.WriteEndObject();
            writer.WriteStartObject("redundancy");
            writer.WriteString("algorithm", "reed-solomon");
            writer.WriteNumber("percent", header.RedundancyPercent);
            writer.WriteEndObject();
        });
        return CheckedText.Append(json, MacMember, head => master.AuthenticateHeader(head));
    }

    /// <summary>Reads what can be read without a key. The version is looked at before anything else.</summary>
    /// <exception cref="EdgeBackupException">RepositoryFormatUnsupported.</exception>
    /// <exception cref="ObjectDamagedException">It is no such file.</exception>
    public static RepositoryHeader Parse(byte[] content, string location)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            var root = document.RootElement;
            var format = root.GetProperty("formatVersion").GetInt32();
            if (format > SupportedFormat)
            {
                throw new EdgeBackupException(
                    ErrorIds.RepositoryFormatUnsupported,
                    $"The repository '{location}' has format version {format}; this version of EdgeBackup reads up to {SupportedFormat}. Update EdgeBackup, or use another repository.",
                    location);
            }

            return format < 1
                ? throw new ObjectDamagedException(Name, $"it names the format version {format}, which never was")
                : new RepositoryHeader(root.GetProperty("id").GetString()!, format, root.GetProperty("created").GetDateTimeOffset())
                {
                    RedundancyPercent = format < 2 ? 0 : root.GetProperty("redundancy").GetProperty("percent").GetInt32(),
                };
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ObjectDamagedException(Name, "it is not the JSON that was written", exception);
        }
    }

    /// <summary>Whether a master key is this repository's own and the file is as it was written.</summary>
    public static bool IsMadeWith(byte[] content, MasterKey master) =>
        CheckedText.IsIntact(content, MacMember, head => master.AuthenticateHeader(head));

    /// <exception cref="ObjectDamagedException">The MAC does not fit.</exception>
    public static void CheckMac(byte[] content, MasterKey master)
    {
        if (!IsMadeWith(content, master))
        {
            throw new ObjectDamagedException(Name, "its authentication code does not fit: it was altered");
        }
    }
}
