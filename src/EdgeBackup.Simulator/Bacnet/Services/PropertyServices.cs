using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>ReadProperty, ReadPropertyMultiple and WriteProperty (clauses 15.5, 15.7 and 15.9).</summary>
internal sealed class PropertyServices(SimulatedBacnetDevice device, BacnetObjects objects)
{
    /// <summary>The property identifiers that mean several at once.</summary>
    private const uint Required = 105;
    private const uint Optional = 80;

    public ServiceAnswer Read(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadContextObjectId(0, out var id) || !reader.TryReadContextUnsigned(1, out var property) || !TryReadIndex(ref reader, 2, out var index))
        {
            return ServiceAnswer.Malformed;
        }

        if (objects.Read(id, (BacnetProperty)property, index, out var values) is { } fault)
        {
            return fault.ToAnswer();
        }

        var writer = new BacnetWriter();
        writer.WriteContextObjectId(0, objects.Resolve(id));
        writer.WriteContextUnsigned(1, property);
        WriteIndex(writer, 2, index);
        WriteValues(writer, 3, values);
        return ServiceAnswer.Of(writer);
    }

    public ServiceAnswer ReadMultiple(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        var writer = new BacnetWriter(1024);
        if (reader.AtEnd)
        {
            return ServiceAnswer.Malformed;
        }

        while (!reader.AtEnd)
        {
            if (!reader.TryReadContextObjectId(0, out var id) || !reader.TryReadOpening(1))
            {
                return ServiceAnswer.Malformed;
            }

            writer.WriteContextObjectId(0, objects.Resolve(id));
            writer.WriteOpening(1);
            while (!reader.IsClosing(1))
            {
                if (!reader.TryReadContextUnsigned(0, out var property) || !TryReadIndex(ref reader, 1, out var index))
                {
                    return ServiceAnswer.Malformed;
                }

                foreach (var one in Expand(id, property))
                {
                    WriteResult(writer, id, one, index);
                }
            }

            reader.TryReadClosing(1);
            writer.WriteClosing(1);
        }

        return ServiceAnswer.Of(writer);
    }

    public ServiceAnswer Write(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadContextObjectId(0, out var id)
            || !reader.TryReadContextUnsigned(1, out var property)
            || !TryReadIndex(ref reader, 2, out _)
            || !reader.TryReadOpening(3)
            || !reader.TryReadValues(3, out var values))
        {
            return ServiceAnswer.Malformed;
        }

        if (objects.Find(id) is not { } properties)
        {
            return PropertyFault.UnknownObject.ToAnswer();
        }

        if (!properties.ContainsKey((BacnetProperty)property))
        {
            return PropertyFault.UnknownProperty.ToAnswer();
        }

        if (values.Count != 1)
        {
            return ServiceAnswer.Error(BacnetErrorClass.Property, BacnetErrorCode.InvalidDataType);
        }

        if (device.Logs.FirstOrDefault(log => log.Id == id) is { } log && (BacnetProperty)property == BacnetProperty.RecordCount && values[0].AsUnsigned == 0)
        {
            log.Purge();
            return ServiceAnswer.Done;
        }

        return id.Type == BacnetObjectType.File ? WriteFile(id.Instance, (BacnetProperty)property, values[0]) : PropertyFault.WriteDenied.ToAnswer();
    }

    private ServiceAnswer WriteFile(uint instance, BacnetProperty property, BacnetValue value)
    {
        if (property == BacnetProperty.Archive)
        {
            if (value.AsBoolean is not { } archived)
            {
                return ServiceAnswer.Error(BacnetErrorClass.Property, BacnetErrorCode.InvalidDataType);
            }

            device.SetArchived(instance, archived);
            return ServiceAnswer.Done;
        }

        if (property is not (BacnetProperty.FileSize or BacnetProperty.RecordCount)
            || !device.Options.FileSizeIsWritable
            || (device.Files.IsConfiguration(instance) && !device.Procedure.FilesAreWritable))
        {
            return PropertyFault.WriteDenied.ToAnswer();
        }

        if (value.AsUnsigned is not { } size)
        {
            return ServiceAnswer.Error(BacnetErrorClass.Property, BacnetErrorCode.InvalidDataType);
        }

        if (size > SimulatedBacnetDevice.LargestFile)
        {
            return ServiceAnswer.Error(BacnetErrorClass.Property, BacnetErrorCode.ValueOutOfRange);
        }

        var file = device.Files[instance];
        device.Files.Put(instance, property == BacnetProperty.FileSize ? file.Resize((int)size) : file.ResizeRecords((int)size));
        return ServiceAnswer.Done;
    }

    private IEnumerable<uint> Expand(BacnetObjectId id, uint property) =>
        property is (uint)BacnetProperty.All or Required or Optional && objects.Find(id) is { } properties
            ? properties.Keys.Select(key => (uint)key)
            : [property];

    private void WriteResult(BacnetWriter writer, BacnetObjectId id, uint property, uint? index)
    {
        var fault = objects.Read(id, (BacnetProperty)property, index, out var values);
        writer.WriteContextUnsigned(2, property);
        WriteIndex(writer, 3, index);
        if (fault is { } why)
        {
            writer.WriteOpening(5);
            writer.WriteEnumerated((uint)why.Class);
            writer.WriteEnumerated((uint)why.Code);
            writer.WriteClosing(5);
        }
        else
        {
            WriteValues(writer, 4, values);
        }
    }

    private static void WriteValues(BacnetWriter writer, byte context, IReadOnlyList<BacnetValue> values)
    {
        writer.WriteOpening(context);
        foreach (var value in values)
        {
            writer.WriteValue(value);
        }

        writer.WriteClosing(context);
    }

    /// <returns>False only where an index stands there and cannot be read.</returns>
    internal static bool TryReadIndex(ref BacnetReader reader, byte context, out uint? index)
    {
        index = null;
        if (!reader.IsContext(context))
        {
            return true;
        }

        if (!reader.TryReadContextUnsigned(context, out var number))
        {
            return false;
        }

        index = number;
        return true;
    }

    internal static void WriteIndex(BacnetWriter writer, byte context, uint? index)
    {
        if (index is { } number)
        {
            writer.WriteContextUnsigned(context, number);
        }
    }
}
