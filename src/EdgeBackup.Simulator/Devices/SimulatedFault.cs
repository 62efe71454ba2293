using System.Text.Json.Serialization;

namespace EdgeBackup.Simulator.Devices;

/// <summary>How a call goes wrong.</summary>
public enum FaultKind
{
    /// <summary>Answers <see cref="SimulatedFault.Status"/> without doing anything.</summary>
    Status,

    /// <summary>Accepts the call and never answers; nothing is done.</summary>
    Silent,

    /// <summary>Waits <see cref="SimulatedFault.Seconds"/>, then sends the body in small pieces with the same wait between them.</summary>
    Slow,

    /// <summary>Closes the connection without doing anything.</summary>
    CutBefore,

    /// <summary>Does what was asked and closes the connection instead of answering.</summary>
    CutAfter,

    /// <summary>Closes the connection after <see cref="SimulatedFault.Bytes"/> bytes of the body.</summary>
    CutBody,

    /// <summary>Falls silent after <see cref="SimulatedFault.Bytes"/> bytes of the body.</summary>
    StallBody,

    /// <summary>Ends the body properly after <see cref="SimulatedFault.Bytes"/> bytes, as if that were all.</summary>
    ShortBody,

    /// <summary>Adds <see cref="SimulatedFault.Bytes"/> bytes to the body.</summary>
    LongBody,

    /// <summary>Answers 200 with <see cref="SimulatedFault.Body"/> instead of the true body.</summary>
    ReplaceBody,
}

/// <summary>A fault that waits for a call.</summary>
public sealed record SimulatedFault
{
    public required FaultKind Kind { get; init; }

    /// <summary>The HTTP method it waits for; null for any.</summary>
    public string? Method { get; init; }

    /// <summary>What comes behind <c>api/v1/</c>, with '*' for any run of characters: <c>items</c>, <c>items/*</c>, <c>restores/*/commit</c>; null for any.</summary>
    public string? Path { get; init; }

    /// <summary>How many calls it hits; negative: all of them.</summary>
    public int Times { get; init; } = 1;

    /// <summary>How many matching calls it lets pass first.</summary>
    public int Skip { get; init; }

    public int Status { get; init; } = 503;

    /// <summary>The <c>Retry-After</c> header of a status, verbatim; null for none.</summary>
    public string? RetryAfter { get; init; }

    public int Bytes { get; init; }

    public double Seconds { get; init; }

    /// <summary>What a slow answer waits for each time, instead of <see cref="Seconds"/>; null for that.</summary>
    [JsonIgnore]
    public Func<Task>? Pause { get; init; }

    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";
}

/// <summary>A restart of the device in the middle of a commit.</summary>
/// <param name="AwaySeconds">How long it answers nobody.</param>
/// <param name="Applies">Whether the staged state is the device's state afterwards.</param>
/// <param name="Answers">Whether the commit is answered (202) before the device goes.</param>
/// <param name="Forgets">Whether the session is unknown afterwards.</param>
public sealed record CommitRestart(double AwaySeconds, bool Applies = true, bool Answers = true, bool Forgets = true);
