namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Whether a device can be backed up by the procedure of clause 19.1, as far as its Device object tells.</summary>
public static class BacnetBackupAbility
{
    private static readonly BacnetConfirmedService[] Needed =
        [BacnetConfirmedService.ReinitializeDevice, BacnetConfirmedService.AtomicReadFile, BacnetConfirmedService.ReadProperty];

    /// <summary>The properties of the Device object that tell.</summary>
    internal static IReadOnlyList<BacnetProperty> Asked { get; } =
        [BacnetProperty.ProtocolServicesSupported, BacnetProperty.ProtocolObjectTypesSupported, BacnetProperty.ConfigurationFiles];

    /// <param name="device">What <see cref="Asked"/> names, read or refused.</param>
    /// <returns>A sentence; null where nothing stands against it.</returns>
    public static string? WhyNot(IReadOnlyDictionary<BacnetProperty, BacnetPropertyResult> device)
    {
        if (device[BacnetProperty.ProtocolServicesSupported].Value?.AsBits is not { } services)
        {
            return "It does not say which services it has, so that whether it can be backed up is not known.";
        }

        // Of these services the number is the bit too.
        var missing = Needed.Where(service => !services[(int)service]).ToList();
        if (missing.Count > 0)
        {
            return $"It does not have {string.Join(" and ", missing)}, which a backup by the standard's procedure needs.";
        }

        if (device[BacnetProperty.ProtocolObjectTypesSupported].Value?.AsBits is { } types && !types[(int)BacnetObjectType.File])
        {
            return "It has no File objects, in which a backup by the standard's procedure is read.";
        }

        return device[BacnetProperty.ConfigurationFiles].Error is BacnetErrorException { Code: BacnetErrorCode.UnknownProperty }
            ? "It does not have the property Configuration_Files: backing it up by the standard's procedure is not among what it can do."
            : null;
    }
}
