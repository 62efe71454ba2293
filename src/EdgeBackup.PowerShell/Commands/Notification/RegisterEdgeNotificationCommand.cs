using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Registers who is told of failures, recoveries and runs of the schedule.</summary>
[Cmdlet(VerbsLifecycle.Register, "EdgeNotification", SupportsShouldProcess = true, DefaultParameterSetName = WebhookSet)]
[OutputType(typeof(NotificationInfo))]
public sealed class RegisterEdgeNotificationCommand : EdgeRepositoryCommand
{
    private const string WebhookSet = "Webhook";
    private const string EventLogSet = "EventLog";

    /// <summary>Its name; one that has the name is replaced.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>Where messages are posted.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = WebhookSet)]
    [ValidateNotNullOrEmpty]
    public string? Url { get; set; }

    /// <summary>The key of the signatures; without it, the one there is, or a new one.</summary>
    [Parameter(ParameterSetName = WebhookSet)]
    public SecureString? Secret { get; set; }

    /// <summary>Allows plain http to other machines.</summary>
    [Parameter(ParameterSetName = WebhookSet)]
    public SwitchParameter AllowUnencrypted { get; set; }

    /// <summary>Writes to the event log of Windows.</summary>
    [Parameter(Mandatory = true, ParameterSetName = EventLogSet)]
    public SwitchParameter EventLog { get; set; }

    /// <summary>What is told.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public NotificationTopic[] Event { get; set; } = [];

    /// <summary>Only of these devices; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>Only of devices with one of these tags; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Only of devices at these sites; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Site { get; set; } = [];

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ParameterSetName == EventLogSet && !EventLog)
        {
            throw new PSArgumentException("-EventLog:$false says nothing. Give -EventLog, or -Url for a webhook.");
        }

        if (!ShouldProcess(Name, "Register notification"))
        {
            return;
        }

        var options = new RegisterNotificationOptions
        {
            Name = Name,
            Url = Url,
            Secret = SecretText.Read(Secret),
            Topics = Array.ConvertAll(Event, topic => Enum.Parse<Core.Records.NotificationTopic>(topic.ToString())),
            Devices = Device,
            Tags = Tag,
            Sites = Site,
            AllowUnencrypted = AllowUnencrypted,
        };
        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                var (listed, made) = await new ManageNotifications(context, pipeline.Observer).RegisterAsync(options, cancellationToken).ConfigureAwait(false);
                if (options.Url is null && !context.SystemLog.IsAvailable)
                {
                    pipeline.Observer.Warning("The event log is Windows', and this is another system: nothing is written here. Runs on Windows machines write it.");
                }

                var output = new PSObject(NotificationOutput.From(listed, made));
                if (made is not null)
                {
                    output.TypeNames.Insert(0, "EdgeBackup.NotificationInfo#New");
                }

                await pipeline.WriteAsync(output).ConfigureAwait(false);
            },
            Name);
    }
}
