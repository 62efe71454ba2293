namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>Something to do on the pipeline's thread.</summary>
internal abstract class PumpAction
{
    /// <summary>Does it. What it throws is the pipeline's to handle.</summary>
    public abstract void Execute();

    /// <summary>The pipeline is broken: it will not be done, and whoever waits for it is told.</summary>
    public abstract void Drop();
}

/// <summary>Nobody waits for it.</summary>
internal sealed class PumpNotice(Action notice) : PumpAction
{
    public override void Execute() => notice();

    public override void Drop()
    {
    }
}

/// <summary>The engine waits for its answer.</summary>
internal sealed class PumpQuestion<T>(Func<T> question) : PumpAction
{
    // The engine must not go on living on the pipeline's thread.
    private readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => answer.Task;

    public override void Execute()
    {
        try
        {
            answer.TrySetResult(question());
        }
        catch
        {
            // The pipeline's exception is not the engine's business: the engine sees a cancellation.
            answer.TrySetCanceled();
            throw;
        }
    }

    public override void Drop() => answer.TrySetCanceled();
}
