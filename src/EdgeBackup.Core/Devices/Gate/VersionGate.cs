using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Gate;

/// <summary>R1: a backup needs a device version at or above its type's minimum.</summary>
public static class VersionGate
{
    /// <summary>Says why a version is not supported.</summary>
    /// <param name="type">The device's type.</param>
    /// <param name="version">As the device told it; null where it told none.</param>
    /// <returns>One sentence that names both versions, or null when the version will do.</returns>
    public static string? FindFault(DeviceType type, string? version)
    {
        if (type.MinimumVersion is not { } minimum)
        {
            return null;
        }

        if (DeviceVersion.TryParse(version) is not { } known)
        {
            return string.IsNullOrEmpty(version)
                ? $"its version is unknown, and {type.Id} needs at least {minimum}"
                : $"its version '{version}' cannot be understood, and {type.Id} needs at least {minimum}";
        }

        return known.CompareTo(minimum) < 0 ? $"its version is {known}, and {type.Id} needs at least {minimum}" : null;
    }

    /// <summary>Refuses a version that is not supported.</summary>
    /// <exception cref="EdgeBackupException">DeviceVersionUnsupported.</exception>
    public static void Check(DeviceType type, string deviceId, string? version)
    {
        if (FindFault(type, version) is { } fault)
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceVersionUnsupported,
                $"The device '{deviceId}' cannot be backed up or restored: {fault}. Update the device's software, then try again.",
                deviceId);
        }
    }
}
