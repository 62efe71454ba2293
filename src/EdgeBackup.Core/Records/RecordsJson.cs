using System.Text.Json.Serialization;

namespace EdgeBackup.Core.Records;

/// <summary>The JSON of the records that operations keep in the repository.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(DeviceLogEntry))]
[JsonSerializable(typeof(EdgeEvent))]
[JsonSerializable(typeof(PolicyEntry))]
[JsonSerializable(typeof(AttemptState))]
[JsonSerializable(typeof(NotificationEntry))]
[JsonSerializable(typeof(ArchiveRun))]
[JsonSerializable(typeof(ArchiveKey))]
[JsonSerializable(typeof(DeviceRegistration))]
[JsonSerializable(typeof(DeviceTypeRecord))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<Items.NotSavedItem>))]
[JsonSerializable(typeof(Items.BackupGroup))]
[JsonSerializable(typeof(IReadOnlyList<Items.SuspectReason>))]
internal sealed partial class RecordsJson : JsonSerializerContext;
