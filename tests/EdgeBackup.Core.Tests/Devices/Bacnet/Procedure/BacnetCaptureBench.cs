using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>The device that captures are tried on.</summary>
internal static class BacnetCaptureBench
{
    public static readonly byte[] Long = Noise(20_000);
    public static readonly byte[][] Rows = [Noise(40, 3), [], Noise(90, 4), Noise(1, 5), Noise(40, 6)];

    /// <summary>A device with a file of bytes and one of records.</summary>
    public static async Task<BacnetTestDevice> StartAsync(SimulatedBacnetOptions? options = null, byte[]? content = null, byte[][]? rows = null)
    {
        var device = await BacnetTestDevice.StartAsync(options);
        Fill(device, content ?? Long, rows ?? Rows);
        return device;
    }

    /// <summary>The first file is one of bytes and the second one of records; the instances are the other way round.</summary>
    public static void Fill(BacnetTestDevice device, byte[] content, byte[][] rows)
    {
        device.Device.Files.Set(3, SimulatedBacnetFile.Stream(content));
        device.Device.Files.Set(1, SimulatedBacnetFile.OfRecords(rows));
    }

    /// <summary>All of both files was captured.</summary>
    public static void AssertState(IReadOnlyDictionary<string, byte[]> captured, byte[]? content = null)
    {
        Assert.Equal(["files/001-3.stream", "files/002-1.records"], captured.Keys);
        Assert.Equal(content ?? Long, captured["files/001-3.stream"]);
        Assert.Equal(RestoreSpoolTests.Frame(Rows), captured["files/002-1.records"]);
    }

    /// <summary>The device does what it is told, and its answer gets lost.</summary>
    public static void Lose(BacnetTestDevice device, BacnetReinitializedState state) =>
        device.Device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.SilentAfter, Service = BacnetConfirmedService.ReinitializeDevice, State = state });
}
