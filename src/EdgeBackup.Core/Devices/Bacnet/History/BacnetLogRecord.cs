namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A record of a log buffer, in the words of an archive.</summary>
/// <param name="Local">In the device's local time; null where the device left a part of it open.</param>
/// <param name="Values">One; of a Trend_Log_Multiple one a member; empty where the record holds none.</param>
/// <param name="Status">Status flags, a status of the log, a failure or a change of the clock; of several values one each, or one for all.</param>
/// <param name="Event">Of an Event_Log; null for what is no event.</param>
internal sealed record BacnetLogRecord(DateTime? Local, IReadOnlyList<string?> Values, IReadOnlyList<string> Status, BacnetLoggedEvent? Event = null);

/// <summary>An event notification as it was logged.</summary>
/// <param name="Source">The object that it happened to.</param>
/// <param name="EventType">BACnetEventType.</param>
/// <param name="NotifyType">0 alarm, 1 event, 2 acknowledgement.</param>
/// <param name="Message">Null: none.</param>
/// <param name="From">BACnetEventState before; null: not told.</param>
/// <param name="To">BACnetEventState after; null: not told.</param>
internal sealed record BacnetLoggedEvent(BacnetObjectId Source, uint EventType, uint NotifyType, string? Message, uint? From, uint? To);
