using System.Management.Automation;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Takes schedules out of the operating system that Register-EdgeBackupSchedule has made.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "EdgeBackupSchedule", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class UnregisterEdgeBackupScheduleCommand : EdgeRepositoryCommand
{
    /// <summary>Names; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Schedule { get; set; } = [];

    /// <summary>Only those of one scheduler.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ScheduleMethod? Method { get; set; }

    /// <summary>Only those of this user, or of the computer.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ScheduleScope? Scope { get; set; }

    /// <summary>Looks into the crontab of another user, as root.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Account")]
    [ValidateNotNullOrEmpty]
    public string? User { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var schedulers = ScheduleSurroundings.Schedulers(SessionState);
        var (names, method, scope, repository) = (Schedule, Method?.ToCore(), Scope?.ToCore(), RepositoryPath);
        var user = User == Environment.UserName ? null : User;
        var (locations, environment, _, author) = RepositorySession.Surroundings();
        var deed = Deed;
        RunEach(
            async (writer, cancellationToken) =>
            {
                var pipeline = new OperationPipeline(writer);
                var all = await schedulers.FindAsync(method, scope, user, cancellationToken).ConfigureAwait(false);
                var (found, missing) = ScheduleSurroundings.Select(all, names, repository);
                foreach (var schedule in found)
                {
                    if (await ConfirmAsync(pipeline, string.Join(", ", schedule.Places), $"Remove the schedule '{schedule.Name}'").ConfigureAwait(false))
                    {
                        await pipeline.GuardAsync(
                            async () =>
                            {
                                await schedulers.RemoveAsync(schedule, cancellationToken).ConfigureAwait(false);
                                await new NoteSchedule(locations, environment, author, deed, pipeline.Observer).RemovedAsync(schedule).ConfigureAwait(false);
                            },
                            schedule.Name).ConfigureAwait(false);
                    }
                }

                foreach (var name in missing)
                {
                    await pipeline.WriteErrorAsync(ScheduleSurroundings.NotFound(name, all)).ConfigureAwait(false);
                }
            },
            names);
    }
}
