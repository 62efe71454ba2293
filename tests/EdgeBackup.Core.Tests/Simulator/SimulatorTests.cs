using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.Simulator.Hosting;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator;

/// <summary>What of the simulator the connection's tests do not reach: the control calls, records, expiry.</summary>
public sealed class SimulatorTests
{
    [Fact]
    public async Task Events_come_page_by_page_to_an_empty_one()
    {
        await using var device = await SimulatedDevice.StartAsync();
        using var client = new HttpClient { BaseAddress = device.Address };
        var ids = new List<string>();
        var after = "";
        for (var page = 0; page < 10; page++)
        {
            var answer = await client.GetFromJsonAsync<JsonElement>($"api/v1/events?after={after}&limit=20");
            var records = answer.GetProperty("records").EnumerateArray().Select(record => record.GetProperty("id").GetString()!).ToList();
            after = answer.GetProperty("next").GetString();
            if (records.Count == 0)
            {
                break;
            }

            ids.AddRange(records);
        }

        Assert.Equal(device.Events.Select(record => record.Id), ids);
    }

    [Theory]
    [InlineData("events")]
    [InlineData("trends/supply/records")]
    public async Task A_cursor_that_fell_out_of_the_buffer_is_gone(string call)
    {
        await using var device = await SimulatedDevice.StartAsync();
        using var client = new HttpClient { BaseAddress = device.Address };
        device.Faults.OldestRecord = 5;

        using var answer = await client.GetAsync(new Uri($"api/v1/{call}?after=c2", UriKind.Relative));
        var oldest = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("oldest").GetString();

        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        using var next = await client.GetAsync(new Uri($"api/v1/{call}?after={oldest}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task An_unchanged_item_is_answered_with_304()
    {
        await using var device = await SimulatedDevice.StartAsync();
        using var client = new HttpClient { BaseAddress = device.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1/items/config/site.json");
        request.Headers.TryAddWithoutValidation("If-None-Match", device.Items.Find("config/site.json")!.ETag);

        using var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task An_item_without_its_digest_is_not_staged()
    {
        await using var device = await SimulatedDevice.StartAsync();
        using var client = new HttpClient { BaseAddress = device.Address };
        var session = device.Restores.Open();

        using var content = new ByteArrayContent([1, 2, 3]);
        using var answer = await client.PutAsync(new Uri($"api/v1/restores/{session.Id}/items/a", UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task An_open_restore_drops_itself_after_fifteen_minutes()
    {
        var clock = new MovedClock();
        await using var device = await SimulatedDevice.StartAsync(fleetOptions: new SimulatedFleetOptions { Clock = clock });
        device.Restores.Open();
        clock.Moved = TimeSpan.FromMinutes(14);
        Assert.NotNull(device.Restores.Current);
        clock.Moved = TimeSpan.FromMinutes(16);

        Assert.Null(device.Restores.Current);
    }

    [Fact]
    public async Task Many_devices_share_a_port_and_are_told_apart()
    {
        await using var fleet = await SimulatedFleet.StartAsync(new SimulatedFleetOptions());
        for (var number = 0; number < 300; number++)
        {
            fleet.Add(new SimulatedDeviceOptions { Id = $"edge-{number:d3}", WithSampleItems = false });
        }

        using var client = new HttpClient();
        foreach (var device in new[] { fleet.Devices[0], fleet.Devices[299] })
        {
            var told = await client.GetFromJsonAsync<JsonElement>(new Uri(device.Address, "api/v1/device"));
            Assert.Equal(device.Id, told.GetProperty("id").GetString());
        }
    }

    [Fact]
    public async Task The_control_calls_do_what_the_page_says()
    {
        await using var fleet = await SimulatedFleet.StartAsync(new SimulatedFleetOptions());
        using var client = new HttpClient { BaseAddress = new Uri(fleet.Address, "simulator/devices/") };

        await SendAsync(HttpMethod.Post, "", new { id = "x", type = "edge-controller", version = "1.24.5" }, HttpStatusCode.Created);
        var device = fleet.Find("x")!;
        await SendAsync(HttpMethod.Patch, "x", new { id = "y", version = "1.25.0", userName = "u", password = "p" });
        Assert.Equal(("y", "1.25.0", ("u", "p")), (device.Id, device.Version, device.RequiredBasic));
        await SendAsync(HttpMethod.Patch, "x", new { noAuthentication = true });
        Assert.Null(device.RequiredBasic);

        using var bytes = new ByteArrayContent([1, 2]);
        using var put = await client.PutAsync(new Uri("x/items/a%20b/c?kind=history&retain=warm", UriKind.Relative), bytes);
        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        Assert.Equal((ItemKind.History, RetainLevel.Warm), (device.Items.Find("a b/c")!.Kind, device.Items.Find("a b/c")!.Retain));
        await SendAsync(HttpMethod.Delete, "x/items/a%20b/c", body: null);
        Assert.Null(device.Items.Find("a b/c"));

        await SendAsync(HttpMethod.Post, "x/transactions", new { chargePoint = "cp-2", connector = 2 }, HttpStatusCode.Created);
        Assert.True(device.HasTransaction);
        await SendAsync(HttpMethod.Delete, "x/transactions", body: null);
        Assert.False(device.HasTransaction);
        await SendAsync(HttpMethod.Patch, "x/chargepoints/cp-1", new { online = false, pendingMessages = 2, connector = 1, status = "Faulted" });
        Assert.Equal((false, 2, "Faulted"), (device.ChargePoints[0].Online, device.ChargePoints[0].PendingMessages, device.ChargePoints[0].Connectors[0].Status));

        await SendAsync(HttpMethod.Post, "x/faults", new { kind = "status", status = 418, path = "device" });
        using var teapot = await client.GetAsync(new Uri(device.Address, "api/v1/device"));
        Assert.Equal(418, (int)teapot.StatusCode);
        await SendAsync(HttpMethod.Patch, "x/faults", new { commitFailure = "no", commitSeconds = 2, commitRestart = new { awaySeconds = 3, applies = false } });
        Assert.Equal(("no", TimeSpan.FromSeconds(2)), (device.Faults.CommitFailure, device.Faults.CommitDuration));
        Assert.Equal((3, false, true), (device.Faults.CommitRestart!.AwaySeconds, device.Faults.CommitRestart.Applies, device.Faults.CommitRestart.Answers));
        await SendAsync(HttpMethod.Delete, "x/faults", body: null);
        Assert.Null(device.Faults.CommitRestart);

        await SendAsync(HttpMethod.Post, "x/restart", new { seconds = 600 });
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(device.Address, "api/v1/device")));
        await SendAsync(HttpMethod.Get, "nobody", body: null, HttpStatusCode.NotFound);

        async Task SendAsync(HttpMethod method, string path, object? body, HttpStatusCode? expected = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var answer = await client.SendAsync(request);
            Assert.True(
                expected is { } status ? answer.StatusCode == status : answer.IsSuccessStatusCode,
                $"{method} {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Moved { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Moved;
    }
}
