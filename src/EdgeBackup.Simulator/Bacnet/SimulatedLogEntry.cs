using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>An entry of a log object, with the moment that the device wrote at it.</summary>
public abstract record SimulatedLogEntry(DateTimeOffset Time);

/// <summary>A logged value (trend log).</summary>
/// <param name="Value">Boolean, Unsigned, Signed, Real, Enumerated, BitString or Null; others go as any-value.</param>
/// <param name="InAlarm">The first of its four status flags.</param>
public sealed record SimulatedValueEntry(DateTimeOffset Time, BacnetValue Value, bool InAlarm = false) : SimulatedLogEntry(Time);

/// <summary>The values of all members at one moment (trend log multiple).</summary>
public sealed record SimulatedValuesEntry(DateTimeOffset Time, IReadOnlyList<BacnetValue> Values) : SimulatedLogEntry(Time);

/// <summary>The log was disabled, emptied, or interrupted by a restart.</summary>
public sealed record SimulatedStatusEntry(DateTimeOffset Time, bool Disabled = false, bool Purged = false, bool Interrupted = false)
    : SimulatedLogEntry(Time);

/// <summary>The value could not be read.</summary>
public sealed record SimulatedFailureEntry(DateTimeOffset Time, BacnetErrorClass Class, BacnetErrorCode Code) : SimulatedLogEntry(Time);

/// <summary>The device's clock was set by so many seconds.</summary>
public sealed record SimulatedTimeChangeEntry(DateTimeOffset Time, float Seconds) : SimulatedLogEntry(Time);

/// <summary>An event (event log).</summary>
/// <param name="Source">The object that it happened to.</param>
/// <param name="EventType">BACnetEventType: 0 change-of-bitstring, 1 change-of-state, 5 out-of-range.</param>
/// <param name="Message">Null: none.</param>
/// <param name="NotifyType">0 alarm, 1 event, 2 acknowledgement.</param>
/// <param name="FromState">0 normal, 1 fault, 2 offnormal, 3 high-limit, 4 low-limit.</param>
/// <param name="ToState">As <paramref name="FromState"/>.</param>
public sealed record SimulatedNotificationEntry(
    DateTimeOffset Time,
    BacnetObjectId Source,
    uint EventType,
    string? Message,
    uint NotifyType,
    uint FromState,
    uint ToState) : SimulatedLogEntry(Time);
