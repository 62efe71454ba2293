using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Simulator.Devices;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>R7: who is told that a restore failed must learn whether the device holds the new state.</summary>
public sealed class RestoreReadBackTests
{
    public static TheoryData<string, string> Troubles => new()
    {
        { "old password", ErrorIds.DeviceAuthenticationFailed },
        { "another id", ErrorIds.DeviceIdChanged },
        { "no answer to the list", ErrorIds.DeviceAuthenticationFailed },
    };

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task What_keeps_a_committed_restore_from_being_read_back_says_that_the_device_took_it(string trouble, string reason)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        var context = await bench.OpenAsync(connections: new CuedConnections(bench.Connections()) { Committed = () => Apply(trouble, device) });

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => new RestoreBackup(context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default));

        Assert.Equal(ErrorIds.RestoreVerifyFailed, error.ErrorId);
        Assert.Contains("took the restore", error.Message, StringComparison.Ordinal);
        var chain = new List<string>();
        for (var cause = error; cause is not null; cause = cause.InnerException as EdgeBackupException)
        {
            chain.Add(cause.ErrorId);
        }

        Assert.Contains(reason, chain);
        Assert.Equal(ErrorIds.RestoreVerifyFailed, Assert.Single(await bench.EventsAsync("Failed")).ErrorId);
        Assert.NotEqual("broken", Encoding.UTF8.GetString(device.Items.Find("config/site.json")!.Content));
    }

    [Fact]
    public async Task The_page_of_a_web_server_that_boots_is_waited_out()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        device.Items.Set("config/site.json", Encoding.UTF8.GetBytes("broken"));
        var context = await bench.OpenAsync(connections: new CuedConnections(bench.Connections())
        {
            Committed = () => device.Faults.Add(new SimulatedFault { Kind = FaultKind.ReplaceBody, Path = "device", Body = "<html>Starting</html>", ContentType = "text/html" }),
        });

        Assert.True((await new RestoreBackup(context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default)).Verified);
    }

    private static void Apply(string trouble, SimulatedDevice device)
    {
        switch (trouble)
        {
            case "old password":
                device.RequiredToken = "of last year";
                break;
            case "another id":
                device.Id = "edge-2";
                break;
            default:
                device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 401, Path = "items", Times = -1 });
                break;
        }
    }
}
