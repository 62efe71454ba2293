using System.Management.Automation;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>
/// Base of all cmdlets: runs an asynchronous engine under the pipeline, stops it when the pipeline stops, and turns
/// what it throws into one error record.
/// </summary>
public abstract class EdgeCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private bool disposed;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs an engine to its end. What it throws ends this command with an error record.</summary>
    /// <param name="engine">Runs on the thread pool; writes through the writer; honours the token.</param>
    /// <param name="target">What the user named, for the error's TargetObject where the error itself names nothing.</param>
    private protected void Run(Func<IPipelineWriter, CancellationToken, Task> engine, object? target = null)
    {
        try
        {
            using var pump = new PipelinePump(this);
            pump.Run(engine, stop.Token);
        }
        catch (Exception exception) when (!EdgeErrors.IsFlowControl(exception))
        {
            ThrowTerminatingError(EdgeErrors.ToErrorRecord(exception, target));
        }
    }

    /// <summary>
    /// Runs an engine for one input of many: what it throws is that input's error, and the next input gets its turn.
    /// </summary>
    /// <param name="engine">As in <see cref="Run"/>.</param>
    /// <param name="target">The input.</param>
    private protected void RunEach(Func<IPipelineWriter, CancellationToken, Task> engine, object? target)
    {
        try
        {
            using var pump = new PipelinePump(this);
            pump.Run(engine, stop.Token);
        }
        catch (Exception exception) when (EdgeErrors.EndsCommand(exception))
        {
            ThrowTerminatingError(EdgeErrors.ToErrorRecord(exception, target));
        }
        catch (Exception exception) when (!EdgeErrors.IsFlowControl(exception))
        {
            WriteError(EdgeErrors.ToErrorRecord(exception, target));
        }
    }

    /// <summary>Ctrl+C: asks the engine to stop. The pump waits until it has.</summary>
    protected override void StopProcessing()
    {
        lock (gate)
        {
            if (!disposed)
            {
                // Callbacks run elsewhere: the thread that stops a pipeline must not wait for our clean-up.
                _ = stop.CancelAsync();
            }
        }
    }

    /// <summary>Releases what the command holds; PowerShell calls it when the pipeline ends, however it ends.</summary>
    protected virtual void Dispose(bool disposing)
    {
        lock (gate)
        {
            if (disposing && !disposed)
            {
                disposed = true;
                stop.Dispose();
            }
        }
    }
}
