using System.Management.Automation;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists who is told of what, and how it goes with the messages.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeNotification")]
[OutputType(typeof(NotificationInfo))]
public sealed class GetEdgeNotificationCommand : EdgeRepositoryCommand
{
    /// <summary>Names; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NotificationNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void EndProcessing() => RunInRepository(async (context, pipeline, cancellationToken) =>
    {
        foreach (var listed in await new ManageNotifications(context, pipeline.Observer).FindAsync(Name, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false))
        {
            await pipeline.WriteAsync(NotificationOutput.From(listed)).ConfigureAwait(false);
        }
    });
}
