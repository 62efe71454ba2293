using System.Collections;
using System.Management.Automation;
using EdgeBackup.Core.Errors;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.TestCmdlets;

/// <summary>Runs an engine that writes numbers and notes in a table what happened to it.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "TestEngine", SupportsShouldProcess = true)]
[OutputType(typeof(int))]
public sealed class InvokeTestEngineCommand : EdgeCommand
{
    /// <summary>Gets Started, Written, Cancelled, CleanedUp and AfterPipeline.</summary>
    [Parameter(Mandatory = true)]
    public Hashtable Journal { get; set; } = [];

    [Parameter]
    public int Count { get; set; } = 5;

    [Parameter]
    public int[] ErrorAt { get; set; } = [];

    [Parameter]
    public int ThrowAt { get; set; } = -1;

    [Parameter]
    public string? ErrorId { get; set; }

    [Parameter]
    public SwitchParameter Hang { get; set; }

    /// <summary>Something else goes on meanwhile, which hears of the end by its token alone.</summary>
    [Parameter]
    public SwitchParameter WithSideTask { get; set; }

    [Parameter]
    public SwitchParameter ShowProgress { get; set; }

    [Parameter]
    public SwitchParameter Ask { get; set; }

    [Parameter]
    public SwitchParameter NonTerminating { get; set; }

    [Parameter]
    public int CleanUpMilliseconds { get; set; } = 50;

    [Parameter(ValueFromPipeline = true)]
    public string? InputObject { get; set; }

    protected override void ProcessRecord()
    {
        if (NonTerminating)
        {
            RunEach(EngineAsync, InputObject);
        }
        else
        {
            Run(EngineAsync, InputObject);
        }
    }

    private async Task EngineAsync(IPipelineWriter writer, CancellationToken cancellationToken)
    {
        Note("Started", true);
        var side = WithSideTask ? SideAsync(cancellationToken) : Task.CompletedTask;
        Note("Thread", Environment.CurrentManagedThreadId);
        try
        {
            for (var number = 1; number <= Count; number++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await WriteAsync(writer, number).ConfigureAwait(false);
                Note("Written", number);
            }

            if (Hang)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            Note("Cancelled", true);
            throw;
        }
        finally
        {
            // A lease to give back takes time; nobody may go home before.
            await side.ConfigureAwait(false);
            await Task.Delay(CleanUpMilliseconds, CancellationToken.None).ConfigureAwait(false);
            writer.Verbose("cleaned up");
            Note("CleanedUp", true);
        }
    }

    private async Task SideAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMinutes(2), cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Note("SideCancelled", true);
        }
    }

    private async Task WriteAsync(IPipelineWriter writer, int number)
    {
        if (number == ThrowAt)
        {
            throw ErrorId is null
                ? new InvalidOperationException("broken inside")
                : new EdgeBackupException(ErrorId, "It happened to 'X'. Do this.", "X");
        }

        if (ShowProgress)
        {
            writer.Progress(new ProgressUpdate("Counting", $"{number} of {Count}", number * 100 / Count));
            await Task.Delay(20).ConfigureAwait(false);
        }

        if (Ask && !await writer.InvokeAsync(() => ShouldProcess($"number {number}", "Write")).ConfigureAwait(false))
        {
            return;
        }

        writer.Verbose($"number {number}");
        if (ErrorAt.Contains(number))
        {
            await writer.WriteErrorAsync(EdgeErrors.ToErrorRecord(
                new EdgeBackupException(ErrorIds.DeviceUnreachable, $"Device '{number}' does not answer.", $"{number}"))).ConfigureAwait(false);
        }
        else
        {
            await writer.WriteObjectAsync(number).ConfigureAwait(false);
        }
    }

    private void Note(string key, object value)
    {
        lock (Journal.SyncRoot)
        {
            Journal[key] = value;
        }
    }
}
