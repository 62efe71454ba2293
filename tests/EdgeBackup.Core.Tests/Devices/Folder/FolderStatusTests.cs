using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Folder;

public sealed class FolderStatusTests
{
    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"id":7}""")]
    [InlineData("""{"id":""}""")]
    [InlineData("""{"id":null}""")]
    [InlineData("""{"id":"a\u0007b"}""")]
    [InlineData("""{"id":"a","version":1}""")]
    [InlineData("""{"id":"a","type":"No Word"}""")]
    public async Task A_wrong_identity_file_is_refused(string content)
    {
        await using var device = new FolderTestDevice();
        device.Write(FolderDevice.IdentityFile, content);

        await AssertRefusedAsync(device, ErrorIds.DeviceResponseInvalid);
    }

    [Fact]
    public async Task An_identity_file_that_is_a_link_is_not_followed()
    {
        await using var device = new FolderTestDevice();
        File.WriteAllText(Path.Combine(device.Parent, "other.json"), """{"id":"other"}""");
        File.Delete(device.At(FolderDevice.IdentityFile));
        File.CreateSymbolicLink(device.At(FolderDevice.IdentityFile), "../other.json");

        await AssertRefusedAsync(device, ErrorIds.DeviceResponseInvalid);
    }

    [Fact]
    public async Task What_the_file_does_not_say_comes_from_the_registration()
    {
        await using var device = new FolderTestDevice
        {
            Options = new ConnectionOptions
            {
                Address = new DeviceAddress(ConnectionKind.Folder, "replaced"), Id = "registered", Type = "press", Version = "2.0", Name = "Press 2",
            },
        };
        device.Write(FolderDevice.IdentityFile, "\uFEFF{\"id\":\"own\",\"version\":\"3.1\"}");

        var identity = (await LookAsync(device)).Identity;
        File.Delete(device.At(FolderDevice.IdentityFile));
        var registered = (await LookAsync(device)).Identity;

        Assert.Equal(("own", "press", "3.1", "Press 2"), (identity.Id, identity.Type, identity.Version, identity.Name));
        Assert.Equal(("registered", "press", "2.0"), (registered.Id, registered.Type, registered.Version));
    }

    [Fact]
    public async Task A_folder_without_any_id_is_refused_and_one_without_a_type_is_a_folder()
    {
        await using var device = new FolderTestDevice();
        Assert.Equal(DeviceTypes.FolderId, (await LookAsync(device)).Identity.Type);

        File.Delete(device.At(FolderDevice.IdentityFile));

        await AssertRefusedAsync(device, ErrorIds.DeviceResponseInvalid);
    }

    [Fact]
    public async Task A_missing_folder_and_a_file_in_its_place_are_unreachable()
    {
        await using var device = new FolderTestDevice();
        Directory.Delete(device.Root, recursive: true);
        await AssertRefusedAsync(device, ErrorIds.DeviceUnreachable);

        File.WriteAllText(device.Root, "a file");
        await AssertRefusedAsync(device, ErrorIds.DeviceUnreachable);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""[{"id":"t"}]""")]
    [InlineData("""[{"id":"t","chargepoint":"c","connector":"one"}]""")]
    [InlineData("""[{"id":"t","chargepoint":"c","connector":1,"started":"yesterday"}]""")]
    public async Task R2_a_transactions_file_that_cannot_be_understood_counts_as_running(string content)
    {
        await using var device = new FolderTestDevice();
        device.Write(FolderDevice.TransactionsFile, content);

        var status = await LookAsync(device);

        Assert.NotNull(status.GateFault);
        Assert.Equal(GateState.Unknown, TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin).State);
    }

    [Fact]
    public async Task R2_a_listed_transaction_is_running_and_is_named()
    {
        await using var device = new FolderTestDevice();
        await device.StartTransactionAsync();

        var decision = TransactionGate.Evaluate(await LookAsync(device), TransactionGate.DefaultSeenWithin);

        var running = Assert.Single(decision.Running);
        Assert.Equal(GateState.Busy, decision.State);
        Assert.Equal(("cp-1", 1, "t-1"), (running.ChargePoint, running.Connector, running.TransactionId));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero), running.Started);
    }

    [Fact]
    public async Task R3_a_transaction_that_began_and_ended_between_two_looks_is_seen()
    {
        await using var device = new FolderTestDevice();
        await device.EndTransactionAsync();
        await using var connection = device.Connect();
        var before = await connection.GetStatusAsync(CancellationToken.None);
        var quiet = await connection.GetStatusAsync(CancellationToken.None);
        await device.StartTransactionAsync();
        await device.EndTransactionAsync();
        var after = await connection.GetStatusAsync(CancellationToken.None);

        Assert.False(TransactionGate.TransactionBegan(before, quiet));
        Assert.True(TransactionGate.TransactionBegan(before, after));
    }

    [Fact]
    public async Task A_folder_cannot_stop_transactions_and_has_no_hold()
    {
        await using var device = new FolderTestDevice();
        await using var connection = device.Connect();

        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => connection.StopTransactionAsync("cp-1", 1, CancellationToken.None));

        Assert.Equal(ErrorIds.DeviceResponseInvalid, refused.ErrorId);
        Assert.Null(await connection.TakeHoldAsync(TimeSpan.FromSeconds(1), CancellationToken.None));
    }

    private static async Task<DeviceStatus> LookAsync(FolderTestDevice device)
    {
        await using var connection = device.Connect();
        return await connection.GetStatusAsync(CancellationToken.None);
    }

    private static async Task AssertRefusedAsync(FolderTestDevice device, string errorId) =>
        Assert.Equal(errorId, (await Assert.ThrowsAsync<EdgeBackupException>(() => LookAsync(device))).ErrorId);
}
