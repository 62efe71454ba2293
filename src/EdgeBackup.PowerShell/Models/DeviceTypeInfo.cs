namespace EdgeBackup;

/// <summary>What kinds of device there are.</summary>
public sealed class DeviceTypeInfo
{
    /// <summary>The type's id, as a device tells it.</summary>
    public required string Id { get; init; }

    /// <summary>What it is, for people.</summary>
    public required string Title { get; init; }

    /// <summary>The lowest version that is backed up (R1); null where any is.</summary>
    public string? MinimumVersion { get; init; }

    /// <summary>The connections that can speak to it.</summary>
    public string[] Connection { get; init; } = [];

    /// <summary>Where the type comes from.</summary>
    public required DeviceTypeSource Source { get; init; }

    /// <summary>The file of a type from this user's folder of types; null for others.</summary>
    public string? Path { get; init; }

    /// <summary>What is saved and what to know, for people.</summary>
    public string? Description { get; init; }

    /// <summary>Where the interface is documented that the type's rules rest on.</summary>
    public string[] Documentation { get; init; } = [];

    /// <summary>The type's file as it is: a beginning for a type of one's own.</summary>
    public required string Json { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
