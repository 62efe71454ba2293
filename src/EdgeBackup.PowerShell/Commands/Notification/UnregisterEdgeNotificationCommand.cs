using System.Management.Automation;
using EdgeBackup.Core.Operations.Notifications;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Tells somebody nothing any more.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "EdgeNotification", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class UnregisterEdgeNotificationCommand : NotificationCommand
{
    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing() => RunForNotifications(async (context, listed, pipeline, cancellationToken) =>
    {
        if (await ConfirmAsync(pipeline, listed.Entry.Name, "End notification").ConfigureAwait(false))
        {
            await new ManageNotifications(context, pipeline.Observer).UnregisterAsync(listed.Entry, cancellationToken).ConfigureAwait(false);
        }
    });
}
