namespace EdgeBackup;

/// <summary>A value of an item that differs. Values are on one line, without control characters, and cut at 200 characters.</summary>
public sealed class ValueDifference
{
    /// <summary>Where it stands: a JSON pointer, with a number in brackets where a name occurs several times.</summary>
    public required string Path { get; init; }

    /// <summary>How it differs.</summary>
    public required ItemChange Change { get; init; }

    /// <summary>Its text in the reference; null when it is not there.</summary>
    public string? Reference { get; init; }

    /// <summary>Its text in the difference; null when it is not there.</summary>
    public string? Difference { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Change switch
    {
        ItemChange.Added => $"+ {Path}: {Difference}",
        ItemChange.Removed => $"- {Path}: {Reference}",
        _ => $"~ {Path}: {Reference} -> {Difference}",
    };
}
