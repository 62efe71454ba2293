using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices;

/// <summary>
/// What every connection must do, whatever stands behind it. Derive a class for each connection and make its devices in
/// <see cref="CreateDeviceAsync"/>; captures are here, restores in <see cref="ConnectionRestoreConformanceTests"/>.
/// </summary>
public abstract class ConnectionConformanceTests
{
    /// <summary>What the devices hold, and what the items of it are called that the tests name.</summary>
    protected virtual ConformanceStates States => ConformanceStates.OfAnyNames;

    private IReadOnlyDictionary<string, byte[]> State => States.Capture;

    protected abstract Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed);

    [Fact]
    public async Task A_look_at_the_device_gives_its_id_and_version()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Id = "unit-7", Version = "1.25.0" });
        await using var connection = device.Connect();

        var status = await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal("unit-7", status.Identity.Id);
        Assert.Equal("1.25.0", status.Identity.Version);
        Assert.Null(status.GateFault);
        Assert.DoesNotContain(status.ChargePoints.SelectMany(point => point.Connectors), connector => connector.Transaction is not null);
    }

    [Fact]
    public async Task R2_a_running_transaction_is_seen_and_its_end_too()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed());
        await using var connection = device.Connect();
        if (!device.HasTransactions)
        {
            return;
        }

        await device.StartTransactionAsync();
        var running = await connection.GetStatusAsync(CancellationToken.None);
        await device.EndTransactionAsync();
        var ended = await connection.GetStatusAsync(CancellationToken.None);

        var connector = Assert.Single(running.ChargePoints.SelectMany(point => point.Connectors), connector => connector.Transaction is not null);
        Assert.False(string.IsNullOrEmpty(connector.Transaction!.Id));
        Assert.DoesNotContain(ended.ChargePoints.SelectMany(point => point.Connectors), candidate => candidate.Transaction is not null);
    }

    [Fact]
    public async Task A_capture_gives_every_item_with_its_bytes_and_length()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();

        var listed = await ListFilesAsync(connection);
        var captured = await CaptureAsync(connection, BackupContent.Configuration);

        var expected = await device.ReadAllAsync();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), captured.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, item => Assert.Equal(item.Value, captured[item.Key]));
        Assert.All(expected, item => Assert.Equal(item.Value.Length, listed[item.Key].Length));
    }

    [Fact]
    public async Task Items_are_listed_in_ordinal_order_of_their_paths()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, CancellationToken.None);

        var paths = (await ListAsync(capture)).Select(item => item.Path).ToList();

        Assert.Equal(paths.Order(StringComparer.Ordinal), paths);
        Assert.Equal(paths.Distinct(StringComparer.Ordinal), paths);
    }

    [Fact]
    public async Task The_identity_item_is_listed_as_identity()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();

        var listed = await ListFilesAsync(connection, BackupContent.Configuration);

        Assert.Equal(ItemKind.Configuration, listed[States.First].Kind);
        if (device.IdentityPath is { } identity)
        {
            Assert.Equal(ItemKind.Identity, listed[identity].Kind);
        }
    }

    [Fact]
    public async Task R10_history_is_listed_only_when_all_is_asked_for()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        if (!device.HasKindsAndLevels)
        {
            return;
        }

        await device.SetAsync("history/log", Bytes("old"), ItemKind.History);
        await using var connection = device.Connect();

        Assert.DoesNotContain("history/log", (await ListFilesAsync(connection, BackupContent.Configuration)).Keys);
        Assert.Equal(ItemKind.History, (await ListFilesAsync(connection, BackupContent.All))["history/log"].Kind);
    }

    [Fact]
    public async Task An_unchanged_item_keeps_its_stamp_and_a_changed_one_does_not()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();

        if (!device.HasStamps)
        {
            return;
        }

        var before = await ListFilesAsync(connection);
        await device.SetAsync(States.First, Bytes("ALPHA"));
        var after = await ListFilesAsync(connection);

        Assert.NotNull(before[States.Second].Stamp);
        Assert.Equal(before[States.Second].Stamp, after[States.Second].Stamp);
        Assert.NotEqual(before[States.First].Stamp, after[States.First].Stamp);
    }

    [Fact]
    public async Task The_stamp_after_reading_is_the_listed_one_when_nothing_changed()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == States.Deep);

        var captured = await capture.OpenReadAsync(item, CancellationToken.None);
        await ReadToEndAsync(captured!);

        Assert.Equal(item.Stamp, captured!.Describe().Stamp);
        Assert.Equal(item.Length, captured.Describe().Length);
    }

    [Fact]
    public async Task An_item_that_vanished_after_the_listing_is_null()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        if (device.IsWhole)
        {
            // There a part of the state is no state: the capture fails, which its own tests show.
            return;
        }

        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == States.First);

        await device.RemoveAsync(States.First);

        Assert.Null(await capture.OpenReadAsync(item, CancellationToken.None));
    }

    [Fact]
    public async Task An_item_that_changed_after_the_listing_is_described_as_it_was_read()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, CancellationToken.None);
        var item = (await ListAsync(capture)).Single(candidate => candidate.Path == States.First);
        await device.SetAsync(States.First, Bytes("longer than before"));

        var captured = await capture.OpenReadAsync(item, CancellationToken.None);
        var bytes = await ReadToEndAsync(captured!);

        Assert.Equal(Bytes("longer than before"), bytes);
        var described = captured!.Describe();
        Assert.Equal(bytes.Length, described.Length);
        Assert.True(!device.HasStamps || item.Stamp != described.Stamp);
        if (device.HasStamps)
        {
            Assert.Equal((await ListFilesAsync(connection))[States.First].Stamp, described.Stamp);
        }
    }

    [Fact]
    public async Task Several_items_can_be_read_at_once()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();
        await using var capture = await connection.BeginCaptureAsync(BackupContent.Configuration, CancellationToken.None);
        var items = (await ListAsync(capture)).Where(item => State.ContainsKey(item.Path) && item.Type == ItemType.File).ToList();

        var opened = new List<CapturedItem>();
        foreach (var item in items)
        {
            opened.Add((await capture.OpenReadAsync(item, CancellationToken.None))!);
        }

        var read = await Task.WhenAll(opened.Select(ReadToEndAsync));

        Assert.All(items.Zip(read), pair => Assert.Equal(State[pair.First.Path], pair.Second));
    }

    [Fact]
    public async Task A_capture_that_is_given_up_leaves_the_device_as_it_was_and_free()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();
        var before = await device.ReadAllAsync();

        await using (var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None))
        {
            var item = (await ListAsync(capture)).First(candidate => candidate.Type == ItemType.File && candidate.Length > 0);
            await using var stream = (await capture.OpenReadAsync(item, CancellationToken.None))!.Stream;
            Assert.True(await stream.ReadAsync(new byte[1]) == 1);
        }

        await AssertHoldsAsync(device, before);
        Assert.Equal(State[States.First], (await CaptureAsync(connection, BackupContent.Configuration))[States.First]);
    }

    [Fact]
    public async Task A_cancelled_capture_ends_with_cancellation()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed { Items = State });
        await using var connection = device.Connect();
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.GetStatusAsync(cancellation.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await using var capture = await connection.BeginCaptureAsync(BackupContent.All, cancellation.Token);
            await foreach (var _ in capture.ListAsync(cancellation.Token))
            {
            }
        });
    }

    [Fact]
    public async Task A_hold_is_null_or_works_and_is_given_back()
    {
        await using var device = await CreateDeviceAsync(new DeviceSeed());
        await using var connection = device.Connect();

        var hold = await connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None);

        Assert.Equal(device.HasHold, hold is not null);
        if (hold is not null)
        {
            Assert.False(hold.IsLost);
            await device.StartTransactionAsync();
            Assert.DoesNotContain(await ConnectorsAsync(), connector => connector.Transaction is not null);
            await hold.DisposeAsync();
            await device.StartTransactionAsync();
            Assert.Contains(await ConnectorsAsync(), connector => connector.Transaction is not null);
            var refused = await Assert.ThrowsAsync<EdgeBackupException>(
                () => connection.TakeHoldAsync(TimeSpan.FromSeconds(300), CancellationToken.None));
            Assert.Equal(ErrorIds.DeviceBusy, refused.ErrorId);
        }

        async Task<IEnumerable<Connector>> ConnectorsAsync() =>
            (await connection.GetStatusAsync(CancellationToken.None)).ChargePoints.SelectMany(point => point.Connectors);
    }

    /// <summary>Asserts that a device holds exactly these items.</summary>
    internal static async Task AssertHoldsAsync(ITestDevice device, IReadOnlyDictionary<string, byte[]> expected)
    {
        var actual = await device.ReadAllAsync();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, item => Assert.Equal(item.Value, actual[item.Key]));
    }
}
