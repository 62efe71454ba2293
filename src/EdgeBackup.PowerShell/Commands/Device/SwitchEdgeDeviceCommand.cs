using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Moves a broken device's state and history onto its replacement, and fences the broken one.</summary>
[Cmdlet(VerbsCommon.Switch, "EdgeDevice", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(SwitchResult))]
public sealed class SwitchEdgeDeviceCommand : EdgeRepositoryCommand
{
    /// <summary>The id of the replacement.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string Device { get; set; } = "";

    /// <summary>The id of the broken device.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReplacedDeviceIdCompleter))]
    public string Replaces { get; set; } = "";

    /// <summary>One of the broken device's backups; its newest without it.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SwitchedBackupIdCompleter))]
    public string? Backup { get; set; }

    /// <summary>Why, for the record.</summary>
    [Parameter]
    public string? Reason { get; set; }

    /// <summary>Takes no backup of the replacement before.</summary>
    [Parameter]
    public SwitchParameter SkipSafetyBackup { get; set; }

    /// <summary>Answers the confirmation; lifts the refusals that say so.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing() => RunInRepository(
        async (context, pipeline, cancellationToken) =>
        {
            var device = await RegisteredDevices.ResolveOneAsync(context, Device, cancellationToken).ConfigureAwait(false);
            var options = new SwitchOptions { Device = device, Replaces = Replaces, Backup = Backup, Reason = Reason, SkipSafetyBackup = SkipSafetyBackup, Force = Force };
            var operation = new SwitchDevice(context, pipeline.Observer);
            if (IsWhatIf)
            {
                var preview = await operation.PlanAsync(options, cancellationToken).ConfigureAwait(false);
                if (preview is not null)
                {
                    await RestoreWhatIf.ShowAsync(this, pipeline, preview).ConfigureAwait(false);
                }

                await ConfirmAsync(pipeline, Replaces, preview is null ? $"Confirm that '{device}' replaces it" : $"Fence, as replaced by '{device}'").ConfigureAwait(false);
                return;
            }

            if (!await ConfirmAsync(pipeline, device, $"Restore the state of '{Replaces}' and fence '{Replaces}'", Force).ConfigureAwait(false))
            {
                return;
            }

            await operation.RunAsync(options, cancellationToken, outcome => pipeline.WriteAsync(new SwitchResult
            {
                Device = outcome.Device,
                Replaces = outcome.Replaces,
                Backup = outcome.Fence.Backup ?? "",
                SafetyBackup = outcome.Restore?.SafetyBackup,
                Restored = [.. outcome.Restore?.Restored ?? []],
                Unchanged = [.. outcome.Restore?.Unchanged ?? []],
                Removed = [.. outcome.Restore?.Removed ?? []],
                NotRestored = (outcome.Restore?.NotRestored ?? []).ToOutput(),
                Verified = outcome.Restore?.Verified == true,
                Fenced = true,
                Duration = outcome.Restore?.Duration ?? TimeSpan.Zero,
            })).ConfigureAwait(false);
        },
        Device);
}
