using System.Management.Automation;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Base of the cmdlets that take notifications by -Notification, from a parameter or the pipeline.</summary>
public abstract class NotificationCommand : EdgeRepositoryCommand
{
    private protected List<string> Names { get; } = [];

    /// <summary>Names of notifications; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NotificationNameCompleter))]
    public string[] Notification { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => Names.AddRange(Notification);

    /// <summary>Runs an operation for each notification that the names mean.</summary>
    private protected void RunForNotifications(Func<RepositoryContext, ListedNotification, OperationPipeline, CancellationToken, Task> operation) =>
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            var found = await new ManageNotifications(context, pipeline.Observer).FindAsync(Names, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false);
            foreach (var listed in found)
            {
                await pipeline.GuardAsync(() => operation(context, listed, pipeline, cancellationToken), listed.Entry.Name).ConfigureAwait(false);
            }
        });
}
