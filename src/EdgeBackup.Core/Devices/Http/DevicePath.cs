namespace EdgeBackup.Core.Devices.Http;

/// <summary>Percent-encoding for the paths of calls.</summary>
internal static class DevicePath
{
    public static string Segment(string text) => Uri.EscapeDataString(text);

    /// <summary>An item's path with its slashes kept. Dot segments, which a URI would swallow, never get here.</summary>
    public static string Item(string path) => string.Join('/', path.Split('/').Select(Segment));
}
