using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>The properties of the Device object.</summary>
internal sealed class DeviceObject(SimulatedBacnetDevice device)
{
    /// <summary>Of a device that has the properties 338 to 341, and of one from before them.</summary>
    private const uint ProtocolRevision = 14;
    private const uint OldProtocolRevision = 7;
    private const int ServiceBits = 41;
    private const int ObjectTypeBits = 60;

    /// <summary>Bits of later and of unconfirmed services are not their choice numbers (BACnetServicesSupported).</summary>
    private const int IAmBit = 26;
    private const int WhoIsBit = 34;
    private const int ReadRangeBit = 35;

    public IReadOnlyDictionary<BacnetProperty, Func<PropertyContent>> Properties(Func<IReadOnlyList<BacnetObjectId>> list)
    {
        var options = device.Options;
        var properties = new Dictionary<BacnetProperty, Func<PropertyContent>>
        {
            [BacnetProperty.ObjectIdentifier] = () => BacnetObjects.One(BacnetValue.OfObjectId(device.ObjectId)),
            [BacnetProperty.ObjectName] = () => BacnetObjects.Text(device.Name),
            [BacnetProperty.ObjectType] = () => BacnetObjects.Word((uint)BacnetObjectType.Device),
            [BacnetProperty.SystemStatus] = () => BacnetObjects.Word((uint)Status()),
            [BacnetProperty.VendorName] = () => BacnetObjects.Text("Simulated Controls"),
            [BacnetProperty.VendorIdentifier] = () => BacnetObjects.Number(options.VendorId),
            [BacnetProperty.ModelName] = () => BacnetObjects.Text("SIM-1"),
            [BacnetProperty.FirmwareRevision] = () => BacnetObjects.Text(device.Firmware),
            [BacnetProperty.ApplicationSoftwareVersion] = () => BacnetObjects.Text("1.0"),
            [BacnetProperty.Description] = () => BacnetObjects.Text("A simulated device"),
            [BacnetProperty.ProtocolVersion] = () => BacnetObjects.Number(1),
            [BacnetProperty.ProtocolRevision] = () => BacnetObjects.Number(options.TellsBackupState ? ProtocolRevision : OldProtocolRevision),
            [BacnetProperty.ProtocolServicesSupported] = () => BacnetObjects.One(BacnetValue.OfBits(Services())),
            [BacnetProperty.ProtocolObjectTypesSupported] = () => BacnetObjects.One(BacnetValue.OfBits(
                BacnetBits.Of(ObjectTypeBits, [.. list().Select(id => (int)id.Type).Distinct()]))),
            [BacnetProperty.ObjectList] = () => new PropertyContent([.. list().Select(BacnetValue.OfObjectId)], IsArray: true),
            [BacnetProperty.MaxApduLengthAccepted] = () => BacnetObjects.Number((uint)options.MaxApdu),
            [BacnetProperty.SegmentationSupported] = () => BacnetObjects.Word((uint)options.Segmentation),
            [BacnetProperty.ApduTimeout] = () => BacnetObjects.Number(3000),
            [BacnetProperty.NumberOfApduRetries] = () => BacnetObjects.Number(3),
            [BacnetProperty.LocalDate] = () => new PropertyContent([DeviceTimes.DateAndTime(device, device.Clock.GetUtcNow()).Values[0]]),
            [BacnetProperty.LocalTime] = () => new PropertyContent([DeviceTimes.DateAndTime(device, device.Clock.GetUtcNow()).Values[1]]),
            [BacnetProperty.UtcOffset] = () => BacnetObjects.One(BacnetValue.OfSigned(options.UtcOffset)),
            [BacnetProperty.DaylightSavingsStatus] = () => BacnetObjects.One(BacnetValue.OfBoolean(DeviceTimes.IsDaylightSaving(device, device.Clock.GetUtcNow()))),
            [BacnetProperty.DeviceAddressBinding] = () => new PropertyContent([]),
        };
        if (options.TellsRestores)
        {
            properties[BacnetProperty.DatabaseRevision] = () => BacnetObjects.Number(options.RevisionStays ? 1 : device.DatabaseRevision);
        }

        if (options.SerialNumber is { } serial)
        {
            properties[BacnetProperty.SerialNumber] = () => BacnetObjects.Text(serial);
        }

        if (options.Segmentation != BacnetSegmentation.None)
        {
            properties[BacnetProperty.MaxSegmentsAccepted] = () => BacnetObjects.Number((uint)options.MaxSegments);
            properties[BacnetProperty.ApduSegmentTimeout] = () => BacnetObjects.Number((uint)options.SegmentTimeout.TotalMilliseconds);
        }

        if (options.Reinitialize == ReinitializeSupport.Full)
        {
            AddProcedure(properties);
        }

        return properties;
    }

