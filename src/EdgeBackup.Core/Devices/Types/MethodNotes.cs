namespace EdgeBackup.Core.Devices.Types;

/// <summary>
/// What is worth knowing of backups of a type beyond what its rules and its connections say by themselves; sentences for
/// people, read by Get-EdgeBackupMethod.
/// </summary>
public sealed record MethodNotes
{
    /// <summary>What else a backup holds.</summary>
    public IReadOnlyList<string> Contains { get; init; } = [];

    /// <summary>What else a backup does not hold.</summary>
    public IReadOnlyList<string> NotContained { get; init; } = [];

    /// <summary>What else to know of when a backup is taken.</summary>
    public string? Trigger { get; init; }

    /// <summary>What the items are; null: what the connection says.</summary>
    public string? Format { get; init; }

    /// <summary>What else happens at a restore, or has to be done by hand.</summary>
    public string? Restore { get; init; }

    /// <summary>What else a restore does not bring back.</summary>
    public IReadOnlyList<string> NotRestored { get; init; } = [];
}
