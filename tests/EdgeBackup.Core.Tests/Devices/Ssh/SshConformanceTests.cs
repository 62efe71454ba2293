using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

public sealed class SshConformanceTests(SshServer server) : ConnectionConformanceTests, IClassFixture<SshServer>
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Skipping.CreateAsync(() => new SshTestDevice(server, seed));
}

/// <summary>A test of a suite that others define has no attribute of ours; it is skipped from within.</summary>
internal static class Skipping
{
    public static Task<ITestDevice> CreateAsync(Func<ITestDevice> create) =>
        SshServer.Missing is { } reason ? throw new SkippedTestException(reason) : Task.FromResult(create());
}

/// <summary>xunit takes an exception with this prefix for a skipped test.</summary>
public sealed class SkippedTestException(string reason) : Exception("$XunitDynamicSkip$" + reason);
