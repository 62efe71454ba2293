using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Capture;

/// <summary>Values that applications of a server have written (R12).</summary>
public sealed class ApplicationValueTests
{
    private const string Runtime = "values/runtime.json";
    private const string Average = "values/average.json";

    [Fact]
    public async Task R12_cold_values_are_asked_for_before_the_capture_and_come_back_with_a_restore()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Applications.Write(Average, "20.5"u8.ToArray(), RetainLevel.Warm);
        Assert.Null(server.Items.Find(Runtime));
        var backup = (await bench.AutomaticAsync("bms")).Backup;
        Assert.Contains(Runtime, await PathsAsync(bench, backup));
        Assert.DoesNotContain(Average, await PathsAsync(bench, backup));
        Assert.Contains("at level Warm", backup.NotSaved.Single(item => item.Path == Average).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(bench.Observer.Warnings, warning => warning.Contains("applications", StringComparison.Ordinal));

        var wanted = server.Items.Find(Runtime)!.Content;
        server.Items.Set(Runtime, "0"u8.ToArray());
        server.Applications.Write(Runtime, "1"u8.ToArray());
        var result = await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Id }, default);
        Assert.Equal([Runtime], result.Restored);
        Assert.Equal(["values/average.json", "values/live.json"], result.NotRestored.Select(item => item.Path).Where(path => path.StartsWith("values/", StringComparison.Ordinal)));
        await bench.AutomaticAsync("bms");
        Assert.Equal(wanted, server.Items.Find(Runtime)!.Content);
    }

    [Fact]
    public async Task A_server_that_takes_its_time_is_waited_for()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Faults.PersistDuration = TimeSpan.FromMilliseconds(100);
        Assert.Contains(Runtime, await PathsAsync(bench, (await bench.AutomaticAsync("bms")).Backup));
        Assert.Contains(server.Calls, call => call is { Method: "GET", Path: "persist" });
    }

    [Fact]
    public async Task A_server_that_breaks_off_when_it_is_asked_is_backed_up_with_a_warning()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBefore, Path = "persist", Times = -1 });
        Assert.Contains(Runtime, (await bench.AutomaticAsync("bms")).Backup.NotSaved.Select(item => item.Path));
        Assert.Contains(bench.Observer.Warnings, warning => warning.StartsWith("bms: values that its applications have written may be missing", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_fails_to_write_them_down_is_backed_up_with_a_warning_and_the_values_are_named(bool isAccepted)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        if (isAccepted)
        {
            server.Faults.PersistFailure = "the disk is full";
        }
        else
        {
            server.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Path = "persist", Status = 500, Times = -1 });
        }

        var backup = (await bench.AutomaticAsync("bms")).Backup;
        Assert.Contains(Runtime, backup.NotSaved.Select(item => item.Path));
        Assert.Contains(bench.Observer.Warnings, warning => warning.StartsWith("bms: values that its applications have written may be missing", StringComparison.Ordinal));
        Assert.Contains(bench.Observer.Warnings, warning => warning.EndsWith($"because the device has not written them down: {Runtime}.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_cannot_be_asked_is_not_asked_and_what_its_list_names_is_a_warning()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        server.Features = ["hold"];
        var backup = (await bench.AutomaticAsync("bms")).Backup;
        Assert.Contains(Runtime, backup.NotSaved.Select(item => item.Path));
        Assert.Contains(bench.Observer.Warnings, warning => warning.Contains("cannot be asked to write them down", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Calls, call => call.Path is "persist" or "changes");
    }

    [Fact]
    public async Task A_list_whose_mark_cannot_be_read_is_refused()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        const string Body = """[{"path":"a","length":1,"modified":null,"kind":"configuration","retain":"cold","unwritten":"yes"}]""";
        server.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "items", Body = Body, ContentType = "application/json", Times = -1 });
        Assert.Equal(ErrorIds.DeviceResponseInvalid, (await Assert.ThrowsAsync<EdgeBackupException>(() => bench.AutomaticAsync("bms"))).ErrorId);
    }

    private static async Task<List<string>> PathsAsync(OperationsBench bench, Core.Catalog.CatalogBackup backup)
    {
        var record = await bench.Context.Repository.ReadBackupAsync(backup.ObjectName, default);
        return await bench.Context.Repository.ReadItemsAsync(record, default).Select(item => item.Item.Path).ToListAsync();
    }
}
