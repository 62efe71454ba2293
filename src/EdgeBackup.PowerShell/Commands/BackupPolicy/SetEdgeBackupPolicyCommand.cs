using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Sets how often, how much and how long is backed up: for all, or for devices, tags, types or sites.</summary>
[Cmdlet(VerbsCommon.Set, "EdgeBackupPolicy", SupportsShouldProcess = true)]
[OutputType(typeof(PolicyInfo))]
public sealed class SetEdgeBackupPolicyCommand : EdgeRepositoryCommand
{
    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralDeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>Tags.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralTagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Device types.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string[] Type { get; set; } = [];

    /// <summary>Sites.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralSiteCompleter))]
    public string[] Site { get; set; } = [];

    /// <summary>How old the newest backup may be.</summary>
    [Parameter]
    public TimeSpan? Interval { get; set; }

    /// <summary>What automatic backups hold.</summary>
    [Parameter]
    public BackupContent? Content { get; set; }

    /// <summary>Calendar months that automatic and safety backups are kept.</summary>
    [Parameter]
    [ValidateRange(1, 1200)]
    public int? RetentionMonths { get; set; }

    /// <summary>Manual backups a device may have.</summary>
    [Parameter]
    [ValidateRange(1, 10000)]
    public int? ManualLimit { get; set; }

    /// <summary>Newest backups that age never removes.</summary>
    [Parameter]
    [ValidateRange(0, 10000)]
    public int? KeepLast { get; set; }

    /// <summary>How long after it is due a backup counts as overdue.</summary>
    [Parameter]
    public TimeSpan? OverdueAfter { get; set; }

    /// <summary>What a run of the schedule makes of a postponement that is overdue.</summary>
    [Parameter]
    public OverdueAction? OverdueAction { get; set; }

    /// <summary>When automatic backups may be taken by schedule.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Window { get; set; }

    /// <summary>The zone in which the window's hours are local.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    public string? TimeZone { get; set; }

    /// <summary>How many times larger or smaller than in the last good backup makes an item, or a backup, suspect.</summary>
    [Parameter]
    [ValidateRange(1.1, 1000000.0)]
    public double? SizeFactor { get; set; }

    /// <summary>Calendar years that archives are kept; 0 for ever.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int? ArchiveRetentionYears { get; set; }

    /// <summary>Whether nothing of the devices expires, neither archives nor backups.</summary>
    [Parameter]
    public bool? LegalHold { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Interval <= TimeSpan.Zero || OverdueAfter < TimeSpan.Zero)
        {
            throw new PSArgumentException("-Interval must be longer than zero, and -OverdueAfter not negative.");
        }

        var values = new PolicyValues
        {
            Interval = Interval,
            Content = Content is { } content ? content.ToCore() : null,
            RetentionMonths = RetentionMonths,
            ManualLimit = ManualLimit,
            KeepLast = KeepLast,
            OverdueAfter = OverdueAfter,
            OverdueAction = OverdueAction is { } action ? action.ToCore() : null,
            Window = Window,
            TimeZone = TimeZone,
            SizeFactor = SizeFactor,
            ArchiveRetentionYears = ArchiveRetentionYears,
            LegalHold = LegalHold,
        };
        var general = Tag.Select(key => (PolicyScope.Tag, (string?)key))
            .Concat(Type.Select(key => (PolicyScope.Type, (string?)key)))
            .Concat(Site.Select(key => (PolicyScope.Site, (string?)key)))
            .ToList();
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            values = PolicyCheck.Normalize(values);
            var scopes = general;
            foreach (var (text, id, error) in await RegisteredDevices.ResolveAsync(context, Device, cancellationToken).ConfigureAwait(false))
            {
                if (error is not null)
                {
                    await pipeline.WriteErrorAsync(error, text).ConfigureAwait(false);
                }
                else
                {
                    scopes.Add((PolicyScope.Device, id));
                }
            }

            if (Device.Length == 0 && general.Count == 0)
            {
                scopes.Add((PolicyScope.All, null));
            }

            Action<string>? warn = pipeline.Observer.Warning;
            foreach (var (scope, key) in scopes)
            {
                if (!await ConfirmAsync(pipeline, PolicyInfo.Name(scope, key), "Set backup policy").ConfigureAwait(false))
                {
                    continue;
                }

                var entry = new PolicyEntry { Scope = scope, Key = key, Values = values, Time = context.Clock.GetUtcNow(), Author = context.Author };
                await PolicyBook.SetAsync(context.Repository, entry, cancellationToken).ConfigureAwait(false);
                await context.NoteAsync(pipeline.Observer, EdgeEventCategory.Retention, "PolicySet", $"The policy for {PolicyInfo.Name(scope, key)} was set: {entry.Values.Describe()}.", scope == PolicyScope.Device ? key : null).ConfigureAwait(false);
                var book = await PolicyBook.LoadAsync(context.Repository, warn, cancellationToken).ConfigureAwait(false);
                warn = null;
                foreach (var found in book.Entries.Where(found => found.Scope == scope && string.Equals(found.Key, key, StringComparison.OrdinalIgnoreCase)))
                {
                    await pipeline.WriteAsync(PolicyInfo.From(found.Scope, found.Key, found.Values)).ConfigureAwait(false);
                }
            }
        });
    }
}
