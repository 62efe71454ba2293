using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>What a request is met with instead of its answer.</summary>
public enum BacnetFaultKind
{
    /// <summary>An Error of <see cref="SimulatedBacnetFault.ErrorClass"/> and <see cref="SimulatedBacnetFault.ErrorCode"/>; nothing is done.</summary>
    Error,

    /// <summary>A Reject for <see cref="SimulatedBacnetFault.Reject"/>; nothing is done.</summary>
    Reject,

    /// <summary>An Abort for <see cref="SimulatedBacnetFault.Abort"/>; nothing is done.</summary>
    Abort,

    /// <summary>No answer; nothing is done.</summary>
    Silent,

    /// <summary>What was asked is done, and nobody is told.</summary>
    SilentAfter,

    /// <summary>The device crashes: it answers nobody for <see cref="SimulatedBacnetFault.Away"/>, and has forgotten the procedure.</summary>
    Crash,

    /// <summary>The answer's bytes are <see cref="SimulatedBacnetFault.Answer"/>.</summary>
    Garbage,
}

/// <summary>A fault that waits for a request.</summary>
public sealed record SimulatedBacnetFault
{
    public BacnetFaultKind Kind { get; init; } = BacnetFaultKind.Error;

    /// <summary>Which service; null: any.</summary>
    public BacnetConfirmedService? Service { get; init; }

    /// <summary>Which ReinitializeDevice; null: any.</summary>
    public BacnetReinitializedState? State { get; init; }

    /// <summary>Which property is read or written; null: any.</summary>
    public BacnetProperty? Property { get; init; }

    /// <summary>Only requests of more bytes than this; null: any.</summary>
    public int? LongerThan { get; init; }

    public BacnetErrorClass ErrorClass { get; init; } = BacnetErrorClass.Device;

    public BacnetErrorCode ErrorCode { get; init; } = BacnetErrorCode.DeviceBusy;

    public BacnetRejectReason Reject { get; init; } = BacnetRejectReason.UnrecognizedService;

    public BacnetAbortReason Abort { get; init; } = BacnetAbortReason.OutOfResources;

    public TimeSpan Away { get; init; }

    public byte[] Answer { get; init; } = [];

    /// <summary>Lets so many matching requests pass first.</summary>
    public int Skip { get; init; }

    /// <summary>How many requests it hits; -1 for all.</summary>
    public int Times { get; init; } = 1;
}
