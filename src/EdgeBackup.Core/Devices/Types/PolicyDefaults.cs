using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>What holds for devices of a type where no policy says otherwise; null leaves the product's own default.</summary>
public sealed record PolicyDefaults
{
    /// <summary>How old the newest backup may be before an automatic one is due (R4).</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>When automatic backups may run (R11), in the words of <c>Set-EdgeBackupPolicy -Window</c>.</summary>
    public string? Window { get; init; }

    /// <summary>The window's time zone; null: the site's, else this machine's.</summary>
    public string? TimeZone { get; init; }

    public BackupContent? Content { get; init; }

    /// <summary>Calendar months that automatic and safety backups are kept (R9).</summary>
    public int? RetentionMonths { get; init; }

    /// <summary>Manual backups a device may have (R9).</summary>
    public int? ManualLimit { get; init; }

    /// <summary>The number of newest backups that age never removes.</summary>
    public int? KeepLast { get; init; }

    /// <summary>How long after it is due a backup counts as overdue.</summary>
    public TimeSpan? OverdueAfter { get; init; }

    /// <summary>
    /// Above 1: a backup that is larger or smaller than the last one of the same content by more than this factor is
    /// suspect.
    /// </summary>
    public double? SizeFactor { get; init; }
}
