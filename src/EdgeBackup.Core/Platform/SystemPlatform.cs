namespace EdgeBackup.Core.Platform;

/// <summary>The platform that this process runs on.</summary>
public static class SystemPlatform
{
    /// <summary>Stateless; safe from any thread.</summary>
    public static IPlatform Create() => OperatingSystem.IsWindows() ? new WindowsPlatform() : new UnixPlatform();

    /// <summary>The event log of this system, or one that takes nothing.</summary>
    public static ISystemLog CreateLog() => OperatingSystem.IsWindows() ? new WindowsEventLog() : new NoSystemLog();
}
