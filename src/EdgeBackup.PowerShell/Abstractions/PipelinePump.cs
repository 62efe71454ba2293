using System.Collections.Concurrent;
using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>
/// Lets an asynchronous engine write to a synchronous pipeline. The engine runs on the thread pool and posts actions to
/// a bounded queue; the pipeline's thread executes them. The engine is always waited for, also when the pipeline breaks
/// off or the user presses Ctrl+C: it holds leases and connections that must be given back.
/// </summary>
/// <param name="cmdlet">Whose pipeline it is.</param>
internal sealed class PipelinePump(Cmdlet cmdlet) : IPipelineWriter, IDisposable
{
    private const int QueueLength = 64;

    /// <summary>Between two looks at the progress.</summary>
    private const int ProgressMilliseconds = 250;

    private readonly BlockingCollection<PumpAction> queue = new(QueueLength);
    private readonly PumpProgress progress = new(cmdlet);

    /// <summary>Runs the engine to its end and executes what it posts.</summary>
    /// <param name="engine">What to run, on the thread pool.</param>
    /// <param name="stopping">Cancelled by StopProcessing.</param>
    /// <exception cref="PipelineStoppedException">The pipeline was stopped.</exception>
    public void Run(Func<IPipelineWriter, CancellationToken, Task> engine, CancellationToken stopping)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var work = Task.Run(() => RunEngineAsync(engine, linked.Token), CancellationToken.None);
        var cancelling = Task.CompletedTask;
        ExceptionDispatchInfo? broken = null;

        // Without a token on purpose: the queue ends when the engine does, and only then.
        while (!queue.IsCompleted)
        {
            try
            {
                if (queue.TryTake(out var action, ProgressMilliseconds, CancellationToken.None))
                {
                    if (broken is null)
                    {
                        action.Execute();
                    }
                    else
                    {
                        action.Drop();
                    }
                }

                if (broken is null)
                {
                    progress.Show();
                }
            }
            catch (Exception exception)
            {
                // Select-Object -First, -ErrorAction Stop, Ctrl+C inside a write: remember it and let the engine finish.
                broken ??= ExceptionDispatchInfo.Capture(exception);
                cancelling = linked.CancelAsync();
            }
        }

        var failure = Join(work, cancelling);
        progress.Complete();

        broken?.Throw();
        if (failure is OperationCanceledException && stopping.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    public Task WriteObjectAsync(object value) => InvokeAsync(() => Write(() => cmdlet.WriteObject(value)));

    public Task WriteObjectsAsync(IReadOnlyList<object> values) => InvokeAsync(() => Write(() =>
    {
        foreach (var value in values)
        {
            cmdlet.WriteObject(value);
        }
    }));

    public Task WriteErrorAsync(ErrorRecord error) => InvokeAsync(() => Write(() => cmdlet.WriteError(error)));

    public Task<T> InvokeAsync<T>(Func<T> question)
    {
        var action = new PumpQuestion<T>(question);
        if (!TryPost(action))
        {
            action.Drop();
        }

        return action.Answer;
    }

    public void Verbose(string message) => TryPost(new PumpNotice(() => cmdlet.WriteVerbose(message)));

    public void Warning(string message) => TryPost(new PumpNotice(() => cmdlet.WriteWarning(message)));

    public void Progress(ProgressUpdate update) => progress.Set(update);

    public void Dispose() => queue.Dispose();

    private static bool Write(Action write)
    {
        write();
        return true;
    }

    private static Exception? Join(Task work, Task cancelling)
    {
        try
        {
            cancelling.GetAwaiter().GetResult();
            work.GetAwaiter().GetResult();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private async Task RunEngineAsync(Func<IPipelineWriter, CancellationToken, Task> engine, CancellationToken cancellationToken)
    {
        try
        {
            await engine(this, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            queue.CompleteAdding();
        }
    }

    /// <summary>False when the engine has ended: a straggler of it has nobody left to tell.</summary>
    private bool TryPost(PumpAction action)
    {
        try
        {
            queue.Add(action);
            return true;
        }
        catch (InvalidOperationException)
        {
            // Completed, or disposed of (ObjectDisposedException is one of these).
            return false;
        }
    }
}
