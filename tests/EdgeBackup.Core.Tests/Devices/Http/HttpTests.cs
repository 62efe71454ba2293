using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>What the tests of the HTTP connection have in common.</summary>
internal static class HttpTests
{
    public static HttpDeviceConnection Connect(SimulatedDevice device, Func<ConnectionOptions, ConnectionOptions>? change = null, TimeProvider? clock = null)
    {
        var options = new ConnectionOptions
        {
            Address = DeviceAddress.Parse(device.Address.AbsoluteUri, Path.GetTempPath()),
            Id = device.Options.Id,
            // Nothing here is silent unless a test says so, and then it says how long it waits: these are for a busy machine.
            SilenceLimit = TimeSpan.FromMinutes(1),
            RestartLimit = TimeSpan.FromMinutes(1),
        };
        return new HttpDeviceConnection(change?.Invoke(options) ?? options, clock ?? TimeProvider.System);
    }

    /// <summary>A device without charge points' noise and without items.</summary>
    public static Task<SimulatedDevice> StartEmptyAsync() =>
        SimulatedDevice.StartAsync(new SimulatedDeviceOptions { WithSampleItems = false });

    public static async Task<EdgeBackupException> FailsAsync(string errorId, Func<Task> act)
    {
        var exception = await Assert.ThrowsAsync<EdgeBackupException>(act);
        Assert.True(exception.ErrorId == errorId, $"expected {errorId}, got {exception.ErrorId}: {exception.Message}");
        return exception;
    }

    public static int CountCalls(SimulatedDevice device, string method, string path) =>
        device.Calls.Count(call => call.Method == method && call.Path == path);
}
