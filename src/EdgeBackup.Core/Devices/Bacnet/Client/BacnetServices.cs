namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The bytes of requests, and what answers say (ASHRAE 135, clauses 13 to 16 and 21).</summary>
internal static class BacnetServices
{
    /// <summary>The most items that a list of any answer is read to.</summary>
    private const int MostItems = 100_000;

    public static BacnetRequest ReadProperty(BacnetObjectId target, BacnetProperty property, uint? arrayIndex)
    {
        var writer = new BacnetWriter(32);
        WriteReference(writer, target, property, arrayIndex);
        return new BacnetRequest(
            BacnetConfirmedService.ReadProperty,
            writer.Memory,
            HasResult: true,
            answer =>
            {
                var reader = new BacnetReader(answer.Span);
                return TryReadReference(ref reader, target, property, arrayIndex);
            });
    }

    public static IReadOnlyList<BacnetValue> ReadPropertyAnswer(ReadOnlySpan<byte> answer, BacnetObjectId target, BacnetProperty property, uint? arrayIndex)
    {
        var reader = new BacnetReader(answer);
        if (TryReadReference(ref reader, target, property, arrayIndex) && reader.TryReadOpening(3) && reader.TryReadValues(3, out var values))
        {
            return values;
        }

        throw Unreadable(BacnetConfirmedService.ReadProperty, reader);
    }

