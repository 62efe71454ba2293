namespace EdgeBackup.Core.Operations;

/// <summary>How far an operation has come. Latest wins: an observer may drop all but the last.</summary>
/// <param name="Activity">What is being done, to what.</param>
/// <param name="Status">What it is at now.</param>
/// <param name="ItemsDone">Items that are done.</param>
/// <param name="ItemsTotal">Items in all; 0 where it is not known yet.</param>
/// <param name="BytesDone">Bytes that are done.</param>
/// <param name="BytesTotal">Bytes in all; 0 where it is not known yet.</param>
public sealed record OperationProgress(string Activity, string Status, long ItemsDone = 0, long ItemsTotal = 0, long BytesDone = 0, long BytesTotal = 0)
{
    /// <summary>Tells parts apart that go on at the same time and are shown below the whole; null for the whole.</summary>
    public string? Part { get; init; }

    /// <summary>Whether the part has come to its end.</summary>
    public bool IsPartDone { get; init; }
}

/// <summary>Whom an operation tells its story. Members may be called from any thread and return at once.</summary>
public interface IOperationObserver
{
    /// <summary>One line of the story.</summary>
    void Verbose(string message);

    /// <summary>Something that the user should know and that did not stop the operation.</summary>
    void Warning(string message);

    void Progress(OperationProgress progress);
}

/// <summary>Tells nobody.</summary>
public sealed class SilentObserver : IOperationObserver
{
    public static readonly SilentObserver Instance = new();

    private SilentObserver()
    {
    }

    public void Verbose(string message)
    {
    }

    public void Warning(string message)
    {
    }

    public void Progress(OperationProgress progress)
    {
    }
}

/// <summary>Tells of one part among several that go on at the same time.</summary>
/// <param name="whole">Whom the whole tells its story.</param>
/// <param name="part">Which part: a device's id.</param>
public sealed class PartObserver(IOperationObserver whole, string part) : IOperationObserver
{
    public void Verbose(string message) => whole.Verbose(message);

    public void Warning(string message) => whole.Warning(message);

    public void Progress(OperationProgress progress) => whole.Progress(progress with { Part = part });

    /// <summary>The part has come to its end.</summary>
    public void Done() => whole.Progress(new OperationProgress(part, "") { Part = part, IsPartDone = true });
}
