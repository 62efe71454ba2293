using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup;

/// <summary>A backup policy: as it was set for a scope, or as it holds for a device.</summary>
public sealed class PolicyInfo
{
    /// <summary>Whom it is for: "all devices", "type x", "site x", "tag x", "device x".</summary>
    public required string Scope { get; init; }

    /// <summary>How old the newest backup may be.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>What automatic backups hold.</summary>
    public BackupContent? Content { get; init; }

    /// <summary>Calendar months that automatic and safety backups are kept.</summary>
    public int? RetentionMonths { get; init; }

    /// <summary>Manual backups a device may have.</summary>
    public int? ManualLimit { get; init; }

    /// <summary>Newest backups that age never removes.</summary>
    public int? KeepLast { get; init; }

    /// <summary>How long after it is due a backup counts as overdue.</summary>
    public TimeSpan? OverdueAfter { get; init; }

    /// <summary>What a run of the schedule makes of a postponement that is overdue.</summary>
    public OverdueAction? OverdueAction { get; init; }

    /// <summary>When automatic backups may be taken by schedule: "Mon-Fri 19:00-06:00", or "Always".</summary>
    public string? Window { get; init; }

    /// <summary>The zone in which the window's hours are local; null where a policy leaves it to others. For a device with hours that of the machine, where no policy names one.</summary>
    public string? TimeZone { get; init; }

    /// <summary>For a device: where each value comes from ("Interval: tag north").</summary>
    public string[] Source { get; init; } = [];

    /// <summary>So much larger or smaller than in the last good backup makes an item, or a backup, suspect.</summary>
    public double? SizeFactor { get; init; }

    /// <summary>Calendar years that archives are kept; null, or 0 where it was set so, for ever.</summary>
    public int? ArchiveRetentionYears { get; init; }

    /// <summary>Whether nothing of the device expires, neither archives nor backups.</summary>
    public bool? LegalHold { get; init; }

    internal static string Name(PolicyScope scope, string? key) => scope == PolicyScope.All ? "all devices" : $"{scope.ToString().ToLowerInvariant()} {key}";

    internal static PolicyInfo From(PolicyScope scope, string? key, PolicyValues values) => new()
    {
        Scope = Name(scope, key),
        Interval = values.Interval,
        Content = values.Content is { } content ? content.ToOutput() : null,
        RetentionMonths = values.RetentionMonths,
        ManualLimit = values.ManualLimit,
        KeepLast = values.KeepLast,
        OverdueAfter = values.OverdueAfter,
        OverdueAction = values.OverdueAction is { } action ? action.ToOutput() : null,
        Window = values.Window,
        TimeZone = values.TimeZone,
        SizeFactor = values.SizeFactor,
        ArchiveRetentionYears = values.ArchiveRetentionYears,
        LegalHold = values.LegalHold,
    };

    /// <param name="device">Whose policy it is.</param>
    /// <param name="policy">What holds for it.</param>
    /// <param name="machineZone">The zone that counts where no policy names one and the window has hours.</param>
    internal static PolicyInfo From(string device, EffectivePolicy policy, string machineZone) => policy.TimeZone is null && policy.Window != BackupWindow.Always.ToString()
        ? From(device, policy with
        {
            TimeZone = machineZone,
            Sources = new Dictionary<string, string>(policy.Sources) { [nameof(TimeZone)] = "this machine, for want of a policy" },
        })
        : From(device, policy);

    private static PolicyInfo From(string device, EffectivePolicy policy) => new()
    {
        Scope = Name(PolicyScope.Device, device),
        Interval = policy.Interval,
        Content = policy.Content.ToOutput(),
        RetentionMonths = policy.RetentionMonths,
        ManualLimit = policy.ManualLimit,
        KeepLast = policy.KeepLast,
        OverdueAfter = policy.OverdueAfter,
        OverdueAction = policy.OverdueAction.ToOutput(),
        Window = policy.Window,
        TimeZone = policy.TimeZone,
        SizeFactor = policy.SizeFactor,
        ArchiveRetentionYears = policy.ArchiveRetentionYears,
        LegalHold = policy.LegalHold,
        Source = [.. policy.Sources.Select(source => $"{source.Key}: {source.Value}").Order(StringComparer.Ordinal)],
    };
}