    private void AddProcedure(Dictionary<BacnetProperty, Func<PropertyContent>> properties)
    {
        var options = device.Options;
        properties[BacnetProperty.ConfigurationFiles] = () => new PropertyContent(
            [.. ConfigurationFiles().Select(instance => BacnetValue.OfObjectId(new BacnetObjectId(BacnetObjectType.File, instance)))], IsArray: true);
        properties[BacnetProperty.BackupFailureTimeout] = () => BacnetObjects.Number((uint)options.BackupFailureTimeout.TotalSeconds);
        if (options.TellsRestores && (!options.RevisionStays || options.RestoreTimeStays))
        {
            properties[BacnetProperty.LastRestoreTime] = () => BacnetObjects.One(BacnetValue.OfRaw(LastRestore()));
        }

        if (options.TellsBackupState)
        {
            properties[BacnetProperty.BackupAndRestoreState] = () => BacnetObjects.Word((uint)device.Procedure.ToldState);
            properties[BacnetProperty.BackupPreparationTime] = () => BacnetObjects.Number(Seconds(options.BackupPreparation));
            properties[BacnetProperty.RestorePreparationTime] = () => BacnetObjects.Number(Seconds(options.RestorePreparation));
            properties[BacnetProperty.RestoreCompletionTime] = () => BacnetObjects.Number(Seconds(options.RestoreCompletion));
        }
    }

    /// <summary>
    /// Nothing is promised of the list before a backup's preparation is over (clause 19.1.2.2): until then its last entry is
    /// missing, so that a client that reads it too early gets too little.
    /// </summary>
    private IEnumerable<uint> ConfigurationFiles() => device.Procedure.FilesAreReadable
        ? device.Files.Configuration
        : device.Files.Configuration.SkipLast(1);

    private BacnetSystemStatus Status() => device.Procedure.ToldState switch
    {
        _ when device.Procedure.IsYetToApply => BacnetSystemStatus.Operational,
        BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup => BacnetSystemStatus.BackupInProgress,
        BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore => BacnetSystemStatus.DownloadInProgress,
        BacnetBackupState.RestoreFailure => BacnetSystemStatus.DownloadRequired,
        _ => BacnetSystemStatus.Operational,
    };

    private BacnetBits Services()
    {
        var services = device.Services.Supported
            .Select(service => service == BacnetConfirmedService.ReadRange ? ReadRangeBit : (int)service)
            .Append(WhoIsBit).Append(IAmBit);
        return BacnetBits.Of(ServiceBits, [.. services]);
    }

    private byte[] LastRestore()
    {
        var writer = new BacnetWriter(16);
        if (device.Procedure.LastRestore is { } time && !device.Options.RestoreTimeStays)
        {
            DeviceTimes.Write(writer, 2, device, time);
        }
        else
        {
            writer.WriteOpening(2);
            writer.WriteDate(new BacnetDate(255, 255, 255, 255));
            writer.WriteTime(new BacnetTime(255, 255, 255, 255));
            writer.WriteClosing(2);
        }

        return writer.ToArray();
    }

    private static uint Seconds(TimeSpan time) => (uint)Math.Ceiling(time.TotalSeconds);
}
