using System.Text.Json.Serialization;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>The JSON of what waits on this machine.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PendingMessage))]
[JsonSerializable(typeof(DeliveryState))]
[JsonSerializable(typeof(RunState))]
internal sealed partial class OutboxJson : JsonSerializerContext;

/// <summary>How runs of the schedule on this machine have gone as a whole.</summary>
/// <param name="FailingSince">Since when none could do its work, UTC; null when the last could.</param>
internal sealed record RunState(DateTimeOffset? FailingSince);
