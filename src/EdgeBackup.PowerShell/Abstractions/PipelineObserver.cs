using System.Globalization;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Formatting;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>Tells the story of an operation to the pipeline.</summary>
internal sealed class PipelineObserver(IPipelineWriter writer) : IOperationObserver
{
    /// <summary>Parts that are shown at the same time; a console has so many lines. Others go on unseen.</summary>
    private const int ShownParts = 12;

    private readonly Dictionary<string, int> parts = new(StringComparer.Ordinal);

    public void Verbose(string message) => writer.Verbose(message);

    public void Warning(string message) => writer.Warning(message);

    public void Progress(OperationProgress progress)
    {
        if (FindLine(progress) is { } line)
        {
            writer.Progress(new ProgressUpdate(progress.Activity, Status(progress), Percent(progress), line) { IsDone = progress.IsPartDone });
        }
    }

    /// <summary>The whole has line 0; a part keeps its line until it is done.</summary>
    private int? FindLine(OperationProgress progress)
    {
        if (progress.Part is not { } part)
        {
            return 0;
        }

        lock (parts)
        {
            if (parts.TryGetValue(part, out var line))
            {
                if (progress.IsPartDone)
                {
                    parts.Remove(part);
                }

                return line;
            }

            if (progress.IsPartDone || parts.Count == ShownParts)
            {
                return null;
            }

            line = Enumerable.Range(1, ShownParts).First(free => !parts.ContainsValue(free));
            parts[part] = line;
            return line;
        }
    }

    private static string Status(OperationProgress progress)
    {
        var parts = new List<string> { progress.Status };
        if (progress.ItemsDone > 0 && !progress.Status.Contains(progress.ItemsDone.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))
        {
            parts.Add(progress.ItemsTotal > 0 ? $"{progress.ItemsDone} of {progress.ItemsTotal} items" : $"{progress.ItemsDone} items");
        }

        if (progress.BytesDone > 0)
        {
            parts.Add(progress.BytesTotal > 0 ? $"{DisplayText.Size(progress.BytesDone)} of {DisplayText.Size(progress.BytesTotal)}" : DisplayText.Size(progress.BytesDone));
        }

        return string.Join(", ", parts.Where(part => part.Length > 0));
    }

    // Bytes tell more than items where both are known: items differ in size.
    private static int Percent(OperationProgress progress) =>
        progress.BytesTotal > 0 ? (int)Math.Min(100, progress.BytesDone * 100.0 / progress.BytesTotal)
        : progress.ItemsTotal > 0 ? (int)Math.Min(100, progress.ItemsDone * 100.0 / progress.ItemsTotal)
        : -1;
}
