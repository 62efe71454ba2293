using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Gate;

/// <summary>Whether a device may be captured or restored now.</summary>
public enum GateState
{
    /// <summary>It may.</summary>
    Idle,

    /// <summary>Something runs.</summary>
    Busy,

    /// <summary>It cannot be known, which counts as running (R2).</summary>
    Unknown,
}

/// <summary>A connector on which something runs.</summary>
/// <param name="ChargePoint">The charge point's id.</param>
/// <param name="Connector">The connector's number.</param>
/// <param name="TransactionId">Null where the status says that something runs but no transaction is told.</param>
/// <param name="Started">UTC; null where the device does not say.</param>
/// <param name="Status">The connector's status, verbatim.</param>
public sealed record RunningTransaction(
    string ChargePoint,
    int Connector,
    string? TransactionId,
    DateTimeOffset? Started,
    string Status);

/// <summary>The gate's answer after one look.</summary>
/// <param name="State">Busy where anything runs, also when something else is unknown.</param>
/// <param name="Reasons">One sentence each, what runs first; empty when idle.</param>
/// <param name="Running">The connectors on which something runs, in the device's order.</param>
public sealed record GateDecision(GateState State, IReadOnlyList<string> Reasons, IReadOnlyList<RunningTransaction> Running)
{
    public bool IsIdle => State == GateState.Idle;

    /// <summary>The reasons as one text, without a full stop at its end.</summary>
    public string Reason => GateMessages.Join(Reasons);

    /// <summary>Work that is no transaction cannot be stopped from here.</summary>
    private string Advice => Running.Count > 0
        ? "Wait for the end (-WaitForIdle), or stop it with Stop-EdgeTransaction"
        : "Wait until it has ended, then try again; New-EdgeBackup -WaitForIdle waits by itself";

    /// <summary>The refusal.</summary>
    /// <returns>DeviceBusy or DeviceStateUnknown.</returns>
    /// <exception cref="InvalidOperationException">The device is idle: there is nothing to refuse.</exception>
    public EdgeBackupException ToException(string deviceId) => State switch
    {
        GateState.Busy => new EdgeBackupException(
            ErrorIds.DeviceBusy,
            $"The device '{deviceId}' is busy: {Reason}. {Advice}.",
            deviceId),
        GateState.Unknown => new EdgeBackupException(
            ErrorIds.DeviceStateUnknown,
            $"Whether a transaction runs on the device '{deviceId}' cannot be known, which counts as running: {Reason}. "
            + "Bring the charge points back in touch, then try again.",
            deviceId),
        _ => throw new InvalidOperationException("An idle device is not refused."),
    };
}

/// <summary>The answer after a capture: whether anything began since the look before it (R3).</summary>
/// <param name="State">Idle: the capture stands. Busy: something began. Unknown: that cannot be told.</param>
/// <param name="Reasons">One sentence each; empty when the capture stands.</param>
public sealed record SecondLook(GateState State, IReadOnlyList<string> Reasons)
{
    /// <summary>Whether the capture may be recorded.</summary>
    public bool Stands => State == GateState.Idle;

    /// <summary>The reasons as one text, without a full stop at its end.</summary>
    public string Reason => GateMessages.Join(Reasons);

    /// <summary>The refusal.</summary>
    /// <returns>CaptureInterrupted where something began, DeviceStateUnknown where that cannot be told.</returns>
    /// <exception cref="InvalidOperationException">The capture stands.</exception>
    public EdgeBackupException ToException(string deviceId) => State switch
    {
        GateState.Busy => new EdgeBackupException(
            ErrorIds.CaptureInterrupted,
            $"The capture of '{deviceId}' was discarded, because a transaction began meanwhile: {Reason}. Nothing was recorded; try again when the device is idle.",
            deviceId),
        GateState.Unknown => new EdgeBackupException(
            ErrorIds.DeviceStateUnknown,
            $"The capture of '{deviceId}' was discarded, because it cannot be known whether a transaction began meanwhile: {Reason}. Nothing was recorded; try again later.",
            deviceId),
        _ => throw new InvalidOperationException("A capture that stands is not refused."),
    };
}

internal static class GateMessages
{
    /// <summary>A site has dozens of connectors; a message names the first ones and counts the rest.</summary>
    private const int Limit = 10;

    public static string Join(IReadOnlyList<string> reasons)
    {
        var text = string.Join("; ", reasons.Take(Limit));
        return reasons.Count > Limit ? $"{text}; and {reasons.Count - Limit} more" : text;
    }
}
