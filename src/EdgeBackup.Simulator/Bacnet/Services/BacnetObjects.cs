using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>The objects of a simulated device and their properties. Called under the device's lock.</summary>
internal sealed class BacnetObjects(SimulatedBacnetDevice device)
{
    private readonly DeviceObject deviceObject = new(device);

    /// <summary>Instance 4194303 of a Device object stands for the device that is asked, whichever it is.</summary>
    public BacnetObjectId Resolve(BacnetObjectId id) =>
        id is { Type: BacnetObjectType.Device, Instance: BacnetObjectId.LargestInstance } ? device.ObjectId : id;

    /// <summary>All of them, the Device object first.</summary>
    public IReadOnlyList<BacnetObjectId> List() =>
    [
        device.ObjectId,
        .. device.Files.Instances.Select(instance => new BacnetObjectId(BacnetObjectType.File, instance)),
        .. device.Points.Select(point => point.Id),
        .. device.Logs.Select(log => log.Id),
    ];

    /// <returns>Null where there is no such object.</returns>
    public IReadOnlyDictionary<BacnetProperty, Func<PropertyContent>>? Find(BacnetObjectId id)
    {
        id = Resolve(id);
        if (id == device.ObjectId)
        {
            return deviceObject.Properties(List);
        }

        if (id.Type == BacnetObjectType.File)
        {
            return device.Files.Find(id.Instance) is { } file ? FileProperties(id, file) : null;
        }

        return device.Logs.FirstOrDefault(log => log.Id == id) is { } log ? LogProperties(log)
            : device.Points.FirstOrDefault(point => point.Id == id) is { } point ? PointProperties(point)
            : null;
    }

    public PropertyFault? Read(BacnetObjectId id, BacnetProperty property, uint? index, out IReadOnlyList<BacnetValue> values)
    {
        values = [];
        if (Find(id) is not { } properties)
        {
            return PropertyFault.UnknownObject;
        }

        if (property == BacnetProperty.LogBuffer && properties.ContainsKey(BacnetProperty.BufferSize))
        {
            return PropertyFault.ReadDenied;
        }

        return properties.TryGetValue(property, out var read) ? read().Select(index, out values) : PropertyFault.UnknownProperty;
    }

    internal static PropertyContent One(BacnetValue value) => new([value]);

    internal static PropertyContent Text(string value) => One(BacnetValue.OfText(value));

    internal static PropertyContent Number(ulong value) => One(BacnetValue.OfUnsigned(value));

    internal static PropertyContent Word(uint value) => One(BacnetValue.OfEnumerated(value));

    private Dictionary<BacnetProperty, Func<PropertyContent>> FileProperties(BacnetObjectId id, SimulatedBacnetFile file)
    {
        var properties = Common(id, $"FILE {id.Instance}");
        properties[BacnetProperty.FileType] = () => Text("application/octet-stream");
        properties[BacnetProperty.FileSize] = () => Number((uint)(device.Faults.ToldLength ?? file.Length));
        properties[BacnetProperty.ModificationDate] = () => DeviceTimes.DateAndTime(device, device.LastChange);
        properties[BacnetProperty.Archive] = () => One(BacnetValue.OfBoolean(device.Archived.Contains(id.Instance)));
        properties[BacnetProperty.ReadOnly] = () => One(BacnetValue.OfBoolean(false));
        properties[BacnetProperty.FileAccessMethod] = () => Word((uint)file.Access);
        if (file.Access == BacnetFileAccess.Record)
        {
            properties[BacnetProperty.RecordCount] = () => Number((uint)(device.Faults.ToldLength ?? file.Records.Count));
        }

        return properties;
    }

    private static Dictionary<BacnetProperty, Func<PropertyContent>> LogProperties(SimulatedBacnetLog log)
    {
        var properties = Common(log.Id, log.Name);
        properties[BacnetProperty.Description] = () => Text(log.Description);
        properties[BacnetProperty.Enable] = () => One(BacnetValue.OfBoolean(true));
        properties[BacnetProperty.StopWhenFull] = () => One(BacnetValue.OfBoolean(false));
        properties[BacnetProperty.BufferSize] = () => Number((uint)log.BufferSize);
        properties[BacnetProperty.RecordCount] = () => Number((uint)log.Entries.Count);
        properties[BacnetProperty.TotalRecordCount] = () => Number(log.Total);
        properties[BacnetProperty.EventState] = () => Word(0);
        properties[BacnetProperty.StatusFlags] = () => One(BacnetValue.OfBits(BacnetBits.Of(4)));
        if (log.Id.Type != BacnetObjectType.EventLog)
        {
            properties[BacnetProperty.LogInterval] = () => Number(90_000);
            properties[BacnetProperty.LoggingType] = () => Word(0);
            properties[BacnetProperty.LogDeviceObjectProperty] = () => new PropertyContent(
                [.. log.Logged.SelectMany(Reference)], IsArray: log.Id.Type == BacnetObjectType.TrendLogMultiple);
        }

        return properties;
    }

    /// <summary>A BACnetDeviceObjectPropertyReference to a present value of the same device.</summary>
    private static IEnumerable<BacnetValue> Reference(BacnetObjectId id)
    {
        var writer = new BacnetWriter(16);
        writer.WriteContextObjectId(0, id);
        var first = writer.ToArray();
        writer.Clear();
        writer.WriteContextUnsigned(1, (uint)BacnetProperty.PresentValue);
        return [BacnetValue.OfRaw(first), BacnetValue.OfRaw(writer.Span)];
    }

    private static Dictionary<BacnetProperty, Func<PropertyContent>> PointProperties(SimulatedBacnetPoint point)
    {
        var properties = Common(point.Id, point.Name);
        properties[BacnetProperty.PresentValue] = () => One(BacnetValue.OfReal(point.Value));
        properties[BacnetProperty.Units] = () => Word(point.Units);
        properties[BacnetProperty.EventState] = () => Word(0);
        properties[BacnetProperty.OutOfService] = () => One(BacnetValue.OfBoolean(false));
        properties[BacnetProperty.StatusFlags] = () => One(BacnetValue.OfBits(BacnetBits.Of(4)));
        return properties;
    }

    private static Dictionary<BacnetProperty, Func<PropertyContent>> Common(BacnetObjectId id, string name) => new()
    {
        [BacnetProperty.ObjectIdentifier] = () => One(BacnetValue.OfObjectId(id)),
        [BacnetProperty.ObjectName] = () => Text(name),
        [BacnetProperty.ObjectType] = () => Word((uint)id.Type),
    };
}
