using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Notifications;

/// <summary>A receiver that refuses, or stumbles over one message, is neither stormed nor does it lose the others.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class DeliveryTests : IAsyncLifetime
{
    private readonly WebhookReceiver receiver = new();
    private OperationsBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await OperationsBench.CreateAsync();
        bench.Context.Notifications = new NotificationOptions { Pause = TimeSpan.FromMilliseconds(1), Patience = TimeSpan.FromMinutes(1), Bound = TimeSpan.FromMinutes(5) };
        await RegisterAsync();
    }

    public async Task DisposeAsync()
    {
        await receiver.DisposeAsync();
        await bench.DisposeAsync();
    }

    [Theory]
    [InlineData(404)]
    [InlineData(401)]
    [InlineData(301)]
    [InlineData(400)]
    public async Task Who_refuses_one_message_is_not_asked_to_take_the_others_at_once(int status)
    {
        receiver.Status = status;
        Put("msg_1", "msg_2", "msg_3");
        await SendAsync();

        Assert.Equal(["msg_1"], Ids());
        Assert.Equal(3, (await ListAsync()).Pending);
    }

    [Fact]
    public async Task Who_did_not_take_anything_is_left_alone_for_a_while_and_for_longer_each_time()
    {
        receiver.Status = 404;
        Put("msg_1");
        var tries = new List<int>();
        for (var minute = 0; minute < 40; minute++)
        {
            var before = receiver.Received.Count;
            await SendAsync();
            if (receiver.Received.Count > before)
            {
                tries.Add(minute);
            }

            bench.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([0, 1, 3, 7, 15, 31], tries);

        // Whoever registers it anew has mended it.
        receiver.Status = 200;
        await RegisterAsync();
        await SendAsync();
        Assert.Equal(0, (await ListAsync()).Pending);
    }

    [Fact]
    public async Task A_test_that_arrives_lets_what_waits_go_with_the_next_command()
    {
        receiver.Status = 404;
        Put("msg_1");
        await SendAsync();
        receiver.Status = 200;
        await SendAsync();
        Assert.Equal(1, (await ListAsync()).Pending);

        var test = await new ManageNotifications(bench.Context, bench.Observer).TestAsync((await ListAsync()).Entry, default);
        Assert.Null(test.Error);
        await SendAsync();
        Assert.Equal(0, (await ListAsync()).Pending);
    }

    [Fact]
    public async Task A_message_that_is_answered_with_an_error_again_and_again_lets_the_others_pass()
    {
        receiver.Before = request => Task.FromResult<int?>(request.Id == "msg_1" ? 500 : null);
        Put("msg_1", "msg_2", "msg_3");
        for (var run = 0; run < 3; run++)
        {
            await SendAsync();
            bench.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(["msg_2", "msg_3"], Ids().Where(id => id != "msg_1"));
        Assert.Equal("msg_1", Assert.Single(Box().Read()).Message.Id);
    }

    [Fact]
    public async Task A_message_keeps_its_pause_while_others_are_taken()
    {
        receiver.Before = request => Task.FromResult<int?>(request.Id == "msg_1" ? 500 : null);
        Put("msg_1");
        await SendAsync();
        bench.Advance(TimeSpan.FromMinutes(1));
        foreach (var other in (string[])["msg_2", "msg_3", "msg_4"])
        {
            Put(other);
            await SendAsync();
        }

        Assert.Equal(["msg_2", "msg_3", "msg_4"], Ids().Where(id => id != "msg_1"));
        Assert.Equal(2, Assert.Single(Box().Read()).Message.Tries);

        // Registered anew, it is tried again.
        bench.Advance(TimeSpan.FromSeconds(1));
        await RegisterAsync();
        await SendAsync();
        Assert.Equal(3, Assert.Single(Box().Read()).Message.Tries);
    }

    [Fact]
    public async Task The_end_of_a_state_is_told_only_with_its_beginning()
    {
        var target = (await ListAsync()).Entry;
        var postman = new Postman(bench.Context, bench.Observer, bench.Context.Notifications, bench.Context.NotificationsFolder!);
        Box().Put(Of("msg_1", "backup.failed"));
        Box().Put(Of("msg_2", "backup.recovered"));
        postman.Withdraw([target], "edge-1", ["backup.failed"], unless: "backup.recovered");
        Assert.Equal(["msg_1", "msg_2"], Box().Read().Select(item => item.Message.Id).Order());
        postman.Withdraw([target], "edge-1", ["backup.recovered"]);
        postman.Withdraw([target], "edge-1", ["backup.failed"], unless: "backup.recovered");
        Assert.Empty(Box().Read());
    }

    [Fact]
    public async Task A_message_that_nobody_takes_is_thrown_away_after_twenty_tries_and_counted()
    {
        receiver.Status = 403;
        Put("msg_1");
        for (var run = 0; run < 23; run++)
        {
            await SendAsync();
            bench.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(20, receiver.Received.Count);
        var listed = await ListAsync();
        Assert.Equal((0, 1), (listed.Pending, listed.State.Dropped));
        Assert.Contains("403", listed.State.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_was_away_for_a_day_gets_all_that_waited_in_its_order()
    {
        receiver.Status = WebhookReceiver.Close;
        Put("msg_1", "msg_2", "msg_3");
        for (var run = 0; run < 30; run++)
        {
            await SendAsync();
            bench.Advance(TimeSpan.FromHours(1));
        }

        Assert.DoesNotContain("msg_2", Ids());
        receiver.Status = 200;
        await SendAsync();
        Assert.Equal(["msg_1", "msg_2", "msg_3"], Ids().TakeLast(3));
        Assert.Equal(0, (await ListAsync()).Pending);
    }

    private void Put(params string[] ids)
    {
        foreach (var (id, number) in ids.Select((id, number) => (id, number)))
        {
            Box().Put(new PendingMessage(id, "schedule.completed", bench.Clock.GetUtcNow().AddSeconds(number), "", """{"type":"schedule.completed"}"""));
        }
    }

    private PendingMessage Of(string id, string type) => new(id, type, bench.Clock.GetUtcNow(), "", "{}") { Device = "edge-1" };

    private IEnumerable<string> Ids() => receiver.Received.Select(request => request.Id);

    private Outbox Box() => new(bench.Context.NotificationsFolder!, "hook", bench.Context.Platform);

    private Task SendAsync() => new Notifier(bench.Context, bench.Observer).TellAsync([], default);

    private async Task<ListedNotification> ListAsync() =>
        Assert.Single(await new ManageNotifications(bench.Context, bench.Observer).FindAsync(["hook"], error => throw error, default));

    private async Task RegisterAsync() =>
        await new ManageNotifications(bench.Context, bench.Observer).RegisterAsync(new RegisterNotificationOptions { Name = "hook", Url = receiver.Url, Topics = [NotificationTopic.Digest] }, default);
}
