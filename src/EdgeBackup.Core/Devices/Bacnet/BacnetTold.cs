namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Numbers that a device tells of itself, as far as they can be true.</summary>
internal static class BacnetTold
{
    /// <summary>A time in seconds. The standard has 16 bits for each of them; what is more would be waited for in vain.</summary>
    /// <returns>Null where the device tells none.</returns>
    public static TimeSpan? Seconds(BacnetValue? value) => value?.AsUnsigned is { } seconds ? TimeSpan.FromSeconds(Math.Min(seconds, ushort.MaxValue)) : null;

    /// <summary>The length of a file in bytes or records.</summary>
    /// <returns>Null where the device tells none, or one beyond what a position in a file can be.</returns>
    public static long? Length(BacnetValue? value) => value?.AsUnsigned is { } length and <= int.MaxValue ? (long)length : null;
}
