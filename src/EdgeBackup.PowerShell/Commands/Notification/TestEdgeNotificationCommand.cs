using System.Management.Automation;
using EdgeBackup.Core.Operations.Notifications;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Sends a test message.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeNotification")]
[OutputType(typeof(NotificationTest))]
public sealed class TestEdgeNotificationCommand : NotificationCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() => RunForNotifications(async (context, listed, pipeline, cancellationToken) =>
    {
        var outcome = await new ManageNotifications(context, pipeline.Observer).TestAsync(listed.Entry, cancellationToken).ConfigureAwait(false);
        await pipeline.WriteAsync(new NotificationTest
        {
            Notification = listed.Entry.Name,
            Delivered = outcome.Error is null,
            Reason = outcome.Error,
            Duration = outcome.Duration,
        }).ConfigureAwait(false);
    });
}
