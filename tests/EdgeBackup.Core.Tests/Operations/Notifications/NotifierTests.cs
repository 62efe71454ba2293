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

/// <summary>Who is registered is told once of each thing, whatever the receiver and this machine do meanwhile.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed partial class NotifierTests : IAsyncLifetime
{
    private readonly WebhookReceiver receiver = new();
    private OperationsBench bench = null!;
    private string secret = "";

    public async Task InitializeAsync()
    {
        bench = await OperationsBench.CreateAsync();
        BeQuick(receiverIsDead: false);
    }

    public async Task DisposeAsync()
    {
        await receiver.DisposeAsync();
        await bench.DisposeAsync();
    }

    [Fact]
    public async Task A_device_that_fails_in_three_runs_and_comes_back_is_told_of_twice()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        await RunAsync();
        Assert.Empty(receiver.Received);

        Directory.Move(root, root + "-gone");
        for (var run = 0; run < 3; run++)
        {
            Assert.Equal(ScheduledResult.Failed, (await RunAsync()).Single().Result);
        }

        var failure = Assert.Single(receiver.Received);
        Assert.Equal(("backup.failed", "one", "DeviceUnreachable"), (failure.Type, failure.Data.GetProperty("device").GetProperty("id").GetString(), failure.Data.GetProperty("errorId").GetString()));
        Assert.Equal(1, failure.Data.GetProperty("consecutiveFailures").GetInt32());

        Directory.Move(root + "-gone", root);
        await RunAsync();
        await RunAsync();
        Assert.Equal(["backup.failed", "backup.recovered"], receiver.Types);

        Directory.Move(root, root + "-gone");
        await RunAsync();
        Assert.Equal(["backup.failed", "backup.recovered", "backup.failed"], receiver.Types);
        Assert.Equal(3, receiver.Received.Select(request => request.Id).Distinct().Count());
    }

    [Fact]
    public async Task Each_message_is_signed_as_Standard_Webhooks_wants_it()
    {
        await RegisterAsync(NotificationTopic.Digest);
        await bench.AddFolderAsync("one");
        await RunAsync();

        var request = Assert.Single(receiver.Received);
        using var hmac = new HMACSHA256(Convert.FromBase64String(secret["whsec_".Length..]));
        var expected = Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes($"{request.Id}.{request.Headers["webhook-timestamp"]}.{request.Body}")));
        Assert.Equal("v1," + expected, request.Headers["webhook-signature"]);
        Assert.Equal("application/json", request.Headers["Content-Type"]);
        Assert.StartsWith("POST /hook ", request.RequestLine, StringComparison.Ordinal);
        Assert.InRange(long.Parse(request.Headers["webhook-timestamp"], CultureInfo.InvariantCulture), bench.Clock.GetUtcNow().ToUnixTimeSeconds() - 600, bench.Clock.GetUtcNow().ToUnixTimeSeconds());
    }

    [Fact]
    public void The_example_of_the_specification_gives_its_signature() =>
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSecret.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}"u8));

    [Fact]
    public async Task A_command_that_dies_before_it_can_say_that_it_has_told_tells_nothing_twice()
    {
        await RegisterAsync(NotificationTopic.Failure);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        await RunAsync();
        await bench.Context.Attempts.ChangeAsync(seen: null, "one", state => state with { FailureTold = null }, default);
        await bench.ReopenAsync();
        BeQuick(receiverIsDead: false);
        await RunAsync();

        Assert.Single(receiver.Received);
    }

    [Fact]
    public async Task A_command_that_dies_before_it_can_tell_leaves_the_telling_to_the_next()
    {
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        await RunAsync();
        await RegisterAsync(NotificationTopic.Failure);
        await RunAsync();

        Assert.Equal(2, Assert.Single(receiver.Received).Data.GetProperty("consecutiveFailures").GetInt32());
    }

    [Fact]
    public async Task A_busy_device_neither_fails_nor_recovers()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        await RunAsync();
        Directory.Move(root + "-gone", root);
        File.WriteAllText(Path.Combine(root, "edge-transactions.json"), """[{"id":"t1","chargepoint":"cp","connector":1,"started":"2026-11-22T00:00:00Z"}]""");
        Assert.Equal(ScheduledResult.Postponed, (await RunAsync()).Single().Result);
        Directory.Move(root, root + "-gone");
        await RunAsync();
        Assert.Equal(["backup.failed"], receiver.Types);

        Directory.Move(root + "-gone", root);
        File.Delete(Path.Combine(root, "edge-transactions.json"));
        await RunAsync();
        Assert.Equal(["backup.failed", "backup.recovered"], receiver.Types);
    }

    [Fact]
    public async Task A_device_without_a_backup_for_too_long_is_told_of_once()
    {
        await RegisterAsync(NotificationTopic.Overdue, NotificationTopic.Recovery);
        var root = await bench.AddFolderAsync("one");
        await RunAsync();
        Directory.Move(root, root + "-gone");
        bench.Advance(TimeSpan.FromHours(49));
        await RunAsync();
        await RunAsync();
        Assert.Equal(["backup.overdue"], receiver.Types);

        Directory.Move(root + "-gone", root);
        await RunAsync();
        Assert.Equal(["backup.overdue", "backup.recovered"], receiver.Types);
    }

    [Fact]
    public async Task A_run_that_did_something_is_told_of_in_one_digest_and_one_that_did_not_in_none()
    {
        await RegisterAsync(NotificationTopic.Digest);
        await bench.AddFolderAsync("one");
        var gone = await bench.AddFolderAsync("two");
        Directory.Delete(gone, recursive: true);
        await RunAsync(wait: false);
        await RunAsync(wait: false);

        var digest = Assert.Single(receiver.Received);
        Assert.Equal((1, 1, 0), (digest.Data.GetProperty("completed").GetInt32(), digest.Data.GetProperty("failed").GetInt32(), digest.Data.GetProperty("postponed").GetInt32()));
        Assert.Equal("two", digest.Data.GetProperty("failedDevices")[0].GetProperty("id").GetString());
        Assert.Equal("schedule.completed", digest.Type);
    }

    [Fact]
    public async Task A_single_automatic_backup_tells_as_a_run_does_and_a_manual_one_does_not()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Digest);
        var root = await bench.AddFolderAsync("one");
        Directory.Move(root, root + "-gone");
        await bench.BackUpAsync(["one"], new TakeBackupOptions { Kind = Core.Items.BackupKind.Manual, Name = "mine" });
        Assert.Empty(receiver.Received);
        await bench.BackUpAsync(["one"]);
        await bench.BackUpAsync(["one"]);

        Assert.Equal(["backup.failed"], receiver.Types);
    }

    [Fact]
    public async Task Who_wants_to_know_of_some_devices_hears_of_no_others()
    {
        var options = Options(NotificationTopic.Failure) with { Devices = ["k-*"], Tags = ["harbour", "depot"] };
        await new ManageNotifications(bench.Context, bench.Observer).RegisterAsync(options, default);
        foreach (var (id, tag) in new[] { ("k-1", "harbour"), ("k-2", "school"), ("x-3", "depot") })
        {
            Directory.Delete(await bench.AddFolderAsync(id, tags: [tag]), recursive: true);
        }

        await RunAsync();
        Assert.Equal("k-1", Assert.Single(receiver.Received).Data.GetProperty("device").GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_is_told_of_once_and_when_it_can_be()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Recovery);
        await bench.AddFolderAsync("one");
        bench.Block("leases");
        for (var run = 0; run < 3; run++)
        {
            await Assert.ThrowsAnyAsync<EdgeBackupException>(() => RunAsync());
        }

        Assert.Equal(["schedule.failed"], receiver.Types);
        bench.Unblock("leases");
        await RunAsync();
        Assert.Equal(["schedule.failed", "schedule.recovered"], receiver.Types);
    }

    [Fact]
    public async Task The_secret_is_nowhere_but_sealed_in_the_repository()
    {
        receiver.Status = 503;
        await RegisterAsync(NotificationTopic.Digest);
        await bench.AddFolderAsync("one");
        await RunAsync();

        var files = Directory.EnumerateFiles(bench.Path(), "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("-wal", StringComparison.Ordinal) && !file.EndsWith("-shm", StringComparison.Ordinal)).ToList();
        Assert.Contains(files, file => file.Contains("notifications", StringComparison.Ordinal) && file.EndsWith(".json", StringComparison.Ordinal));
        Assert.All(files, file => Assert.DoesNotContain(secret[6..], Encoding.Latin1.GetString(ReadShared(file)), StringComparison.Ordinal));
        Assert.All(await bench.EventsAsync("NotificationRegistered"), happened => Assert.DoesNotContain(secret[6..], happened.ToString(), StringComparison.Ordinal));
        foreach (var file in files.Where(file => !OperatingSystem.IsWindows() && file.Contains("EdgeBackup/notifications", StringComparison.Ordinal) && !file.EndsWith("lock", StringComparison.Ordinal)))
        {
            Assert.Equal(Convert.ToInt32("600", 8), bench.Context.Platform.Stat(file)!.UnixMode! & Convert.ToInt32("777", 8));
        }
    }

    [Fact]
    public async Task The_event_log_gets_its_entries_and_a_system_without_one_gets_nothing()
    {
        await new ManageNotifications(bench.Context, bench.Observer).RegisterAsync(new RegisterNotificationOptions { Name = "log", Topics = [NotificationTopic.Failure] }, default);
        Directory.Delete(await bench.AddFolderAsync("one"), recursive: true);
        bench.Context.SystemLog = new NoSystemLog();
        await RunAsync();
        Assert.Equal(0, (await ListAsync("log")).Pending);

        // Nobody was told there, so a machine that has an event log tells it.
        var log = new RecordingLog();
        bench.Context.SystemLog = log;
        await RunAsync();
        await RunAsync();
        var (kind, text) = Assert.Single(log.Written);
        Assert.Equal((1001, SystemLogLevel.Error), (kind.Id, kind.Level));
        Assert.Contains("'one'", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_is_told_when_the_device_was_let_go_of()
    {
        await RegisterAsync(NotificationTopic.Restore);
        var device = await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        var held = new List<bool>();
        receiver.Before = _ =>
        {
            held.Add(device.Holds.IsHeld);
            return Task.FromResult<int?>(null);
        };
        await new RestoreBackup(bench.Context, bench.Observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, default);

        Assert.Equal(["restore.completed"], receiver.Types);
        Assert.Equal([false], held);
    }

    [Fact]
    public async Task A_switch_is_told_when_the_broken_device_is_fenced()
    {
        await RegisterAsync(NotificationTopic.Restore, NotificationTopic.Switch);
        await bench.AddFolderAsync("old");
        await bench.AddFolderAsync("new", "a=2\n");
        await bench.AutomaticAsync("old");
        var fenced = new List<bool>();
        receiver.Before = async _ =>
        {
            fenced.Add((await bench.Context.Devices.GetAsync("old", default)).Fence is not null);
            return null;
        };
        await new SwitchDevice(bench.Context, bench.Observer).RunAsync(new SwitchOptions { Device = "new", Replaces = "old" }, default);

        Assert.Equal(["restore.completed", "device.switched"], receiver.Types);
        Assert.Equal([true, true], fenced);
    }

    [Fact]
    public async Task Noting_a_restore_waits_for_no_receiver()
    {
        await RegisterAsync(NotificationTopic.Restore);
        await bench.AddFolderAsync("one");
        await bench.Context.NoteAsync(bench.Observer, EdgeEventCategory.Restore, "Restored", "It was restored.", "one");
        Assert.Empty(receiver.Received);
        Assert.Equal(1, (await ListAsync()).Pending);
        await RunAsync();
        Assert.Equal(["restore.completed"], receiver.Types);
    }

    [Fact]
    public async Task A_run_that_only_asks_tells_nobody()
    {
        await RegisterAsync(NotificationTopic.Failure, NotificationTopic.Overdue, NotificationTopic.Digest);
        Directory.Delete(await bench.AddFolderAsync("one"), recursive: true);
        await bench.BackUpAsync(["one"]);
        var before = receiver.Received.Count;
        await bench.Context.Attempts.ChangeAsync(seen: null, "one", state => state with { FailureTold = null }, default);
        await bench.RunScheduleAsync(new RunScheduleOptions { WatchFor = TimeSpan.Zero, Tell = false }, devices: []);

        Assert.Equal(before, receiver.Received.Count);
        Assert.Null((await bench.Context.Attempts.ReadAsync("one", default)).State.FailureTold);
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Whether an answer comes is never a matter of these times where the receiver answers at all.</summary>
    private void BeQuick(bool receiverIsDead) => bench.Context.Notifications = new NotificationOptions
    {
        Pause = TimeSpan.FromMilliseconds(1),
        Patience = receiverIsDead ? TimeSpan.FromMilliseconds(300) : TimeSpan.FromMinutes(1),
        Bound = receiverIsDead ? TimeSpan.FromSeconds(2) : TimeSpan.FromMinutes(5),
        EndPatience = receiverIsDead ? TimeSpan.FromSeconds(2) : TimeSpan.FromMinutes(5),
    };

    private RegisterNotificationOptions Options(params NotificationTopic[] topics) => new() { Name = "hook", Url = receiver.Url, Topics = topics };

    private async Task RegisterAsync(params NotificationTopic[] topics)
    {
        var (_, made) = await new ManageNotifications(bench.Context, bench.Observer).RegisterAsync(Options(topics), default);
        secret = made ?? secret;
    }

    private Outbox Box() => new(bench.Context.NotificationsFolder!, "hook", bench.Context.Platform);

    private async Task<ListedNotification> ListAsync(string name = "hook") =>
        Assert.Single(await new ManageNotifications(bench.Context, bench.Observer).FindAsync([name], error => throw error, default));

    /// <summary>Runs the schedule when all devices are due again.</summary>
    private async Task<List<ScheduledOutcome>> RunAsync(bool wait = true)
    {
        if (wait)
        {
            bench.Advance(TimeSpan.FromHours(25));
        }

        return await bench.RunScheduleAsync();
    }

    private sealed class RecordingLog : ISystemLog
    {
        public List<(SystemLogEvent Kind, string Text)> Written { get; } = [];

        public bool IsAvailable => true;

        public string? TryWrite(SystemLogEvent kind, string message)
        {
            Written.Add((kind, message));
            return null;
        }
    }
}
