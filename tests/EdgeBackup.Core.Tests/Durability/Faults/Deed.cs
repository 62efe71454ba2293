using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Metrics;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Operations;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>Something that a user does, and how to see on the repository that it was done when it said so.</summary>
/// <param name="Name">For messages.</param>
/// <param name="RunAsync">
/// Does it, for the first or the second time; what it returns holds a fresh repository, opened without faults, against
/// what was promised.
/// </param>
internal sealed record Deed(string Name, Func<FaultWorld, RepositoryContext, int, Task<Func<RepositoryContext, Task>>> RunAsync)
{
    private static readonly RecordingObserver Observer = new();
    private static readonly Func<RepositoryContext, Task> Nothing = _ => Task.CompletedTask;

    public static IReadOnlyList<Deed> All { get; } =
    [
        new("open", async (world, context, _) =>
        {
            await using var repository = await Bench.OpenAsync(context.Repository.Store);
            Assert.NotNull(await EdgeRepository.PeekAsync(context.Repository.Store, default));
            return Nothing;
        }),
        new("register", async (world, context, _) =>
        {
            await new RegisterDevice(context, Observer).RunAsync(new RegisterDeviceOptions { Address = world.AddressOf("gamma") }, default);
            return async later => Assert.NotNull((await later.Devices.GetAsync("gamma", default)).Registration);
        }),
        new("change a device", async (_, context, time) =>
        {
            await new ChangeDevice(context, Observer).SetAsync("beta", new ChangeDeviceOptions { Name = $"name {time}" }, default);
            return async later => Assert.Equal($"name {time}", (await later.Devices.GetAsync("beta", default)).Registration!.Name);
        }),
        new("unregister", async (_, context, time) =>
        {
            if (time == 1 || (await context.Devices.GetAsync("beta", default)).Registration is not null)
            {
                await new ChangeDevice(context, Observer).UnregisterAsync("beta", default);
            }

            return async later => Assert.Null((await later.Devices.GetAsync("beta", default)).Registration);
        }),
        new("automatic backups", async (world, context, _) =>
        {
            world.ResetDevices(5);
            var taken = await FaultWorld.TakeAsync(context, ["alpha", "beta"], new TakeBackupOptions { Kind = BackupKind.Automatic });
            Assert.Equal(2, taken.Count);
            return later => AreWholeAsync(world, later, taken);
        }),
        new("manual backup", async (world, context, time) =>
        {
            world.ResetDevices(6);
            var taken = await FaultWorld.TakeAsync(context, ["beta"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = $"by hand {time}" });
            return later => AreWholeAsync(world, later, taken);
        }),
        new("list backups", async (_, context, _) =>
        {
            var listed = await ListAsync(context);
            Assert.Equal(6, listed.Count);
            return Nothing;
        }),
        new("list one backup and its items", async (world, context, _) =>
        {
            var backup = await new FindBackups(context).RequireOneAsync(world.ManualId, device: null, default);
            Assert.Equal(4, (await new FindBackupItems(context).RunAsync(backup, [], default).ToListAsync()).Count);
            return Nothing;
        }),
        new("list devices", async (_, context, _) =>
        {
            var devices = await new FindDevices(context).RunAsync(new FindDevicesOptions(), error => throw error, default).ToListAsync();
            Assert.Equal(["alpha", "beta"], devices.Select(device => device.Device.Id).Order());
            return Nothing;
        }),
        new("list events", async (_, context, _) =>
        {
            var problems = await context.Catalog.RefreshEventsAsync(default);
            return problems.Count > 0 ? throw problems[0] : Nothing;
        }),
        new("write the metrics", async (_, context, _) =>
        {
            var text = await new ExportMetrics(context, Observer).RunAsync(devices: null, error => throw error, default);
            Assert.Contains("edgebackup_repository_backups", text, StringComparison.Ordinal);
            return Nothing;
        }),
        new("verify everything", async (_, context, _) =>
        {
            await context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
            await context.Repository.VerifyAsync(new VerifyOptions(ReadData: false), progress: null, default);
            return Nothing;
        }),
        new("verify a backup", async (world, context, _) =>
        {
            await context.Repository.VerifyBackupAsync(world.Lasting[0].Record, default);
            return Nothing;
        }),
        new("optimize", async (_, context, time) =>
        {
            var observer = new RecordingObserver();
            var outcome = await new OptimizeRepository(context, observer).RunAsync(whatIf: false, default);
            if (SaysThatRecordsAreUnreadable(observer) || outcome.Reclaim.IsStoppedByDamage || outcome.Reclaim.Left.Count > 0 || time == 2)
            {
                // It did less and said so; or little was left to do.
                return Nothing;
            }

            Assert.Equal(3, outcome.Expired.Count);
            return async later => Assert.Equal(3, (await ListAsync(later)).Count);
        }),
        new("say what an optimization would do", async (_, context, _) =>
        {
            var observer = new RecordingObserver();
            var outcome = await new OptimizeRepository(context, observer).RunAsync(whatIf: true, default);
            Assert.True(outcome.Expired.Count == 3 || SaysThatRecordsAreUnreadable(observer), "it tells of less and does not say why");
            return async later => Assert.Equal(6, (await ListAsync(later)).Count);
        }),
        new("set a policy", async (world, context, time) =>
        {
            var entry = new PolicyEntry { Scope = PolicyScope.All, Values = new PolicyValues { KeepLast = time }, Time = world.Clock.GetUtcNow(), Author = "tester@bench" };
            await PolicyBook.SetAsync(context.Repository, entry, default);
            return async later => Assert.Equal(time, (await PolicyBook.LoadAsync(later.Repository, default)).For("alpha", "kiosk", [], site: null).KeepLast);
        }),
        new("protect", async (world, context, _) =>
        {
            var backup = await new FindBackups(context).RequireOneAsync(world.ManualId, device: null, default);
            await new ProtectBackup(context, Observer).ProtectAsync(backup, "proof", default);
            return async later => Assert.Contains(world.ManualId, (await later.Devices.GetAsync("alpha", default)).Protections.Keys);
        }),
        new("restore to a folder", async (world, context, _) =>
        {
            var target = world.NewFolder();
            try
            {
                await new RestoreToFolder(context, Observer).RunAsync(new RestoreToFolderOptions { Backup = world.ManualId, Destination = target }, default);
            }
            catch
            {
                Assert.False(Directory.Exists(target), "a half-restored folder is visible");
                throw;
            }

            CheckFolder(world.Lasting.Single(known => known.Record.Id == world.ManualId), target);
            return Nothing;
        }),
        new("restore onto a device", async (world, context, _) =>
        {
            world.ResetDevices(7);
            var known = world.Lasting.Single(known => known.Record.Id == world.ManualId);
            var root = world.AddressOf("alpha").Text;
            try
            {
                var result = await new RestoreBackup(context, Observer).RunAsync(new RestoreOptions { Backup = world.ManualId }, default);
                Assert.True(result.Verified);
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                // All of the one state or all of the other.
                var day = File.ReadAllText(Path.Combine(root, "setting.ini"));
                Assert.Equal(day.Contains('7'), File.Exists(Path.Combine(root, "logs", "7.log")));
                Assert.Equal(day.Contains('4'), File.Exists(Path.Combine(root, "logs", "4.log")));
                throw;
            }

            CheckFolder(known, root);
            return Nothing;
        }),
        new("export", async (world, context, _) =>
        {
            var file = world.NewFolder();
            var backup = await new FindBackups(context).RequireOneAsync(world.ManualId, device: null, default);
            try
            {
                await new ExportBackup(context, Observer).RunAsync(backup, file, default);
            }
            catch
            {
                Assert.False(File.Exists(file), "a half-exported file is visible");
                throw;
            }

            Assert.Equal(File.ReadAllBytes(world.ExportedFile), File.ReadAllBytes(file));
            return Nothing;
        }),
        new("import", async (world, context, time) =>
        {
            // A removal that was cut short is finished first, as the error of an import asks.
            var name = world.Lasting.Single(known => known.Record.Id == world.ManualId).ObjectName;
            if (time == 1 || await context.Repository.Core.Store.GetAsync(name, default) is not null)
            {
                await context.Repository.DeleteBackupsAsync([name], default);
            }

            await new ImportBackup(context, Observer).RunAsync(world.ExportedFile, default);
            return async later => await BackupCheck.AllAreIntactAsync(later.Repository, world.Lasting, new Tally { What = "" }, "after an import");
        }),
        new("change keys", async (_, context, time) =>
        {
            var keyring = context.Repository.Keyring;
            var secrets = new[] { 2 * time, (2 * time) + 1 }.Select(seed => new KeyFileSecret(Bench.RandomBytes(seed, 32))).ToArray();
            await keyring.AddAsync(secrets[0], default);
            var passing = await keyring.AddAsync(secrets[1], default);
            Assert.Equal(passing.Id, await keyring.ProveAsync(secrets[1], default));
            await keyring.RemoveAsync([passing.Id], default);
            return async later =>
            {
                await later.Repository.Keyring.ProveAsync(secrets[0], default);
                var error = await Assert.ThrowsAsync<EdgeBackupException>(() => EdgeRepository.OpenAsync(later.Repository.Store, secrets[1], Bench.Environment, default));
                Assert.Equal(ErrorIds.RepositoryKeyWrong, error.ErrorId);
            };
        }),
        new("repair", async (_, context, _) =>
        {
            await context.Repository.RepairAsync(new RepairOptions(), progress: null, default);
            return Nothing;
        }),
        new("copy from", async (world, context, _) =>
        {
            var store = new MemoryObjectStore();
            await using var created = await Bench.CreateAsync(store);
            await using var copy = await world.OpenAsync(store);
            var outcome = await new SyncRepository(context, copy, Observer).RunAsync(new SyncOptions(), default);
            Assert.True(outcome.Failed.Count > 0 || outcome is { Copied: 6, Behind: 0 }, "not all was copied, and it does not say so");
            Assert.Equal(outcome.Copied, (await ListAsync(copy)).Count);
            Assert.Empty((await copy.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default)).Damage);
            return Nothing;
        }),
        new("copy into", async (world, context, time) =>
        {
            var store = new MemoryObjectStore();
            var id = $"source-{time}";
            await using (var created = await Bench.CreateAsync(store))
            {
                await Bench.BackUpAsync(created, id, new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(time, 9_000) });
                await Bench.BackUpAsync(created, id, new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(10 + time, 9_000) });
            }

