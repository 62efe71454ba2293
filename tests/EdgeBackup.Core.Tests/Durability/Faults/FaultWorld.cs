using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Devices.Folder;
using EdgeBackup.Core.Tests.Operations;
using EdgeBackup.Core.Tests.Repository;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>
/// A repository with two devices and their backups, of which any number of copies can be had, and the folders that the
/// devices are.
/// </summary>
internal sealed class FaultWorld : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly MemoryObjectStore template = new();
    private int users;

    private FaultWorld()
    {
    }

    public ShiftedTime Clock { get; } = new(TimeSpan.Zero);

    /// <summary>Backups that nothing may take away: neither age nor a fault.</summary>
    public List<KnownBackup> Lasting { get; } = [];

    public string ManualId { get; private set; } = "";

    public string ExportedFile => folder.Combine("exported.edgebackup");

    public static async Task<FaultWorld> MakeAsync()
    {
        var world = new FaultWorld();
        world.ResetDevices(1);
        world.Clock.Ahead = TimeSpan.FromDays(-400);
        await using var created = await Bench.CreateAsync(world.template);
        await using var context = await world.OpenAsync(world.template);
        foreach (var id in new[] { "alpha", "beta" })
        {
            await new RegisterDevice(context, new RecordingObserver()).RunAsync(new RegisterDeviceOptions { Address = world.AddressOf(id) }, default);
        }

        world.ResetDevices(3);
        world.Clock.Ahead = TimeSpan.FromHours(-30);
        await world.KeepAsync(context, await TakeAsync(context, ["alpha", "beta"], new TakeBackupOptions { Kind = BackupKind.Automatic }));
        world.ResetDevices(4);
        world.Clock.Ahead = TimeSpan.FromHours(-3);
        var manual = await TakeAsync(context, ["alpha"], new TakeBackupOptions { Kind = BackupKind.Manual, Name = "kept" });
        await world.KeepAsync(context, manual);
        world.ManualId = manual.Single().Id;
        await new Core.Operations.Transfer.ExportBackup(context, new RecordingObserver()).RunAsync(manual.Single(), world.ExportedFile, default);

        // Old ones that the next optimization removes, with bytes that only they need. Taken last, since each backup is
        // followed by retention, and none expires by a clock that stands before the newest.
        world.ResetDevices(1);
        world.Clock.Ahead = TimeSpan.FromDays(-400);
        await TakeAsync(context, ["alpha", "beta"], new TakeBackupOptions { Kind = BackupKind.Automatic });
        world.ResetDevices(2);
        world.Clock.Ahead = TimeSpan.FromDays(-300);
        await TakeAsync(context, ["alpha"], new TakeBackupOptions { Kind = BackupKind.Automatic });
        world.Clock.Ahead = TimeSpan.FromHours(1);
        return world;
    }

    public MemoryObjectStore NewStore() => template.Reborn();

    public string NewFolder() => folder.Combine($"made-{Interlocked.Increment(ref users)}");

    /// <summary>Opens a store with a catalog that knows nothing yet.</summary>
    public async Task<RepositoryContext> OpenAsync(IObjectStore store)
    {
        var environment = new RepositoryEnvironment(Clock, new SystemRandom(), SystemPlatform.Create());
        var repository = await EdgeRepository.OpenAsync(store, Bench.Key, environment, default);
        var catalog = OpenRepository.OpenCatalog(new RepositoryLocations(NewFolder()), repository);
        return new RepositoryContext(repository, catalog, new ConnectionFactory(SystemPlatform.Create(), Clock), "tester@bench");
    }

    public DeviceAddress AddressOf(string id) => new(ConnectionKind.Folder, folder.Combine("devices", id));

    /// <summary>Puts the devices back as they were at one of their days.</summary>
    public void ResetDevices(int day)
    {
        foreach (var id in new[] { "alpha", "beta", "gamma" })
        {
            var root = folder.Combine("devices", id);
            if (Directory.Exists(root))
            {
                Directory.Delete(root, recursive: true);
            }

            Directory.CreateDirectory(Path.Combine(root, "logs"));
            File.WriteAllText(Path.Combine(root, "edge-device.json"), $$"""{"id":"{{id}}","type":"kiosk","version":"1.0"}""");
            File.WriteAllText(Path.Combine(root, "setting.ini"), $"{id} on day {day}\n");
            File.WriteAllBytes(Path.Combine(root, "constant.bin"), Bench.RandomBytes(id.Length, 3_000));
            File.WriteAllBytes(Path.Combine(root, "logs", $"{day}.log"), Bench.RandomBytes((100 * day) + id[0], 20_000));
        }
    }

    public static async Task<List<CatalogBackup>> TakeAsync(RepositoryContext context, IEnumerable<string> devices, TakeBackupOptions options)
    {
        var taken = new List<CatalogBackup>();
        Exception? error = null;
        await new TakeBackup(context, new RecordingObserver()).RunAsync(
            devices,
            options,
            outcome =>
            {
                if (outcome.Backup is { } backup)
                {
                    taken.Add(backup.Backup);
                }

                error ??= outcome.Error;
                return Task.CompletedTask;
            },
            default);
        return error is null ? taken : throw new PartlyFailedException(taken, error);
    }

    /// <summary>Reads backups back as they were taken, from the devices as they are now.</summary>
    public async Task<List<KnownBackup>> KnowAsync(EdgeRepository repository, IEnumerable<CatalogBackup> backups)
    {
        var known = new List<KnownBackup>();
        foreach (var backup in backups)
        {
            var root = folder.Combine("devices", backup.Device);
            var files = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .ToDictionary(file => Path.GetRelativePath(root, file).Replace('\\', '/'), File.ReadAllBytes);
            foreach (var sub in Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories))
            {
                files[Path.GetRelativePath(root, sub).Replace('\\', '/')] = [];
            }

            var record = await repository.ReadBackupAsync(backup.ObjectName, default);
            known.Add(new KnownBackup(record, backup.ObjectName, files));
        }

        return known;
    }

    public void Dispose() => folder.Dispose();

    private async Task KeepAsync(RepositoryContext context, IEnumerable<CatalogBackup> backups) =>
        Lasting.AddRange(await KnowAsync(context.Repository, backups));
}

/// <summary>Some devices of a run were backed up and others were not.</summary>
internal sealed class PartlyFailedException(IReadOnlyList<CatalogBackup> taken, Exception error) : Exception(error.Message, error)
{
    public IReadOnlyList<CatalogBackup> Taken { get; } = taken;
}
