using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Tests.Operations;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>A repository, a simulated building server and a folder for its archives.</summary>
internal sealed class ArchiveBench : IAsyncDisposable
{
    public const string DeviceId = "bms-1";

    private ArchiveBench(OperationsBench operations, SimulatedDevice device)
    {
        Operations = operations;
        Device = device;
        Parent = operations.Path("archives");
        Directory.CreateDirectory(Parent);
    }

    public OperationsBench Operations { get; }

    public SimulatedDevice Device { get; }

    public string Parent { get; }

    public static async Task<ArchiveBench> CreateAsync()
    {
        var operations = await OperationsBench.CreateAsync();
        var device = await operations.AddSimulatedAsync(DeviceId, isBuilding: true);

        // What a registration warns of is not about archives.
        operations.Observer.Clear();
        return new ArchiveBench(operations, device);
    }

    public Task<ArchiveFolder> ArchiveAsync(WriteArchiveOptions? options = null, RepositoryContext? context = null, CancellationToken cancellationToken = default) =>
        new WriteArchive(context ?? Operations.Context, Operations.Observer).RunAsync((options ?? new WriteArchiveOptions { Device = DeviceId, Parent = "" }) with { Device = DeviceId, Parent = Parent }, cancellationToken);

    public async Task<List<ArchiveTestOutcome>> TestAsync(string? path = null, bool withRepository = true, string? fingerprint = null) =>
        await new TestArchives(withRepository ? Operations.Context : null, Operations.Observer, fingerprint).RunAsync(path ?? Parent, default).ToListAsync();

    /// <summary>The damage that a test of all finds, as text.</summary>
    public async Task<List<string>> DamageAsync(bool withRepository = true, string? path = null) =>
        [.. (await TestAsync(path, withRepository)).SelectMany(outcome => outcome.Damage.Select(damage => $"{Path.GetFileName(outcome.Path)}: {damage.Path}: {damage.Reason}"))];

    /// <summary>The ids of the events in all archives.</summary>
    public List<string> EventIds() => [.. Records(new ArchiveQuery { Contents = [ArchiveContent.Event] }).Cast<ArchivedEvent>().Select(record => record.Id ?? "")];

    public List<ArchiveRecord> Records(ArchiveQuery? query = null) =>
        [.. ArchiveFolder.Find(Parent).Select(ArchiveFolder.Open).OrderBy(archive => archive.Manifest.Number).SelectMany(archive => new ArchiveReader(archive, query ?? new ArchiveQuery()).Read(default))];

    public void AddEvents(int count)
    {
        var first = Device.Events.Count + 1;
        for (var number = first; number < first + count; number++)
        {
            Device.AddEvent(new SimulatedEvent($"e{number}", Operations.Clock.GetUtcNow(), "system", "later", null, $"event {number}", null, null));
        }
    }

    /// <summary>Puts a finished archive back to what it was when its run was recorded and had no name yet.</summary>
    public string Unname(ArchiveFolder archive, string? run = null)
    {
        var stage = Path.Combine(Parent, ArchiveNames.Stage(Operations.Context.Repository.Id, DeviceId, run ?? archive.Manifest.Run));
        Directory.Move(archive.Path, stage);
        return stage;
    }

    public IEnumerable<string> Hidden() => Directory.EnumerateFileSystemEntries(Parent, ".*");

    public ValueTask DisposeAsync() => Operations.DisposeAsync();
}
