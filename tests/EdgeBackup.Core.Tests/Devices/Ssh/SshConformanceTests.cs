using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

public sealed class SshConformanceTests(SshServer server) : ConnectionConformanceTests, IClassFixture<SshServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed) { HasKindsAndLevels = true });
}

public sealed class BusyboxConformanceTests(BusyboxServer server) : ConnectionConformanceTests, IClassFixture<BusyboxServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed), BusyboxServer.MissingBusybox);
}

public sealed class LeanBusyboxConformanceTests(LeanBusyboxServer server) : ConnectionConformanceTests, IClassFixture<LeanBusyboxServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed) { HasStamps = false }, BusyboxServer.MissingBusybox);
}

public sealed class SshRestoreConformanceTests(SshServer server) : ConnectionRestoreConformanceTests, IClassFixture<SshServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed) { HasKindsAndLevels = true });
}

public sealed class BusyboxRestoreConformanceTests(BusyboxServer server) : ConnectionRestoreConformanceTests, IClassFixture<BusyboxServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed), BusyboxServer.MissingBusybox);
}

public sealed class LeanBusyboxRestoreConformanceTests(LeanBusyboxServer server) : ConnectionRestoreConformanceTests, IClassFixture<LeanBusyboxServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed), BusyboxServer.MissingBusybox);
}

/// <summary>A device that has busybox and nothing else.</summary>
public class BusyboxServer : SshServer
{
    public static string? MissingBusybox => Path is null ? "busybox is missing: apt-get install busybox." : null;

    protected override string SessionPath => At("bin");

    /// <summary>Applets that this device lacks.</summary>
    protected virtual IReadOnlyList<string> Lacking => [];

    private static string? Path => new[] { "/bin/busybox", "/usr/bin/busybox" }.FirstOrDefault(File.Exists);

    protected override void Prepare()
    {
        if (Path is not { } busybox)
        {
            return;
        }

        foreach (var applet in Programs.Run(busybox, "--list").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!File.Exists(System.IO.Path.Combine(At("bin"), applet)))
            {
                File.CreateSymbolicLink(System.IO.Path.Combine(At("bin"), applet), busybox);
            }
        }

        foreach (var applet in Lacking)
        {
            // Our script looks into the usual folders as well.
            File.Delete(System.IO.Path.Combine(At("bin"), applet));
            WriteProgram(applet, "#!/bin/sh\nexit 127");
        }

        if (Lacking.Count > 0)
        {
            // Busybox' own shell would run the applets that are built into it.
            File.Delete(System.IO.Path.Combine(At("bin"), "sh"));
            File.CreateSymbolicLink(System.IO.Path.Combine(At("bin"), "sh"), "/bin/sh");
        }
    }
}

/// <summary>A device whose busybox was built without stat, as on many routers.</summary>
public sealed class LeanBusyboxServer : BusyboxServer
{
    protected override IReadOnlyList<string> Lacking => ["stat", "sha256sum"];
}

/// <summary>A test of a suite that others define has no attribute of ours; it is skipped from within.</summary>
internal static class Skipping
{
    public static Task<ITestDevice> CreateAsync(Func<ITestDevice> create, string? otherReason = null) =>
        (SshServer.Missing ?? otherReason) is { } reason ? throw new SkippedTestException(reason) : Task.FromResult(create());
}

/// <summary>xunit takes an exception with this prefix for a skipped test.</summary>
public sealed class SkippedTestException(string reason) : Exception("$XunitDynamicSkip$" + reason);
