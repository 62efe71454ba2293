using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Devices.Folder;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.Simulator.Hosting;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>A real repository in a temp folder, folders as devices, simulated devices where a test wants them, and a clock that can be put.</summary>
internal sealed class OperationsBench : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<RepositoryContext> others = [];
    private SimulatedFleet? fleet;

    private OperationsBench()
    {
    }

    /// <summary>Runs on from wherever it is put; timers keep their pace. Folders' stamps want files from the past.</summary>
    public ShiftedTime Clock { get; } = new(TimeSpan.FromHours(1));

    public RepositoryContext Context { get; private set; } = null!;

    public string RecoveryKey { get; private set; } = "";

    public RecordingObserver Observer { get; } = new();

    public string RepositoryFolder => folder.Combine("repository");

    public string CatalogPath => new RepositoryLocations(folder.Combine("user")).Catalog(Context.Repository.Id);

    public static async Task<OperationsBench> CreateAsync()
    {
        var bench = new OperationsBench();
        var made = await new InitializeRepository(new RepositoryLocations(bench.folder.Combine("user")), bench.Environment(), bench.Connections(), "tester@bench")
            .RunAsync(bench.RepositoryFolder, new RepositoryKeyOptions(), default);
        bench.Context = made.Context;
        bench.RecoveryKey = made.RecoveryKey;
        return bench;
    }

    public string Path(params string[] parts) => folder.Combine(parts);

    public void Put(DateTimeOffset time) => Clock.Ahead = time - TimeProvider.System.GetUtcNow();

    public void Advance(TimeSpan time) => Clock.Ahead += time;

    /// <summary>Opens the repository once more, as another process would.</summary>
    /// <param name="user">Whose catalog: "user" shares the bench's file.</param>
    /// <param name="connections">Null for the real ones.</param>
    public async Task<RepositoryContext> OpenAsync(string user = "user", IConnectionFactory? connections = null)
    {
        var context = await new OpenRepository(new RepositoryLocations(folder.Combine(user)), Environment(), connections ?? Connections(), "other@bench")
            .RunAsync(RepositoryFolder, new RepositoryKeyOptions { RecoveryKey = RecoveryKey }, default);
        others.Add(context);
        return context;
    }

    /// <summary>Closes the repository and opens it again, as the next command does.</summary>
    public async Task ReopenAsync()
    {
        await Context.DisposeAsync();
        Context = await OpenAsync();
        others.Remove(Context);
    }

    /// <summary>Puts the repository back to what it is now after the given work was done, and opens it as a user who has seen that work.</summary>
    public async Task TakeBackAsync(Func<Task> work)
    {
        var copy = folder.Combine("before");
        CopyTo(copy);
        await work();
        await Context.DisposeAsync();
        Directory.Delete(RepositoryFolder, recursive: true);
        Directory.Move(copy, RepositoryFolder);
        Context = await OpenAsync();
        others.Remove(Context);
    }

    /// <summary>Copies the repository as it is now, byte for byte, and opens the copy as somebody else would.</summary>
    public async Task<RepositoryContext> OpenCopyAsync(string name)
    {
        CopyTo(folder.Combine(name));
        var context = await new OpenRepository(new RepositoryLocations(folder.Combine("user-" + name)), Environment(), Connections(), "other@bench")
            .RunAsync(folder.Combine(name), new RepositoryKeyOptions { RecoveryKey = RecoveryKey }, default);
        others.Add(context);
        return context;
    }

    /// <summary>A repository beside the bench's.</summary>
    public async Task<RepositoryContext> CreateAnotherAsync(string name)
    {
        var made = await new InitializeRepository(new RepositoryLocations(folder.Combine("user-" + name)), Environment(), Connections(), "other@bench")
            .RunAsync(folder.Combine("repository-" + name), new RepositoryKeyOptions(), default);
        others.Add(made.Context);
        return made.Context;
    }

    public IConnectionFactory Connections() => new ConnectionFactory(SystemPlatform.Create(), Clock);

    /// <summary>Makes and registers a folder with an edge-device.json and one setting.</summary>
    /// <returns>The folder.</returns>
    public async Task<string> AddFolderAsync(string id, string setting = "a=1\n", IReadOnlyList<string>? tags = null)
    {
        var root = MakeFolder(id, setting);
        await new RegisterDevice(Context, Observer).RunAsync(new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, root), Tags = tags ?? [] }, default);
        return root;
    }

    public string MakeFolder(string id, string setting = "a=1\n")
    {
        var root = folder.Combine("devices", Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(root);
        File.WriteAllText(System.IO.Path.Combine(root, "edge-device.json"), $$"""{"id":"{{id}}","type":"kiosk","version":"1.0"}""");
        File.WriteAllText(System.IO.Path.Combine(root, "setting.ini"), setting);
        return root;
    }

    /// <summary>Switches a simulated device on and registers it.</summary>
    public async Task<SimulatedDevice> AddSimulatedAsync(string id, bool isBuilding = false, bool register = true)
    {
        fleet ??= await SimulatedFleet.StartAsync(new SimulatedFleetOptions());
        var device = fleet.Add(new SimulatedDeviceOptions { Id = id, Type = isBuilding ? "bms-server" : "edge-controller" });
        if (register)
        {
            await RegisterAsync(device);
        }

        return device;
    }

    public Task RegisterAsync(SimulatedDevice device) =>
        new RegisterDevice(Context, Observer).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri, folder.Path) }, default);

    public void SwitchOff(string id) => fleet!.Remove(id);

    public async Task<List<TakeBackupOutcome>> BackUpAsync(IEnumerable<string> devices, TakeBackupOptions? options = null, RepositoryContext? context = null)
    {
        var outcomes = new List<TakeBackupOutcome>();
        await new TakeBackup(context ?? Context, Observer).RunAsync(
            devices,
            options ?? new TakeBackupOptions { Kind = BackupKind.Automatic },
            outcome =>
            {
                outcomes.Add(outcome);
                return Task.CompletedTask;
            },
            default);
        return outcomes;
    }

    public async Task<ListedBackup> AutomaticAsync(string device)
    {
        var outcome = (await BackUpAsync([device])).Single();
        return outcome.Backup ?? throw outcome.Error!;
    }

    public async Task<ListedBackup> ManualAsync(string device, string name)
    {
        var outcome = (await BackUpAsync([device], new TakeBackupOptions { Kind = BackupKind.Manual, Name = name })).Single();
        return outcome.Backup ?? throw outcome.Error!;
    }

    public async Task<List<ListedBackup>> ListAsync(FindBackupsOptions? options = null, List<EdgeBackupException>? errors = null, RepositoryContext? context = null) =>
        await new FindBackups(context ?? Context, Observer).RunAsync(options ?? new FindBackupsOptions(), error => Take(error, errors), default).ToListAsync();

    public async Task<List<string>> IdsAsync(params string[] devices) =>
        [.. (await ListAsync(new FindBackupsOptions { Devices = devices })).Select(listed => listed.Backup.Id)];

    public async Task<ListedDevice> DeviceAsync(string id) =>
        await new FindDevices(Context, Observer).RunAsync(new FindDevicesOptions { Ids = [id] }, error => throw error, default).SingleAsync();

    public async Task<List<EdgeEvent>> EventsAsync(string action)
    {
        await Context.Catalog.RefreshEventsAsync(default);
        return await Context.Catalog.QueryEventsAsync(new(), default).Where(found => found.Action == action).ToListAsync();
    }

    public Task SetPolicyAsync(PolicyValues values) =>
        PolicyBook.SetAsync(Context.Repository, new PolicyEntry { Scope = PolicyScope.All, Values = values, Time = Clock.GetUtcNow(), Author = "tester@bench" }, default);

    /// <summary>Runs the schedule once; busy devices are watched only where the options say so.</summary>
    public async Task<List<ScheduledOutcome>> RunScheduleAsync(RunScheduleOptions? options = null, IReadOnlyCollection<string>? devices = null, RepositoryContext? context = null)
    {
        options ??= new RunScheduleOptions { WatchFor = TimeSpan.Zero };
        var outcomes = new List<ScheduledOutcome>();
        var plan = await new PlanSchedule(context ?? Context, Observer).RunAsync(devices, options.WatchFor, default);
        await new RunSchedule(context ?? Context, Observer).RunAsync(
            plan,
            options,
            outcome =>
            {
                outcomes.Add(outcome);
                return Task.CompletedTask;
            },
            default);
        return outcomes;
    }

    public Task<OptimizeOutcome> OptimizeAsync(bool whatIf = false) => new OptimizeRepository(Context, Observer).RunAsync(whatIf, default);

    /// <summary>The files of the repository, leases and temporary ones left out.</summary>
    public List<string> Objects(string prefix = "") =>
        [.. Directory.EnumerateFiles(RepositoryFolder, "*", SearchOption.AllDirectories)
            .Select(file => System.IO.Path.GetRelativePath(RepositoryFolder, file).Replace('\\', '/'))
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !name.StartsWith("leases/", StringComparison.Ordinal) && !name.StartsWith("tmp/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    /// <summary>Puts a file where one of the repository's folders was, so that nothing can be written into it or read from it.</summary>
    public void Block(string area)
    {
        var blocked = System.IO.Path.Combine(RepositoryFolder, area);
        if (Directory.Exists(blocked))
        {
            Directory.Move(blocked, blocked + "-away");
        }

        File.WriteAllText(blocked, "in the way");
    }

    /// <summary>Takes away again what <see cref="Block"/> put there.</summary>
    public void Unblock(string area)
    {
        var blocked = System.IO.Path.Combine(RepositoryFolder, area);
        File.Delete(blocked);
        if (Directory.Exists(blocked + "-away"))
        {
            Directory.Move(blocked + "-away", blocked);
        }
    }

    public long Size() => Objects().Sum(name => new FileInfo(System.IO.Path.Combine(RepositoryFolder, name)).Length);

    public async ValueTask DisposeAsync()
    {
        foreach (var other in others)
        {
            await other.DisposeAsync();
        }

        await Context.DisposeAsync();
        if (fleet is not null)
        {
            await fleet.DisposeAsync();
        }

        folder.Dispose();
    }

    private void CopyTo(string copy)
    {
        foreach (var file in Directory.EnumerateFiles(RepositoryFolder, "*", SearchOption.AllDirectories))
        {
            var target = System.IO.Path.Combine(copy, System.IO.Path.GetRelativePath(RepositoryFolder, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static Task Take(EdgeBackupException error, List<EdgeBackupException>? errors)
    {
        if (errors is null)
        {
            throw error;
        }

        errors.Add(error);
        return Task.CompletedTask;
    }

    private RepositoryEnvironment Environment() => new(Clock, new SystemRandom(), SystemPlatform.Create());
}

/// <summary>Keeps what an operation told.</summary>
internal sealed class RecordingObserver : IOperationObserver
{
    private readonly List<string> warnings = [];
    private readonly List<string> lines = [];

    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (warnings)
            {
                return [.. warnings];
            }
        }
    }

    /// <summary>Forgets what was told while a test was set up.</summary>
    public void Clear()
    {
        lock (warnings)
        {
            warnings.Clear();
        }

        lock (lines)
        {
            lines.Clear();
        }
    }

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (lines)
            {
                return [.. lines];
            }
        }
    }

    public void Verbose(string message)
    {
        lock (lines)
        {
            lines.Add(message);
        }
    }

    public void Warning(string message)
    {
        lock (warnings)
        {
            warnings.Add(message);
        }
    }

    public void Progress(OperationProgress progress)
    {
    }
}
