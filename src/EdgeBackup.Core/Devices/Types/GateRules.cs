using EdgeBackup.Core.Devices.Gate;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>
/// How a device tells that something runs on it: a command, judged by <see cref="GateReader"/>. Busy is looked for first;
/// what is neither busy nor idle is unknown, and unknown counts as running (R2).
/// </summary>
public sealed record GateRules
{
    public required DeviceCommand Command { get; init; }

    /// <summary>Exit codes that mean busy.</summary>
    public IReadOnlyList<int> BusyExitCodes { get; init; } = [];

    /// <summary>A regular expression: a match in the output means busy. Only where the command exited with 0.</summary>
    public string? BusyPattern { get; init; }

    /// <summary>Exit codes that can mean idle.</summary>
    public IReadOnlyList<int> IdleExitCodes { get; init; } = [0];

    /// <summary>A regular expression without which the output is not idle; null: the exit code is enough.</summary>
    public string? IdlePattern { get; init; }

    /// <summary>
    /// A JSON pointer into the output, where a segment <c>*</c> stands for every element (<see cref="JsonPath"/>). Null:
    /// the output is not looked at as JSON.
    /// </summary>
    public string? JsonPointer { get; init; }

    /// <summary>Values at <see cref="JsonPointer"/>, written as JSON does without quotes (<c>true</c>, <c>C</c>, <c>0</c>); one of them anywhere means busy.</summary>
    public IReadOnlyList<string> BusyValues { get; init; } = [];

    /// <summary>Values at <see cref="JsonPointer"/> that mean idle; every value must be one of them.</summary>
    public IReadOnlyList<string> IdleValues { get; init; } = [];

    /// <summary>What runs, in the user's words: "a vehicle is charging".</summary>
    public string? What { get; init; }
}

/// <summary>What a gate's command told.</summary>
/// <param name="State">The decision.</param>
/// <param name="Reason">What runs, or why it is not known, without a full stop; null when idle.</param>
public sealed record GateReading(GateState State, string? Reason);
