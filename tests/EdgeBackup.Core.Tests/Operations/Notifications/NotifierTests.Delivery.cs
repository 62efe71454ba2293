using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Notifications;

/// <content>A receiver that does not take what it is sent.</content>
public sealed partial class NotifierTests
{
    [Fact]
    public async Task A_message_whose_file_outlived_its_delivery_does_not_go_twice()
    {
        await RegisterAsync(NotificationTopic.Failure);
        Directory.Delete(await bench.AddFolderAsync("one"), recursive: true);
        receiver.Status = 503;
        await RunAsync();
        var (file, _) = Assert.Single(Box().Read().ToList());
        var bytes = await File.ReadAllBytesAsync(file);
        receiver.Status = 200;
        await RunAsync();
        var sent = receiver.Received.Count;
        Assert.Empty(Box().Read());

        // As a kill between the two steps leaves it.
        await File.WriteAllBytesAsync(file, bytes);
        await RunAsync();
        Assert.Equal(sent, receiver.Received.Count);
        Assert.Empty(Box().Read());
    }

    [Fact]
    public async Task What_waited_for_an_earlier_receiver_of_the_name_does_not_go_to_the_next()
    {
        await RegisterAsync(NotificationTopic.Digest);
        await bench.AddFolderAsync("one");
        receiver.Status = 503;
        await RunAsync();
        var (file, _) = Assert.Single(Box().Read().ToList());
        var bytes = await File.ReadAllBytesAsync(file);
        await new ManageNotifications(bench.Context, bench.Observer).UnregisterAsync((await ListAsync()).Entry, default);

        // As a kill leaves it that came before the box was emptied.
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, bytes);
        await RegisterAsync(NotificationTopic.Digest);
        Assert.Empty(Box().Read());
    }

    [Fact]
    public async Task A_receiver_that_stumbles_gets_the_message_again_under_the_same_id()
    {
        await RegisterAsync(NotificationTopic.Digest);
        await bench.AddFolderAsync("one");
        receiver.Answer(500, WebhookReceiver.Close, 200);
        await RunAsync();

        Assert.Equal(3, receiver.Received.Count);
        Assert.Single(receiver.Received.Select(request => request.Id).Distinct());
        var listed = await ListAsync();
        Assert.Equal((0, null), (listed.Pending, listed.State.LastError));
        Assert.NotNull(listed.State.LastDelivery);
    }

    [Theory]
    [InlineData(WebhookReceiver.Hang)]
    [InlineData(WebhookReceiver.Close)]
    [InlineData(503)]
    [InlineData(404)]
    [InlineData(301)]
    public async Task What_cannot_be_delivered_waits_also_for_another_process_and_goes_with_a_later_run(int status)
    {
        BeQuick(receiverIsDead: true);
        await using var elsewhere = new WebhookReceiver();
        receiver.Location = elsewhere.Url;
        receiver.Status = status;
        await RegisterAsync(NotificationTopic.Failure);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");

        // However it goes with the messages, the run is what it is.
        Assert.Equal("DeviceUnreachable", (await RunAsync()).Single().ErrorId);
        var waiting = await ListAsync();
        Assert.Equal(1, waiting.Pending);
        Assert.NotNull(waiting.State.LastError);
        var id = Box().Read().Single().Message.Id;

        await bench.ReopenAsync();
        BeQuick(receiverIsDead: false);
        receiver.Status = 200;
        await RunAsync();
        await RunAsync();
        Assert.Equal([id], receiver.Received.Select(request => request.Id).Distinct());
        Assert.Equal((0, null), ((await ListAsync()).Pending, (await ListAsync()).State.LastError));
        Assert.Empty(elsewhere.Received);
        var delivered = receiver.Received.Count;
        await RunAsync();
        Assert.Equal(delivered, receiver.Received.Count);
    }

    [Fact]
    public async Task A_receiver_that_is_gone_is_asked_no_more_until_it_is_registered_again()
    {
        await RegisterAsync(NotificationTopic.Digest);
        await bench.AddFolderAsync("one");
        receiver.Answer(410);
        await RunAsync();
        bench.Advance(TimeSpan.FromDays(2));
        await RunAsync();
        Assert.Single(receiver.Received);
        var gone = await ListAsync();
        Assert.Equal((true, 0), (gone.IsGone, gone.Pending));
        Assert.Contains("410", gone.State.LastError, StringComparison.Ordinal);

        await RegisterAsync(NotificationTopic.Digest);
        bench.Advance(TimeSpan.FromDays(2));
        await RunAsync();
        Assert.Equal(2, receiver.Received.Count);
        Assert.False((await ListAsync()).IsGone);
    }

    [Fact]
    public async Task What_nobody_takes_for_a_week_or_too_many_others_came_after_is_thrown_away_and_counted()
    {
        receiver.Status = 503;
        bench.Context.Notifications = bench.Context.Notifications with { Capacity = 10 };
        await RegisterAsync(NotificationTopic.Digest);
        var box = Box();
        for (var number = 0; number < 13; number++)
        {
            box.Put(new PendingMessage($"msg_{number:d6}", "notification.test", bench.Clock.GetUtcNow().AddSeconds(number - 5000), "", "{}"));
        }

        box.Put(new PendingMessage("msg_old", "notification.test", bench.Clock.GetUtcNow().AddDays(-8), "", "{}"));
        await bench.AddFolderAsync("one");
        await RunAsync();

        var listed = await ListAsync();
        Assert.Equal(10, listed.Pending);
        Assert.Equal(5, listed.State.Dropped);
    }
}
