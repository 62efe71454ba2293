using System.Management.Automation;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists what happened, and who did it, from where, when and why.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeEvent")]
[OutputType(typeof(EdgeEvent))]
public sealed class GetEdgeEventCommand : EdgeRepositoryCommand
{
    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownDeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>At this time or later.</summary>
    [Parameter]
    public DateTime? After { get; set; }

    /// <summary>Before this time.</summary>
    [Parameter]
    public DateTime? Before { get; set; }

    /// <summary>Backup, Restore, Switch, Device, Retention, Repository, Archive.</summary>
    [Parameter]
    [ValidateSet("Backup", "Restore", "Switch", "Device", "Retention", "Repository", "Archive")]
    public string[] Category { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var query = new EventQuery
        {
            Devices = Device,
            Categories = Array.ConvertAll(Category, category => Enum.Parse<EdgeEventCategory>(category, ignoreCase: true)),
            After = LocalTime.ToInstant(After),
            Before = LocalTime.ToInstant(Before),
        };
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            foreach (var problem in await context.Catalog.FindMissingEventsAsync(cancellationToken).ConfigureAwait(false))
            {
                await pipeline.WriteErrorAsync(new Core.Errors.EdgeBackupException(problem.ErrorId, $"The trail of events has a hole. {problem.Message}", problem.Target, problem)).ConfigureAwait(false);
            }

            // A device that was unregistered still has its events; one that nobody ever knew is a slip of the hand.
            foreach (var literal in query.Devices!.Where(text => !Core.Catalog.WildcardPattern.HasWildcard(text)).Select(Core.Catalog.WildcardPattern.Unescape))
            {
                await context.Catalog.RefreshDevicesAsync([literal], cancellationToken).ConfigureAwait(false);
                if (!await context.Catalog.KnowsAsync(literal, cancellationToken).ConfigureAwait(false))
                {
                    await pipeline.WriteErrorAsync(await RegisteredDevices.NotFoundAsync(context, literal, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                }
            }

            await foreach (var edgeEvent in context.Catalog.QueryEventsAsync(query, cancellationToken).ConfigureAwait(false))
            {
                await pipeline.WriteAsync(edgeEvent.ToOutput()).ConfigureAwait(false);
            }
        });
    }
}
