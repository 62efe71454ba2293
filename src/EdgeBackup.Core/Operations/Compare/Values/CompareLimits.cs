namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>How much of an item is looked into. Items come from devices, and a device may be broken or hostile.</summary>
internal sealed record CompareLimits
{
    public static readonly CompareLimits Default = new();

    /// <summary>Bytes of an item of text.</summary>
    public int TextBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes of a database, and of what its values hold together.</summary>
    public int DatabaseBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Steps that SQLite may take to read a database: some hundred for each value.</summary>
    public int DatabaseSteps { get; init; } = 100_000_000;

    /// <summary>Levels of values in values.</summary>
    public int Depth { get; init; } = 100;

    /// <summary>Values of one item.</summary>
    public int Values { get; init; } = 400_000;

    /// <summary>Differences of one item that are told.</summary>
    public int Details { get; init; } = 1_000;

    /// <summary>Characters of a value that are shown.</summary>
    public int ShownLength { get; init; } = 200;

    /// <summary>Elements that two sequences may differ by and still be laid side by side as well as can be.</summary>
    public int Edits { get; init; } = 2_000;
}

/// <summary>An item cannot be read as what it seemed to be, or not within the limits.</summary>
/// <param name="reason">Goes on from "It is compared line by line, since": a clause without a full stop.</param>
internal sealed class ValuesUnreadableException(string reason) : Exception(reason);

/// <summary>Counts the values of one item while it is read.</summary>
internal sealed class ValueBudget(CompareLimits limits, CancellationToken cancellationToken)
{
    private const int Interval = 1024;

    private int count;
    private long length;

    public CancellationToken CancellationToken => cancellationToken;

    public CompareLimits Limits => limits;

    /// <exception cref="ValuesUnreadableException">Too many.</exception>
    public void Count()
    {
        if (++count > limits.Values)
        {
            throw new ValuesUnreadableException($"it holds more than {limits.Values:N0} values");
        }

        if (count % Interval == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <exception cref="ValuesUnreadableException">The values of a database are longer together than any database that is looked into.</exception>
    public void CountBytes(int bytes)
    {
        length += bytes;
        if (length > limits.DatabaseBytes)
        {
            throw new ValuesUnreadableException($"its values hold more than {limits.DatabaseBytes:N0} bytes together");
        }
    }

    /// <exception cref="ValuesUnreadableException">Too deep.</exception>
    public void CheckDepth(int depth)
    {
        if (depth > limits.Depth)
        {
            throw new ValuesUnreadableException($"its values are nested deeper than {limits.Depth} levels");
        }
    }
}
