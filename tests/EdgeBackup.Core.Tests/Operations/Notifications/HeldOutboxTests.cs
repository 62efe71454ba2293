using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Notifications;

/// <summary>A file of the outbox that another program has to itself, as on Windows a virus scanner or an editor does.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class HeldOutboxTests : IAsyncLifetime
{
    private readonly WebhookReceiver receiver = new();
    private OperationsBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await OperationsBench.CreateAsync();
        bench.Context.Notifications = new NotificationOptions { Pause = TimeSpan.FromMilliseconds(1), Patience = TimeSpan.FromMinutes(1), Bound = TimeSpan.FromMinutes(5) };
        await RegisterAsync("hook");
    }

    public async Task DisposeAsync()
    {
        await receiver.DisposeAsync();
        await bench.DisposeAsync();
    }

    [Fact]
    public async Task A_message_whose_file_is_held_lets_the_others_pass_and_goes_when_it_is_let_go()
    {
        Put("msg_1", "msg_2", "msg_3");
        using (Hold(FileOf("msg_1")))
        {
            await SendAsync();
            Assert.Equal(["msg_2", "msg_3"], Ids());
            Assert.Contains(FileOf("msg_1"), Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);
            Assert.Equal(1, (await ListAsync()).Pending);
        }

        await SendAsync();
        Assert.Equal(["msg_2", "msg_3", "msg_1"], Ids());
        Assert.Equal((0, null), ((await ListAsync()).Pending, (await ListAsync()).State.LastError));
    }

    [Fact]
    public async Task A_message_whose_file_is_held_when_it_was_delivered_does_not_go_twice_and_holds_up_no_other()
    {
        FileStream? held = null;
        receiver.Before = request =>
        {
            held ??= Hold(FileOf(request.Id));
            return Task.FromResult<int?>(null);
        };
        Put("msg_1", "msg_2");
        await SendAsync();
        Assert.Equal(["msg_1", "msg_2"], Ids());

        Put("msg_3");
        await SendAsync();
        Assert.Equal(["msg_1", "msg_2", "msg_3"], Ids());
        Assert.Equal(0, (await ListAsync()).Pending);
        var left = FileOf("msg_1");
        held!.Dispose();
        Put("msg_4");
        await SendAsync();
        Assert.Equal(["msg_1", "msg_2", "msg_3", "msg_4"], Ids());
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task A_message_that_is_no_longer_true_is_not_sent_because_its_file_is_held()
    {
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        receiver.Status = 503;
        await bench.BackUpAsync(["one"]);
        var asked = receiver.Received.Count;
        receiver.Status = 200;
        Directory.Move(root + "-gone", root);
        using (Hold(Assert.Single(Files())))
        {
            await bench.BackUpAsync(["one"]);
        }

        await SendAsync();
        Assert.Equal(asked, receiver.Received.Count);
        Assert.Equal(0, (await ListAsync()).Pending);
    }

    [Fact]
    public async Task A_target_whose_files_are_held_keeps_nothing_from_the_others()
    {
        await RegisterAsync("other");
        Directory.Delete(await bench.AddFolderAsync("one"), recursive: true);
        Directory.CreateDirectory(Folder("hook"));
        using (Hold(Path.Combine(Folder("hook"), "state"), FileMode.Create))
        {
            await bench.BackUpAsync(["one"]);
            Assert.Equal(["backup.failed"], receiver.Types);
            Assert.Contains("'hook'", Assert.Single(bench.Observer.Warnings), StringComparison.Ordinal);

            // It is laid down once, however many commands find the files held.
            await bench.BackUpAsync(["one"]);
        }

        await SendAsync();
        await SendAsync();
        Assert.Equal(["backup.failed", "backup.failed"], receiver.Types);
        Assert.Equal(2, Ids().Distinct().Count());
    }

    [Fact]
    public async Task A_target_whose_files_are_held_while_a_device_fails_and_recovers_hears_of_both()
    {
        await RegisterAsync("other");
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        Directory.CreateDirectory(Folder("hook"));
        using (Hold(Path.Combine(Folder("hook"), "state"), FileMode.Create))
        {
            await bench.BackUpAsync(["one"]);
            Directory.Move(root + "-gone", root);
            await bench.BackUpAsync(["one"]);
            Assert.Equal(["backup.failed", "backup.recovered"], receiver.Types);
        }

        await SendAsync();
        Assert.Equal(["backup.failed", "backup.recovered", "backup.failed", "backup.recovered"], receiver.Types);
        Assert.Equal(4, Ids().Distinct().Count());
        Assert.Equal(0, (await ListAsync()).Pending);
    }

    [Fact]
    public async Task A_run_that_failed_while_the_folder_of_its_only_target_could_not_be_used_is_told_later()
    {
        await bench.AddFolderAsync("one");
        Directory.CreateDirectory(bench.Context.NotificationsFolder!);
        await File.WriteAllTextAsync(Folder("hook"), "");
        bench.Block("leases");
        await Assert.ThrowsAnyAsync<EdgeBackupException>(() => bench.RunScheduleAsync());
        Assert.Equal(1, (await ListAsync()).Pending);
        bench.Unblock("leases");
        bench.Advance(TimeSpan.FromHours(25));
        await bench.RunScheduleAsync();
        Assert.Empty(receiver.Received);

        File.Delete(Folder("hook"));
        await SendAsync();
        Assert.Equal(["schedule.failed", "schedule.recovered", "schedule.completed"], receiver.Types);
    }

    [Fact]
    public async Task A_target_whose_folder_cannot_be_listed_keeps_nothing_from_being_sent_to_the_others()
    {
        await RegisterAsync("other");
        var root = await bench.AddFolderAsync("one");
        var folder = Directory.CreateDirectory(Folder("hook"));
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var mode = folder.UnixFileMode;
        try
        {
            folder.UnixFileMode = UnixFileMode.None;
            Directory.Delete(root, recursive: true);
            await bench.BackUpAsync(["one"]);
            Assert.Contains("backup.failed", receiver.Types);
        }
        finally
        {
            folder.UnixFileMode = mode;
        }

        // For a superuser nothing is closed, and it went to both at once.
        await SendAsync();
        Assert.Equal(["backup.failed", "backup.failed"], receiver.Types);
    }

    [Fact]
    public async Task What_was_laid_aside_for_a_target_that_was_ended_goes_to_nobody()
    {
        Directory.Delete(await bench.AddFolderAsync("one"), recursive: true);
        Directory.CreateDirectory(bench.Context.NotificationsFolder!);
        await File.WriteAllTextAsync(Folder("hook"), "");
        await bench.BackUpAsync(["one"]);
        Assert.Equal(1, (await ListAsync()).Pending);
        await new ManageNotifications(bench.Context, bench.Observer).UnregisterAsync((await ListAsync()).Entry, default);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_notification_whose_files_are_held_can_be_listed_tried_ended_and_registered()
    {
        Directory.CreateDirectory(Folder("hook"));
        using (Hold(Path.Combine(Folder("hook"), "state"), FileMode.Create))
        {
            await RegisterAsync("hook");
            var listed = await ListAsync();
            Assert.Equal(0, listed.Pending);
            Assert.Null((await new ManageNotifications(bench.Context, bench.Observer).TestAsync(listed.Entry, default)).Error);
            Assert.All(bench.Observer.Warnings, warning => Assert.Contains("'hook'", warning, StringComparison.Ordinal));
            Assert.NotEmpty(bench.Observer.Warnings);
        }

        Put("msg_1");
        var left = FileOf("msg_1");
        receiver.Status = 500;
        using (Hold(left))
        {
            await new ManageNotifications(bench.Context, bench.Observer).UnregisterAsync((await ListAsync()).Entry, default);
            await RegisterAsync("hook");
        }

        // What waited for the earlier one is not for this one, also when it can be read again.
        receiver.Status = 200;
        await SendAsync();
        Assert.DoesNotContain("msg_1", Ids());
        Assert.False(File.Exists(left));
    }

    private static FileStream Hold(string file, FileMode mode = FileMode.Open) => new(file, mode, FileAccess.ReadWrite, FileShare.None);

    private void Put(params string[] ids)
    {
        foreach (var (id, number) in ids.Select((id, number) => (id, number)))
        {
            Box().Put(new PendingMessage(id, "schedule.completed", bench.Clock.GetUtcNow().AddSeconds(number), "", """{"type":"schedule.completed"}"""));
        }
    }

    private string[] Files() => Directory.GetFiles(bench.Context.NotificationsFolder!, "*.json", SearchOption.AllDirectories);

    private string FileOf(string id) => Files().Single(file => file.EndsWith($"-{id}.json", StringComparison.Ordinal));

    private string Folder(string target) => Path.Combine(bench.Context.NotificationsFolder!, Outbox.FolderName(target));

    private IEnumerable<string> Ids() => receiver.Received.Select(request => request.Id);

    private Outbox Box() => new(bench.Context.NotificationsFolder!, "hook", bench.Context.Platform);

    private Task SendAsync() => new Notifier(bench.Context, bench.Observer).TellAsync([], default);

    private async Task<ListedNotification> ListAsync() =>
        Assert.Single(await new ManageNotifications(bench.Context, bench.Observer).FindAsync(["hook"], error => throw error, default));

    private async Task RegisterAsync(string name) =>
        await new ManageNotifications(bench.Context, bench.Observer).RegisterAsync(
            new RegisterNotificationOptions { Name = name, Url = receiver.Url, Topics = [NotificationTopic.Failure, NotificationTopic.Recovery, NotificationTopic.Digest] }, default);
}
