using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>Entries of logs as ReadRange carries them: BACnetLogRecord, BACnetLogMultipleRecord, BACnetEventLogRecord.</summary>
internal static class LogRecords
{
    public static byte[] Encode(SimulatedBacnetDevice device, SimulatedBacnetLog log, SimulatedLogEntry entry)
    {
        var writer = new BacnetWriter(64);
        DeviceTimes.Write(writer, 0, device, entry.Time);
        writer.WriteOpening(1);
        switch (entry)
        {
            case SimulatedStatusEntry status:
                writer.WriteContextBits(0, Status(status));
                break;
            case SimulatedTimeChangeEntry change:
                // The choice of a plain trend log has more members before this one.
                writer.WriteContextReal((byte)(log.Id.Type == BacnetObjectType.TrendLog ? 9 : 2), change.Seconds);
                break;
            case SimulatedValuesEntry values:
                writer.WriteOpening(1);
                foreach (var value in values.Values)
                {
                    WriteDatum(writer, value, first: 0);
                }

                writer.WriteClosing(1);
                break;
            case SimulatedFailureEntry failure when log.Id.Type == BacnetObjectType.TrendLogMultiple:
                writer.WriteOpening(1);
                WriteFailure(writer, 7, failure);
                writer.WriteClosing(1);
                break;
            case SimulatedFailureEntry failure:
                WriteFailure(writer, 8, failure);
                break;
            case SimulatedNotificationEntry notification:
                writer.WriteOpening(1);
                WriteNotification(writer, device, notification);
                writer.WriteClosing(1);
                break;
            case SimulatedValueEntry value:
                WriteDatum(writer, value.Value, first: 1);
                break;
        }

        writer.WriteClosing(1);
        if (entry is SimulatedValueEntry || (log.Id.Type == BacnetObjectType.TrendLog && device.Options.FlagsBehindEveryRecord))
        {
            writer.WriteContextBits(2, entry is SimulatedValueEntry { InAlarm: true } ? BacnetBits.Of(4, 0) : BacnetBits.Of(4));
        }

        return writer.ToArray();
    }

    /// <summary>One value of the choice, whose numbers begin at 1 in a trend log and at 0 in a trend log multiple.</summary>
    private static void WriteDatum(BacnetWriter writer, BacnetValue value, byte first)
    {
        switch (value.Type)
        {
            case BacnetType.Boolean:
                writer.WriteContextBoolean(first, value.AsBoolean!.Value);
                break;
            case BacnetType.Real:
                writer.WriteContextReal((byte)(first + 1), (float)value.AsNumber!.Value);
                break;
            case BacnetType.Enumerated:
                writer.WriteContextUnsigned((byte)(first + 2), value.AsEnumerated!.Value);
                break;
            case BacnetType.Unsigned:
                writer.WriteContextUnsigned((byte)(first + 3), value.AsUnsigned!.Value);
                break;
            case BacnetType.Signed:
                writer.WriteContextSigned((byte)(first + 4), value.AsSigned!.Value);
                break;
            case BacnetType.BitString:
                writer.WriteContextBits((byte)(first + 5), value.AsBits!);
                break;
            case BacnetType.Null:
                writer.WriteContextNull((byte)(first + 6));
                break;
            default:
                // any-value stands behind failure, and in a trend log behind time-change too.
                var any = (byte)(first == 0 ? 8 : 10);
                writer.WriteOpening(any);
                writer.WriteValue(value);
                writer.WriteClosing(any);
                break;
        }
    }

    private static void WriteFailure(BacnetWriter writer, byte context, SimulatedFailureEntry failure)
    {
        writer.WriteOpening(context);
        writer.WriteEnumerated((uint)failure.Class);
        writer.WriteEnumerated((uint)failure.Code);
        writer.WriteClosing(context);
    }

    /// <summary>A ConfirmedEventNotification-Request, as the device would have sent it (clause 13.8).</summary>
    private static void WriteNotification(BacnetWriter writer, SimulatedBacnetDevice device, SimulatedNotificationEntry entry)
    {
        const uint NotificationClass = 1;
        const uint Priority = 100;
        writer.WriteContextUnsigned(0, 1);
        writer.WriteContextObjectId(1, device.ObjectId);
        writer.WriteContextObjectId(2, entry.Source);
        writer.WriteOpening(3);
        DeviceTimes.Write(writer, 2, device, entry.Time);
        writer.WriteClosing(3);
        writer.WriteContextUnsigned(4, NotificationClass);
        writer.WriteContextUnsigned(5, Priority);
        writer.WriteContextUnsigned(6, entry.EventType);
        if (entry.Message is { } message)
        {
            writer.WriteContextText(7, message);
        }

        writer.WriteContextUnsigned(8, entry.NotifyType);
        writer.WriteContextBoolean(9, entry.NotifyType == 0);
        writer.WriteContextUnsigned(10, entry.FromState);
        writer.WriteContextUnsigned(11, entry.ToState);
    }

    private static BacnetBits Status(SimulatedStatusEntry status)
    {
        var bits = new List<int>();
        if (status.Disabled)
        {
            bits.Add(0);
        }

        if (status.Purged)
        {
            bits.Add(1);
        }

        if (status.Interrupted)
        {
            bits.Add(2);
        }

        return BacnetBits.Of(3, [.. bits]);
    }
}