            await using var source = await world.OpenAsync(store);
            var entry = new PolicyEntry { Scope = PolicyScope.All, Values = new PolicyValues { KeepLast = time }, Time = world.Clock.GetUtcNow(), Author = "tester@bench" };
            await PolicyBook.SetAsync(source.Repository, entry, default);
            var outcome = await new SyncRepository(source, context, Observer).RunAsync(new SyncOptions(), default);
            Assert.True(outcome.Failed.Count > 0 || outcome is { Copied: 2, Behind: 0 }, "not all was copied, and it does not say so");
            return async later => Assert.Equal(outcome.Copied, (await ListAsync(later)).Count(backup => backup.Backup.Device == id));
        }),
        new("switch", async (world, context, time) =>
        {
            world.ResetDevices(8);
            if (time == 1 || (await context.Devices.GetAsync("gamma", default)).Registration is null)
            {
                await new RegisterDevice(context, Observer).RunAsync(new RegisterDeviceOptions { Address = world.AddressOf("gamma") }, default);
            }

            await new SwitchDevice(context, Observer).RunAsync(new SwitchOptions { Device = "gamma", Replaces = "alpha" }, default);
            return async later => Assert.Equal("gamma", (await later.Devices.GetAsync("alpha", default)).Fence?.ReplacedBy);
        }),
    ];

    private static bool SaysThatRecordsAreUnreadable(RecordingObserver observer) =>
        observer.Warnings.Any(warning => warning.Contains("nothing expires", StringComparison.Ordinal));

    private static Task<List<ListedBackup>> ListAsync(RepositoryContext context) =>
        new FindBackups(context).RunAsync(new FindBackupsOptions(), error => throw error, default).ToListAsync().AsTask();

    private static async Task AreWholeAsync(FaultWorld world, RepositoryContext later, IReadOnlyList<CatalogBackup> taken) =>
        await BackupCheck.AllAreIntactAsync(later.Repository, await world.KnowAsync(later.Repository, taken), new Tally { What = "" }, "after a backup");

    private static void CheckFolder(KnownBackup known, string root)
    {
        foreach (var (path, content) in known.Files)
        {
            var file = Path.Combine(root, path);
            Assert.True(Directory.Exists(file) || File.ReadAllBytes(file).AsSpan().SequenceEqual(content), path);
        }
    }
}
