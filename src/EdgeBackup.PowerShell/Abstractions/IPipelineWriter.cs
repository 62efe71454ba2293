using System.Management.Automation;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>
/// What an engine may ask of the pipeline from any thread. The awaitable members return when the pipeline has taken
/// the object (back-pressure), and throw <see cref="OperationCanceledException"/> once the pipeline is stopping.
/// </summary>
internal interface IPipelineWriter
{
    /// <summary>Writes an object to the output.</summary>
    Task WriteObjectAsync(object value);

    /// <summary>Writes objects to the output, one by one, with one hand-over.</summary>
    Task WriteObjectsAsync(IReadOnlyList<object> values);

    /// <summary>Writes a non-terminating error.</summary>
    Task WriteErrorAsync(ErrorRecord error);

    /// <summary>Runs something on the pipeline's thread and gives its answer: ShouldProcess and ShouldContinue.</summary>
    Task<T> InvokeAsync<T>(Func<T> question);

    /// <summary>Tells the story, for -Verbose. Keeps its place among the objects.</summary>
    void Verbose(string message);

    /// <summary>Writes a warning. Keeps its place among the objects.</summary>
    void Warning(string message);

    /// <summary>Says how far the work is. Cheap to call often: only the latest is shown, a few times a second.</summary>
    void Progress(ProgressUpdate update);
}

/// <summary>How far one activity is.</summary>
/// <param name="Activity">What is being done: "Backing up site-042".</param>
/// <param name="Status">Where it is: "12 of 60 items, 3.1 MB".</param>
/// <param name="Percent">0 to 100; -1 where the end is not known.</param>
/// <param name="Id">Tells activities apart that are shown at the same time; 0 is the command's own.</param>
internal sealed record ProgressUpdate(string Activity, string Status, int Percent = -1, int Id = 0)
{
    /// <summary>Whether the activity is over and its line is taken away.</summary>
    public bool IsDone { get; init; }
}
