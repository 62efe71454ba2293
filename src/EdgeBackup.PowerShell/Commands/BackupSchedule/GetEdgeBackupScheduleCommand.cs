using System.Management.Automation;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the schedules that Register-EdgeBackupSchedule has made in the operating system.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeBackupSchedule")]
[OutputType(typeof(ScheduleInfo))]
public sealed class GetEdgeBackupScheduleCommand : EdgeRepositoryCommand
{
    /// <summary>Names; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only those of one scheduler.</summary>
    [Parameter]
    public ScheduleMethod? Method { get; set; }

    /// <summary>Only those of this user, or of the computer.</summary>
    [Parameter]
    public ScheduleScope? Scope { get; set; }

    /// <summary>Looks into the crontab of another user, as root.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? User { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var schedulers = ScheduleSurroundings.Schedulers(SessionState);
        var repository = RepositoryPath;

        // Whoever may look into no other crontab may still name themselves.
        var user = User == Environment.UserName ? null : User;
        Run(async (writer, cancellationToken) =>
        {
            var pipeline = new OperationPipeline(writer);
            var all = await schedulers.FindAsync(Method?.ToCore(), Scope?.ToCore(), user, cancellationToken).ConfigureAwait(false);
            var (found, missing) = ScheduleSurroundings.Select(all, Name, repository);
            foreach (var schedule in found)
            {
                await pipeline.WriteAsync(ScheduleInfo.From(schedule)).ConfigureAwait(false);
            }

            foreach (var name in missing)
            {
                await pipeline.WriteErrorAsync(ScheduleSurroundings.NotFound(name, all)).ConfigureAwait(false);
            }
        });
    }
}
