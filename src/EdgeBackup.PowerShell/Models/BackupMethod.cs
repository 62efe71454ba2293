namespace EdgeBackup;

/// <summary>How devices of a type are backed up over one connection; whole sentences for people.</summary>
public sealed class BackupMethod
{
    /// <summary>The device type's id.</summary>
    public required string Type { get; init; }

    /// <summary>How the device is reached.</summary>
    public required DeviceConnection Connection { get; init; }

    /// <summary>What the type is.</summary>
    public required string Title { get; init; }

    /// <summary>What the type's author says of it.</summary>
    public string? Description { get; init; }

    /// <summary>What a backup holds.</summary>
    public string[] Contains { get; init; } = [];

    /// <summary>What it does not hold.</summary>
    public string[] NotContained { get; init; } = [];

    /// <summary>What makes a backup begin, and what keeps it from beginning.</summary>
    public required string Trigger { get; init; }

    /// <summary>What an item's bytes are.</summary>
    public required string Format { get; init; }

    /// <summary>How a backup gets back onto a device.</summary>
    public required string Restore { get; init; }

    /// <summary>What a restore does not bring back.</summary>
    public string[] NotRestored { get; init; } = [];

    /// <summary>Where the device's interface is documented.</summary>
    public string[] Documentation { get; init; } = [];

    /// <summary>Where the type comes from.</summary>
    public required DeviceTypeSource Source { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Type} over {Connection}";
}