    public static BacnetRequest ReadProperties(IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)> wanted)
    {
        var writer = new BacnetWriter(16 * wanted.Count);
        for (var index = 0; index < wanted.Count; index++)
        {
            if (index == 0 || wanted[index].Target != wanted[index - 1].Target)
            {
                if (index > 0)
                {
                    writer.WriteClosing(1);
                }

                writer.WriteContextObjectId(0, wanted[index].Target);
                writer.WriteOpening(1);
            }

            writer.WriteContextUnsigned(0, (uint)wanted[index].Property);
        }

        writer.WriteClosing(1);
        return new BacnetRequest(
            BacnetConfirmedService.ReadPropertyMultiple,
            writer.Memory,
            HasResult: true,
            answer =>
            {
                var reader = new BacnetReader(answer.Span);
                return reader.TryReadContextObjectId(0, out var first) && first == wanted[0].Target;
            });
    }

    /// <returns>In the order of the answer; a value that cannot be read is an error of its own property.</returns>
    public static List<BacnetPropertyResult> ReadPropertiesAnswer(ReadOnlySpan<byte> answer)
    {
        var reader = new BacnetReader(answer);
        var results = new List<BacnetPropertyResult>();
        while (!reader.AtEnd)
        {
            if (!reader.TryReadContextObjectId(0, out var target) || !reader.TryReadOpening(1))
            {
                throw Unreadable(BacnetConfirmedService.ReadPropertyMultiple, reader);
            }

            while (!reader.IsClosing(1))
            {
                if (results.Count == MostItems
                    || !reader.TryReadContextUnsigned(2, out var property)
                    || (reader.IsContext(3) && !reader.TryReadContextUnsigned(3, out _))
                    || !TryReadResult(ref reader, out var values, out var error))
                {
                    throw Unreadable(BacnetConfirmedService.ReadPropertyMultiple, reader);
                }

                results.Add(new BacnetPropertyResult(target, (BacnetProperty)property, values, error));
            }

            if (!reader.TryReadClosing(1))
            {
                throw Unreadable(BacnetConfirmedService.ReadPropertyMultiple, reader);
            }
        }

        return results;
    }

    public static BacnetRequest WriteProperty(BacnetObjectId target, BacnetProperty property, uint? arrayIndex, BacnetValue value)
    {
        var writer = new BacnetWriter();
        WriteReference(writer, target, property, arrayIndex);
        writer.WriteOpening(3);
        writer.WriteValue(value);
        writer.WriteClosing(3);
        return new BacnetRequest(BacnetConfirmedService.WriteProperty, writer.Memory, HasResult: false);
    }

    public static BacnetRequest CreateObject(BacnetObjectId target)
    {
        var writer = new BacnetWriter(16);
        writer.WriteOpening(0);
        writer.WriteContextObjectId(1, target);
        writer.WriteClosing(0);
        return new BacnetRequest(BacnetConfirmedService.CreateObject, writer.Memory, HasResult: true);
    }

    public static BacnetObjectId CreateObjectAnswer(ReadOnlySpan<byte> answer)
    {
        var reader = new BacnetReader(answer);
        return reader.TryReadObjectId(out var created) ? created : throw Unreadable(BacnetConfirmedService.CreateObject, reader);
    }

    public static BacnetRequest Reinitialize(BacnetReinitializedState state, string? password)
    {
        var writer = new BacnetWriter(32);
        writer.WriteContextUnsigned(0, (uint)state);
        if (password is not null)
        {
            writer.WriteContextText(1, password);
        }

        return new BacnetRequest(BacnetConfirmedService.ReinitializeDevice, writer.Memory, HasResult: false);
    }

    public static BacnetRequest ReadRange(BacnetObjectId target, BacnetProperty property, BacnetRangeRequest range)
    {
        var writer = new BacnetWriter(48);
        WriteReference(writer, target, property, arrayIndex: null);
        writer.WriteOpening((byte)range.Kind);
        if (range.Kind == BacnetRangeKind.ByTime)
        {
            writer.WriteDate(range.Date);
            writer.WriteTime(range.Time);
        }
        else
        {
            writer.WriteUnsigned(range.Reference);
        }

        writer.WriteSigned(range.Count);
        writer.WriteClosing((byte)range.Kind);
        return new BacnetRequest(
            BacnetConfirmedService.ReadRange,
            writer.Memory,
            HasResult: true,
            answer =>
            {
                var reader = new BacnetReader(answer.Span);
                return TryReadReference(ref reader, target, property, arrayIndex: null);
            });
    }

    public static BacnetRange ReadRangeAnswer(ReadOnlyMemory<byte> answer, BacnetObjectId target, BacnetProperty property)
    {
        var reader = new BacnetReader(answer.Span);
        if (!TryReadReference(ref reader, target, property, arrayIndex: null)
            || !reader.TryReadContextBits(3, out var flags)
            || !reader.TryReadContextUnsigned(4, out var count)
            || !reader.TryReadOpening(5))
        {
            throw Unreadable(BacnetConfirmedService.ReadRange, reader);
        }

        var start = reader.Position;
        while (!reader.IsClosing(5))
        {
            if (!reader.TryReadRaw(out _))
            {
                throw Unreadable(BacnetConfirmedService.ReadRange, reader);
            }
        }

        var items = answer[start..reader.Position];
        uint? sequence = null;
        if (reader.TryReadClosing(5) && reader.IsContext(6))
        {
            if (!reader.TryReadContextUnsigned(6, out var first))
            {
                throw Unreadable(BacnetConfirmedService.ReadRange, reader);
            }

            sequence = first;
        }

        return new BacnetRange(flags[0], flags[1], flags[2], count, sequence, items);
    }

    /// <summary>The two enumerations of an Error; some services wrap them in a construct with more behind (CreateObject-Error).</summary>
    public static BacnetException ReadError(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (reader.IsOpening(0))
        {
            reader.TryReadOpening(0);
        }

        return reader.TryReadEnumerated(out var errorClass) && reader.TryReadEnumerated(out var code)
            ? new BacnetErrorException((BacnetErrorClass)errorClass, (BacnetErrorCode)code)
            : new BacnetAnswerException("the device answered with an error that cannot be read: " + reader.Fault);
    }

    public static BacnetAnswerException Unreadable(BacnetConfirmedService service, in BacnetReader reader) =>
        new($"the answer to {service} cannot be read: {reader.Fault ?? "it ends too early"} at byte {reader.Position}");

    private static void WriteReference(BacnetWriter writer, BacnetObjectId target, BacnetProperty property, uint? arrayIndex)
    {
        writer.WriteContextObjectId(0, target);
        writer.WriteContextUnsigned(1, (uint)property);
        if (arrayIndex is { } index)
        {
            writer.WriteContextUnsigned(2, index);
        }
    }

    /// <summary>Reads an object, a property and an array index, which must be those that were asked for.</summary>
    private static bool TryReadReference(ref BacnetReader reader, BacnetObjectId target, BacnetProperty property, uint? arrayIndex)
    {
        if (!reader.TryReadContextObjectId(0, out var readTarget) || !reader.TryReadContextUnsigned(1, out var readProperty))
        {
            return false;
        }

        uint? readIndex = null;
        if (reader.IsContext(2))
        {
            if (!reader.TryReadContextUnsigned(2, out var index))
            {
                return false;
            }

            readIndex = index;
        }

        // Whoever asks the Device object 4194303 is answered with the real instance (clause 15.5.1.1.1).
        return (readTarget == target || (target.Type == BacnetObjectType.Device && target.Instance == BacnetObjectId.LargestInstance && readTarget.Type == target.Type))
            && readProperty == (uint)property
            && readIndex == arrayIndex;
    }

    private static bool TryReadResult(ref BacnetReader reader, out IReadOnlyList<BacnetValue> values, out BacnetException? error)
    {
        values = [];
        error = null;
        if (reader.IsOpening(5))
        {
            if (!reader.TryReadOpening(5) || !reader.TryReadEnumerated(out var errorClass) || !reader.TryReadEnumerated(out var code))
            {
                return false;
            }

            error = new BacnetErrorException((BacnetErrorClass)errorClass, (BacnetErrorCode)code);
            return reader.TryReadClosing(5);
        }

        var start = reader;
        if (!reader.TryReadOpening(4))
        {
            return false;
        }

        if (reader.TryReadValues(4, out var read))
        {
            values = read;
            return true;
        }

        error = new BacnetAnswerException($"its value cannot be read: {reader.Fault}");
        reader = start;
        return reader.TryReadRaw(out _);
    }
}
