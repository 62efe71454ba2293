using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;
using EdgeBackup.Core.Tests.Operations;
using EdgeBackup.Simulator.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>R14: the logs of a BACnet device in an archive.</summary>
public sealed class BacnetArchiveTests
{
    private const string Id = "bacnet-999-SN-4711";

    [Fact]
    public async Task Times_of_both_halves_of_the_year_are_right_where_a_policy_names_the_zone()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { UtcOffset = -60, Zone = TimeZones.Find("Europe/Vienna") });
        DateTimeOffset[] times = [new(2024, 1, 15, 12, 0, 0, TimeSpan.Zero), new(2024, 7, 15, 12, 0, 0, TimeSpan.Zero)];
        device.AddLog(BacnetObjectType.TrendLog, 5, "Year", 100, new BacnetObjectId(BacnetObjectType.AnalogInput, 1))
            .Add(times.Select(SimulatedLogEntry (time) => new SimulatedValueEntry(time, BacnetValue.OfReal(1))));
        await RegisterAsync(bench, device);
        await bench.SetPolicyAsync(new PolicyValues { TimeZone = "Europe/Vienna" });

        var archive = await ArchiveAsync(bench, ArchiveContent.Trend);

        Assert.Equal(times.Select(time => time.UtcDateTime), new ArchiveReader(archive, new ArchiveQuery()).Read(default).Cast<ArchivedTrendRecord>().Where(record => record.Trend == "trend-log-5").Select(record => record.Time));
    }

    [Fact]
    public async Task An_event_log_that_cannot_be_read_is_named_by_the_archive_which_has_the_others()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await using var device = await SimulatedBacnetDevice.StartAsync();
        device.AddLog(BacnetObjectType.EventLog, 2, "Behind", 10)
            .Add(new SimulatedNotificationEntry(DateTimeOffset.UnixEpoch.AddYears(50), new BacnetObjectId(BacnetObjectType.AnalogInput, 1), 5, "behind", 0, 0, 3));
        await RegisterAsync(bench, device);
        device.Faults.Add(new SimulatedBacnetFault { Kind = BacnetFaultKind.Garbage, Service = BacnetConfirmedService.ReadRange, Answer = [0x0c, 0x06, 0x40, 0x00, 0x01, 0x19, 0x83, 0x00] });

        var archive = await ArchiveAsync(bench, ArchiveContent.Event);

        Assert.Equal(["behind"], new ArchiveReader(archive, new ArchiveQuery()).Read(default).Cast<ArchivedEvent>().Select(record => record.Message));
        var gap = Assert.Single(archive.Manifest.Gaps);
        Assert.True(gap.Pending);
        Assert.Contains("EventLog:1", gap.Reason, StringComparison.Ordinal);
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("EventLog:1", StringComparison.Ordinal));
        Assert.Equal(21, new ArchiveReader(archive, new ArchiveQuery()).Read(default).Count() + new ArchiveReader(await ArchiveAsync(bench, ArchiveContent.Event), new ArchiveQuery()).Read(default).Count());
    }

    private static async Task RegisterAsync(OperationsBench bench, SimulatedBacnetDevice device)
    {
        Assert.Equal(Id, await new RegisterDevice(bench.Context, bench.Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address, bench.Path()) }, default));
        Directory.CreateDirectory(bench.Path("archives"));
    }

    private static Task<ArchiveFolder> ArchiveAsync(OperationsBench bench, ArchiveContent content) =>
        new WriteArchive(bench.Context, bench.Observer).RunAsync(new WriteArchiveOptions { Device = Id, Parent = bench.Path("archives"), Contents = [content] }, default);
}
