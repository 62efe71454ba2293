using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Http.HttpTests;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>Capturing from an HTTP device that misbehaves.</summary>
public sealed class HttpCaptureTests
{
    private const string GoodItem =
        """{"path":"a","length":1,"modified":"2026-11-01T10:00:00Z","etag":"\"1\"","kind":"configuration","retain":"cold"}""";

    [Fact]
    public async Task A_body_that_breaks_off_is_taken_up_where_it_broke()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var content = Noise(400_000);
        device.Items.Set("big", content);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBody, Path = "items/big", Bytes = 100_000 });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBody, Path = "items/big", Bytes = 50_000 });

        var captured = await CaptureAsync(connection, BackupContent.All);

        Assert.Equal(content, captured["big"]);
        var ranges = device.Calls.Where(call => call.Headers.ContainsKey("Range")).Select(call => call.Headers["Range"]).ToList();
        Assert.Equal(["bytes=100000-", "bytes=150000-"], ranges);
        Assert.All(device.Calls.Where(call => call.Headers.ContainsKey("Range")), call => Assert.Equal(device.Items.Find("big")!.ETag, call.Headers["If-Range"]));
    }

    [Fact]
    public async Task A_body_that_always_breaks_off_fails_the_capture()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("big", Noise(100_000));
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBody, Path = "items/big", Bytes = 10, Times = -1 });

        var failed = await FailsAsync(ErrorIds.CaptureFailed, () => CaptureAsync(connection, BackupContent.All));

        Assert.Contains("big", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_item_that_changes_while_its_body_is_broken_off_is_never_pieced_together()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("big", Noise(100_000));
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBody, Path = "items/big", Bytes = 10_000 });
        await using var capture = await connection.BeginCaptureAsync(BackupContent.All, CancellationToken.None);
        var captured = await capture.OpenReadAsync(Assert.Single(await ListAsync(capture)), CancellationToken.None);
        device.Items.Set("big", Noise(100_000, seed: 2));

        await FailsAsync(ErrorIds.CaptureFailed, () => ReadToEndAsync(captured!));
    }

    [Theory]
    [InlineData(FaultKind.ShortBody)]
    [InlineData(FaultKind.LongBody)]
    [InlineData(FaultKind.ReplaceBody)]
    public async Task A_body_of_another_length_than_listed_fails_the_capture(FaultKind kind)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("conf", Noise(1000));
        device.Faults.Add(new SimulatedFault { Kind = kind, Path = "items/conf", Bytes = 10, Body = "<html>error</html>", Times = -1 });

        await FailsAsync(ErrorIds.CaptureFailed, () => CaptureAsync(connection, BackupContent.All));
    }

    [Theory]
    [InlineData(FaultKind.ShortBody)]
    [InlineData(FaultKind.LongBody)]
    public async Task Without_etags_the_length_is_still_held_to(FaultKind kind)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.HasETags = false;
        device.Items.Set("conf", Noise(1000));

        Assert.Null((await ListFilesAsync(connection))["conf"].Stamp);
        Assert.Equal(Noise(1000), (await CaptureAsync(connection, BackupContent.All))["conf"]);
        device.Faults.Add(new SimulatedFault { Kind = kind, Path = "items/conf", Bytes = 10, Times = -1 });
        await FailsAsync(ErrorIds.CaptureFailed, () => CaptureAsync(connection, BackupContent.All));
    }

    [Fact]
    public async Task An_item_that_falls_silent_is_given_up_after_the_silence_limit()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device, options => options with { SilenceLimit = TimeSpan.FromSeconds(1) });
        device.Items.Set("big", Noise(100_000));
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.StallBody, Path = "items/big", Bytes = 10_000, Times = -1 });

        await FailsAsync(ErrorIds.DeviceUnreachable, () => CaptureAsync(connection, BackupContent.All));
    }

    [Fact]
    public async Task A_slow_body_is_waited_for_as_long_as_it_moves()
    {
        await using var device = await StartEmptyAsync();
        var clock = new StillClock();
        await using var connection = Connect(device, options => options with { SilenceLimit = SlowAnswer.Limit }, clock);
        device.Items.Set("big", Noise(100_000));
        device.Faults.Add(SlowAnswer.Of("items/big", clock));
        var began = clock.GetTimestamp();

        Assert.Equal(Noise(100_000), (await CaptureAsync(connection, BackupContent.All))["big"]);
        Assert.True(clock.GetElapsedTime(began) > 3 * SlowAnswer.Limit);
    }

    [Fact]
    public async Task R12_items_of_level_none_are_listed_and_never_read()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("live", Bytes("1"), retain: RetainLevel.None);

        Assert.Equal(RetainLevel.None, (await ListFilesAsync(connection))["live"].Retain);
        Assert.Empty(await CaptureAsync(connection, BackupContent.All));
        Assert.DoesNotContain(device.Calls, call => call.Path == "items/live");
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../up")]
    [InlineData("a/../../up")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("C:/x")]
    [InlineData("a:b")]
    [InlineData("a\\b")]
    [InlineData("a\u0000b")]
    [InlineData("a\nb")]
    [InlineData("")]
    public async Task A_bad_path_refuses_the_whole_capture(string path)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("good", Bytes("1"));
        device.Items.Set(path, Bytes("1"));

        await FailsAsync(ErrorIds.ItemPathInvalid, () => CaptureAsync(connection, BackupContent.All));

        Assert.DoesNotContain(device.Calls, call => call.Path == "items/good");
    }

    [Fact]
    public async Task A_path_longer_than_1024_bytes_is_refused_and_one_of_1024_is_not()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        var longest = string.Concat(Enumerable.Repeat("ü", 512));
        device.Items.Set(longest, Bytes("1"));
        Assert.Equal(Bytes("1"), (await CaptureAsync(connection, BackupContent.All))[longest]);

        device.Items.Set(longest + "a", Bytes("1"));
        await FailsAsync(ErrorIds.ItemPathInvalid, () => CaptureAsync(connection, BackupContent.All));
    }

    [Theory]
    [InlineData(" leading and trailing ")]
    [InlineData("100%")]
    [InlineData("a%2Fb")]
    [InlineData("a?b#c&d=e+f")]
    [InlineData("…/...x/.hidden")]
    [InlineData("日本語/😀")]
    [InlineData("~!$'()*,;@[]^`{|}")]
    public async Task Every_allowed_path_is_read_and_restored_as_it_is(string path)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set(path, Bytes("old"));
        Assert.Equal(Bytes("old"), (await CaptureAsync(connection, BackupContent.All))[path]);

        await RestoreAsync(connection, RestoreMode.Replace, new Dictionary<string, byte[]> { [path] = Bytes("new") });

        Assert.Equal(Bytes("new"), Assert.Single(device.Items.List(), item => item.Path == path).Content);
    }

    [Theory]
    [InlineData("\"length\":1", "\"length\":-1", "length")]
    [InlineData("\"length\":1", "\"length\":1.5", "length")]
    [InlineData("\"length\":1", "\"length\":\"1\"", "length")]
    [InlineData("\"kind\":\"configuration\"", "\"kind\":\"secret\"", "kind")]
    [InlineData("\"retain\":\"cold\"", "\"retain\":\"frozen\"", "retain")]
    [InlineData(",\"retain\":\"cold\"", "", "retain")]
    [InlineData("2026-11-01T10:00:00Z", "yesterday", "modified")]
    [InlineData("\"etag\":\"\\\"1\\\"\"", "\"etag\":1", "etag")]
    [InlineData(GoodItem, GoodItem + "," + GoodItem, "twice")]
    [InlineData(GoodItem, "7", "no object")]
    public async Task A_list_that_breaks_the_interface_is_refused_by_name(string replace, string with, string named)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault
        {
            Kind = FaultKind.ReplaceBody,
            Path = "items",
            Body = $"[{GoodItem.Replace(replace, with, StringComparison.Ordinal)}]",
        });

        var failed = await FailsAsync(ErrorIds.DeviceResponseInvalid, () => ListFilesAsync(connection));

        Assert.Contains("GET items", failed.Message, StringComparison.Ordinal);
        Assert.Contains(named, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_weak_etag_is_no_stamp()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault
        {
            Kind = FaultKind.ReplaceBody,
            Path = "items",
            Body = $"[{GoodItem.Replace("\"\\\"1\\\"\"", "\"W/\\\"1\\\"\"", StringComparison.Ordinal)}]",
        });

        Assert.Null((await ListFilesAsync(connection))["a"].Stamp);
    }

    [Fact]
    public async Task An_item_that_the_device_cannot_give_fails_the_capture()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("a", Bytes("1"));
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 500, Path = "items/a", Times = -1 });

        await FailsAsync(ErrorIds.CaptureFailed, () => CaptureAsync(connection, BackupContent.All));
    }

    [Fact]
    public async Task R3_a_transaction_in_mid_capture_shows_in_the_second_look()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Items.Set("a", Bytes("1"));
        device.Items.Set("b", Bytes("1"));
        device.Faults.TransactionAfterReads = 1;

        var before = await connection.GetStatusAsync(CancellationToken.None);
        await CaptureAsync(connection, BackupContent.All);
        var after = await connection.GetStatusAsync(CancellationToken.None);

        Assert.Equal(before.ChargePoints[0].TransactionsStarted + 1, after.ChargePoints[0].TransactionsStarted);
    }
}
