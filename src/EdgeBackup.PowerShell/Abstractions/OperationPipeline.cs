using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>What an operation of Core needs of the pipeline.</summary>
internal sealed class OperationPipeline(IPipelineWriter writer)
{
    public IOperationObserver Observer { get; } = new PipelineObserver(writer);

    public Task WriteAsync(object value) => writer.WriteObjectAsync(value);

    /// <summary>Writes many objects with one hand-over; the list may be used again when it returns.</summary>
    public Task WriteAllAsync(IReadOnlyList<object> values) => values.Count == 0 ? Task.CompletedTask : writer.WriteObjectsAsync(values);

    public Task WriteErrorAsync(Exception exception) => writer.WriteErrorAsync(EdgeErrors.ToErrorRecord(exception));

    public Task WriteErrorAsync(Exception exception, object target) => writer.WriteErrorAsync(EdgeErrors.ToErrorRecord(exception, target));

    public Task WriteErrorAsync(System.Management.Automation.ErrorRecord error) => writer.WriteErrorAsync(error);

    /// <summary>Runs a question on the pipeline's thread.</summary>
    public Task<bool> AskAsync(Func<bool> question) => writer.InvokeAsync(question);

    /// <summary>One input's failure is its own error, and the next input gets its turn (R16).</summary>
    public async Task GuardAsync(Func<Task> action, object target)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException && !EdgeErrors.IsFlowControl(exception) && !EdgeErrors.EndsCommand(exception))
        {
            await WriteErrorAsync(exception, target).ConfigureAwait(false);
        }
    }
}
