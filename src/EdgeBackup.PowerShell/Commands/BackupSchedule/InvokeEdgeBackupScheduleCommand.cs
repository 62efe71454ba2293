using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Takes every automatic backup that is due, once.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "EdgeBackupSchedule", SupportsShouldProcess = true)]
[OutputType(typeof(ScheduleResult))]
public sealed class InvokeEdgeBackupScheduleCommand : EdgeRepositoryCommand
{
    private readonly List<string> named = [];
    private readonly ScheduleExit exit = new();

    /// <summary>Ids of devices; wildcards allowed. Without it, all that are in service.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>Devices that are read at once, over all.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int ThrottleLimit { get; set; } = new RunScheduleOptions().ThrottleLimit;

    /// <summary>Devices that are read at once at one site, or behind one address.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int SiteThrottleLimit { get; set; } = new RunScheduleOptions().SiteThrottleLimit;

    /// <summary>How long busy devices are watched.</summary>
    [Parameter]
    public TimeSpan WatchFor { get; set; } = new RunScheduleOptions().WatchFor;

    /// <summary>Tells the outcome by the exit code of this PowerShell.</summary>
    [Parameter]
    public SwitchParameter SetExitCode { get; set; }

    private bool IsForAll => !MyInvocation.BoundParameters.ContainsKey(nameof(Device)) && !MyInvocation.ExpectingInput;

    /// <inheritdoc/>
    protected override void ProcessRecord() => named.AddRange(Device);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (WatchFor < TimeSpan.Zero)
        {
            throw new PSArgumentException($"-WatchFor must not be negative, and {WatchFor:c} is. Give how long busy devices are watched, 00:05:00 for five minutes.");
        }

        try
        {
            RunInRepository(RunAsync);
        }
        finally
        {
            if (SetExitCode)
            {
                SessionState.PSVariable.Set("global:LASTEXITCODE", exit.Code);
                Host.SetShouldExit(exit.Code);
            }
        }
    }

    private async Task RunAsync(RepositoryContext context, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        List<string>? devices = null;
        if (!IsForAll)
        {
            devices = [];
            foreach (var (text, id, error) in await RegisteredDevices.ResolveAsync(context, named, cancellationToken, passOverReplaced: true).ConfigureAwait(false))
            {
                if (error is not null)
                {
                    exit.Note(ScheduleOutcome.Failed);
                    await pipeline.WriteErrorAsync(error, text).ConfigureAwait(false);
                }
                else
                {
                    devices.Add(id!);
                }
            }
        }

        var plan = await new PlanSchedule(context, pipeline.Observer).RunAsync(devices, WatchFor, cancellationToken).ConfigureAwait(false);
        var chosen = new List<PlannedDevice>();
        foreach (var planned in plan)
        {
            if (!planned.IsDue || await ConfirmAsync(pipeline, planned.Device.Id, "Take an automatic backup").ConfigureAwait(false))
            {
                chosen.Add(planned);
            }
        }

        var options = new RunScheduleOptions { ThrottleLimit = ThrottleLimit, SiteThrottleLimit = SiteThrottleLimit, WatchFor = WatchFor, Tell = !IsWhatIf };
        await new RunSchedule(context, pipeline.Observer).RunAsync(
            chosen,
            options,
            outcome =>
            {
                exit.Note(outcome.Result.ToOutput());
                return pipeline.WriteAsync(ScheduleResult.From(outcome));
            },
            cancellationToken).ConfigureAwait(false);
        exit.NoteDone();
    }
}
