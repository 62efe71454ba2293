namespace EdgeBackup.Core.Retention;

/// <summary>How long backups are kept (R9).</summary>
public sealed record RetentionPolicy
{
    /// <summary>Calendar months, UTC, after which automatic and safety backups go; at least 1.</summary>
    public int Months { get; init; } = 6;

    /// <summary>Manual backups of a device that are not protected; one more pushes out the oldest. At least 1.</summary>
    public int ManualLimit { get; init; } = 10;

    /// <summary>The newest automatic and safety backups of a device that age never removes; at least 0.</summary>
    public int KeepLast { get; init; }

    /// <summary>Whether a device's last backup is kept, however old it is.</summary>
    public bool ForbidLast { get; init; }

    /// <summary>Whether nothing of the device goes, whatever else the policy says.</summary>
    public bool LegalHold { get; init; }
}
