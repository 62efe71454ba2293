using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Formatting;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>Tells the pipeline what an operation tells.</summary>
internal sealed class PipelineObserver(IPipelineWriter writer) : IOperationObserver
{
    public void Verbose(string message) => writer.Verbose(message);

    public void Warning(string message) => writer.Warning(message);

    public void Progress(OperationProgress progress)
    {
        var parts = new List<string>();
        if (progress.ItemsDone > 0)
        {
            parts.Add(progress.ItemsTotal > 0 ? $"{progress.ItemsDone} of {progress.ItemsTotal} items" : $"{progress.ItemsDone} items");
        }

        if (progress.BytesDone > 0)
        {
            parts.Add(progress.BytesTotal > 0
                ? $"{DisplayText.Size(progress.BytesDone)} of {DisplayText.Size(progress.BytesTotal)}"
                : DisplayText.Size(progress.BytesDone));
        }

        parts.Add(progress.Status);
        var percent = progress.BytesTotal > 0 ? (int)(100 * progress.BytesDone / progress.BytesTotal)
            : progress.ItemsTotal > 0 ? (int)(100 * progress.ItemsDone / progress.ItemsTotal)
            : -1;
        writer.Progress(new ProgressUpdate(progress.Activity, string.Join(", ", parts), percent));
    }
}
