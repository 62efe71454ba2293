using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Takes backups of devices, many at once; one result or one error for each.</summary>
[Cmdlet(VerbsCommon.New, "EdgeBackup", SupportsShouldProcess = true, DefaultParameterSetName = ManualSet)]
[OutputType(typeof(BackupInfo))]
public sealed class NewEdgeBackupCommand : DeviceCommand
{
    private const string ManualSet = "Manual";
    private const string AutomaticSet = "Automatic";

    /// <summary>The name of a manual backup.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ManualSet)]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>Takes an automatic backup.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AutomaticSet)]
    public SwitchParameter Automatic { get; set; }

    /// <summary>Configuration, or All with history; without it what the policy says.</summary>
    [Parameter]
    public BackupContent? Content { get; set; }

    /// <summary>How long to wait for a busy device.</summary>
    [Parameter]
    public TimeSpan WaitForIdle { get; set; }

    /// <summary>Devices that are captured at once.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int ThrottleLimit { get; set; } = 8;

    /// <summary>Also the devices below each, as one group with it.</summary>
    [Parameter]
    public SwitchParameter IncludeChildren { get; set; }

    /// <summary>Takes what the device gives for good, so that the next backups are measured against it.</summary>
    [Parameter]
    public SwitchParameter SkipValidation { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var options = new TakeBackupOptions
        {
            Kind = ParameterSetName == AutomaticSet ? Core.Items.BackupKind.Automatic : Core.Items.BackupKind.Manual,
            Name = Name,
            Content = Content is { } content ? content.ToCore() : null,
            WaitForIdle = WaitForIdle,
            ThrottleLimit = ThrottleLimit,
            IncludeChildren = IncludeChildren,
            SkipValidation = SkipValidation,
        };
        if (ParameterSetName == AutomaticSet && !Automatic)
        {
            throw new PSArgumentException("-Automatic:$false says nothing. Give -Automatic, or -Name for a manual backup.");
        }

        if (WaitForIdle < TimeSpan.Zero)
        {
            ThrowTerminatingError(EdgeErrors.ToErrorRecord(
                new ArgumentException($"-WaitForIdle must not be negative, and {WaitForIdle:c} is. Give how long to wait, 00:30:00 for half an hour, or leave it out: a busy device is then refused at once."),
                WaitForIdle));
        }

        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                var chosen = new List<string>();
                foreach (var (text, id, error) in await RegisteredDevices.ResolveAsync(context, Devices, cancellationToken, passOverReplaced: true).ConfigureAwait(false))
                {
                    if (error is not null)
                    {
                        await pipeline.WriteErrorAsync(error, text).ConfigureAwait(false);
                    }
                    else if (IncludeChildren || await ConfirmAsync(pipeline, id!, Describe()).ConfigureAwait(false))
                    {
                        chosen.Add(id!);
                    }
                }

                var operation = new TakeBackup(context, pipeline.Observer);
                if (!IncludeChildren)
                {
                    await operation.RunAsync(chosen, options, OnOutcomeAsync, cancellationToken).ConfigureAwait(false);
                    return;
                }

                var groups = new List<GroupPlan>();
                foreach (var group in chosen.Count == 0 ? [] : await operation.PlanAsync(chosen, options, cancellationToken).ConfigureAwait(false))
                {
                    if (await ConfirmAsync(pipeline, group.Group.Server, Describe() + DescribeChildren(group)).ConfigureAwait(false))
                    {
                        groups.Add(group);
                    }
                }

                await operation.RunAsync(groups, options, OnOutcomeAsync, cancellationToken).ConfigureAwait(false);

                Task OnOutcomeAsync(TakeBackupOutcome outcome) =>
                    outcome.Backup is { } backup ? pipeline.WriteAsync(backup.ToOutput()) : pipeline.WriteErrorAsync(outcome.Error!, outcome.Device);
            },
            Name);
    }

    private string Describe() => Name is null ? "Take an automatic backup" : $"Take the backup '{Name}'";

    private static string DescribeChildren(GroupPlan group)
    {
        var below = group.Group.Members.Skip(1).Select(member => member.Device).ToLookup(group.Faults.ContainsKey);
        var taken = below[false].ToList();
        var unknown = below[true].ToList();
        return (taken.Count == 0 ? "; no registered device stands below it" : $", and of the {taken.Count} devices below it: {string.Join(", ", taken)}")
            + (unknown.Count == 0 ? "" : $"; not of {string.Join(", ", unknown)}, which it lists and nobody has registered");
    }
}
