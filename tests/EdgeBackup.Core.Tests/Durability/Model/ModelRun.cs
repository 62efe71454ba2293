using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Devices.Folder;
using EdgeBackup.Core.Tests.Durability.Faults;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.TestWorker.Crash;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Model;

/// <summary>One sequence of steps on one repository by three writers, each with a catalog of its own.</summary>
internal sealed class ModelRun : IAsyncDisposable
{
    private static readonly string[] Devices = ["north", "south", "west"];

    private readonly TemporaryFolder folder = new();
    private readonly MemoryObjectStore memory = new();
    private readonly ShiftedTime clock = new(TimeSpan.Zero);
    private readonly Promises promises = new();
    private readonly FaultyStore[] stores = new FaultyStore[3];
    private readonly RepositoryContext?[] writers = new RepositoryContext?[3];
    private readonly Tally tally;
    private int contents;

    private ModelRun(Tally tally) => this.tally = tally;

    public static async Task PlayAsync(IReadOnlyList<Step> steps, Tally tally)
    {
        await using var run = new ModelRun(tally);
        await run.BeginAsync();
        foreach (var step in steps)
        {
            await run.DoAsync(step);
        }

        await run.CheckAsync();
        tally.Trials++;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var writer in writers)
        {
            if (writer is not null)
            {
                await writer.DisposeAsync();
            }
        }

        folder.Dispose();
    }

    private async Task BeginAsync()
    {
        await (await Bench.CreateAsync(memory)).DisposeAsync();
        for (var writer = 0; writer < writers.Length; writer++)
        {
            await OpenAsync(writer);
        }

        foreach (var device in Devices)
        {
            Write(device);
            await new RegisterDevice(writers[0]!, SilentObserver.Instance).RunAsync(new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, folder.Combine("devices", device)) }, default);
        }
    }

    private async Task OpenAsync(int writer)
    {
        if (writers[writer] is { } old)
        {
            await old.DisposeAsync();
        }

        stores[writer] = new FaultyStore(memory);
        var environment = new RepositoryEnvironment(clock, new SystemRandom(), SystemPlatform.Create());
        var repository = await EdgeRepository.OpenAsync(stores[writer], Bench.Key, environment, default);
        var catalog = OpenRepository.OpenCatalog(new RepositoryLocations(folder.Combine($"user-{writer}")), repository);
        writers[writer] = new RepositoryContext(repository, catalog, new ConnectionFactory(SystemPlatform.Create(), clock), $"writer{writer}@model");
    }

    private async Task DoAsync(Step step)
    {
        clock.Ahead += TimeSpan.FromDays(step.Days);
        var store = stores[step.Writer];
        if (step.Ending != Ending.Well)
        {
            store.Arm(step.Call, step.Ending == Ending.Crash ? StoreFaultKind.Dies : step.Fault);
        }

        var beside = step.Beside ? DoBesideAsync(step) : Task.CompletedTask;
        try
        {
            await DoAsync(step.Deed, step.Writer, step.Number, Devices[step.Number % 2]);
        }
        catch (EdgeBackupException) when (store.HasStruck)
        {
            // A clear error, and nothing was acknowledged.
        }

        await beside;
        tally.Faults += store.HasStruck ? 1 : 0;
        store.Disarm();
        if (step.Ending == Ending.Crash)
        {
            tally.Kills++;
            await OpenAsync(step.Writer);
        }
        else if (step.Ending == Ending.Fault)
        {
            stores[step.Writer] = store;
        }

        // The leases of the dead, whose process in life is dead as well; nobody works between two steps.
        foreach (var lease in memory.Objects.Keys.Where(name => name.StartsWith("leases/", StringComparison.Ordinal)).ToList())
        {
            memory.Objects.Remove(lease);
        }
    }

    /// <summary>Another writer, without faults, on a device of its own.</summary>
    private Task DoBesideAsync(Step step) =>
        Task.Run(() => DoAsync(step.Number % 3 == 0 ? Deeds.Optimize : Deeds.Automatic, (step.Writer + 1) % 3, step.Number, Devices[2]));

    private async Task DoAsync(Deeds deed, int writer, int number, string device)
    {
        var context = writers[writer]!;
        switch (deed)
        {
            case Deeds.Automatic:
                await TakeAsync(context, device, new TakeBackupOptions { Kind = BackupKind.Automatic });
                break;
            case Deeds.Manual:
                await TakeAsync(context, device, new TakeBackupOptions { Kind = BackupKind.Manual, Name = $"m{Interlocked.Increment(ref contents)}" });
                break;
            case Deeds.Protect:
                await ProtectAsync(context, number);
                break;
            case Deeds.Optimize:
                await new OptimizeRepository(context, SilentObserver.Instance).RunAsync(whatIf: false, default);
                break;
            case Deeds.Verify:
                var report = await context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default);
                Assert.True(report.Healthy || stores[writer].HasStruck, string.Join("\n", report.Damage));
                break;
            default:
                await OpenAsync(writer);
                break;
        }
    }

    private async Task TakeAsync(RepositoryContext context, string device, TakeBackupOptions options)
    {
        var generation = Write(device);
        if (options.Kind == BackupKind.Manual)
        {
            promises.Tried(device, clock.GetUtcNow());
        }

        Exception? error = null;
        await new TakeBackup(context, SilentObserver.Instance).RunAsync([device], options, async outcome =>
        {
            error = outcome.Error;
            if (outcome.Backup is { } taken)
            {
                // By a reader of its own, since the writer's store may be about to fail.
                await using var reader = await Bench.OpenAsync(memory);
                var record = await reader.ReadBackupAsync(taken.Backup.ObjectName, default);
                var files = new Dictionary<string, byte[]>(DeviceContent.Make(device, generation)) { ["logs"] = [], ["state"] = [] };
                promises.Made(new KnownBackup(record, taken.Backup.ObjectName, files));
            }
        }, default);
        if (error is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        }
    }

    private async Task ProtectAsync(RepositoryContext context, int number)
    {
        var standing = promises.Standing(clock.GetUtcNow());
        if (standing.Count > 0)
        {
            var id = standing[number % standing.Count].Record.Id;
            var backup = await new FindBackups(context).RequireOneAsync(id, device: null, default);
            await new ProtectBackup(context, SilentObserver.Instance).ProtectAsync(backup, "model", default);
            promises.All.Single(promise => promise.Record.Id == id).IsProtected = true;
        }
    }

    private int Write(string device)
    {
        // Few generations, so that states come back and chunks are shared.
        var generation = Interlocked.Increment(ref contents) % 7;
        lock (device)
        {
            DeviceContent.Write(folder.Combine("devices", device), device, generation);
        }

        return generation;
    }

    private async Task CheckAsync()
    {
        await using var reader = await Bench.OpenAsync(memory);
        Assert.Empty((await reader.VerifyAsync(new VerifyOptions(ReadData: true), progress: null, default)).Damage);
        await BackupCheck.AllAreIntactAsync(reader, promises.Standing(clock.GetUtcNow()), tally, "at the end of the sequence");
        await OpenAsync(0);
        await new OptimizeRepository(writers[0]!, SilentObserver.Instance).RunAsync(whatIf: false, default);
        await BackupCheck.AllAreIntactAsync(writers[0]!.Repository, promises.Standing(clock.GetUtcNow()), tally, "after one more optimization");
        await TakeAsync(writers[0]!, Devices[0], new TakeBackupOptions { Kind = BackupKind.Automatic });
    }
}
