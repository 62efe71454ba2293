using EdgeBackup.Core.Devices.Types;

namespace EdgeBackup.Core.Devices.Methods;

/// <summary>How devices of a type are backed up over one connection; sentences for people.</summary>
public sealed record BackupMethod
{
    public required DeviceTypeEntry Type { get; init; }

    public required ConnectionKind Connection { get; init; }

    /// <summary>What a backup holds.</summary>
    public required IReadOnlyList<string> Contains { get; init; }

    /// <summary>What it does not hold, though it stands on the device or belongs to it.</summary>
    public required IReadOnlyList<string> NotContained { get; init; }

    /// <summary>What makes a backup begin, and what keeps it from beginning.</summary>
    public required string Trigger { get; init; }

    /// <summary>What an item's bytes are.</summary>
    public required string Format { get; init; }

    /// <summary>How a backup gets back onto a device.</summary>
    public required string Restore { get; init; }

    /// <summary>What a restore does not bring back, though the backup holds it.</summary>
    public required IReadOnlyList<string> NotRestored { get; init; }
}
