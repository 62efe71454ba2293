using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Maintenance;

namespace EdgeBackup.Core.Repository;

/// <summary>Sealed JSON bodies: camelCase members, enumerations by name, unknown members passed over.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(ChunkIdConverter)])]
[JsonSerializable(typeof(BackupRecord))]
[JsonSerializable(typeof(ChainEntry))]
[JsonSerializable(typeof(LeaseBody))]
[JsonSerializable(typeof(MarkBody))]
[JsonSerializable(typeof(GoneBody))]
[JsonSerializable(typeof(SeenBody))]
internal sealed partial class RepositoryJson : JsonSerializerContext;

/// <summary>A chunk id as 64 hex digits.</summary>
internal sealed class ChunkIdConverter : JsonConverter<ChunkId>
{
    public override ChunkId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return ChunkId.Read(Convert.FromHexString(reader.GetString() ?? ""));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw new JsonException("A chunk id has 64 hex digits.", exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, ChunkId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
