using BenchmarkDotNet.Attributes;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Bench;

/// <summary>What every backup and every listing asks of the catalog.</summary>
public class CatalogLoops
{
    private const int Devices = 100;
    private const int Backups = 200;

    private readonly RepositoryEnvironment environment = RepositoryEnvironment.Default();
    private string folder = "";
    private EdgeRepository? repository;
    private BackupCatalog? catalog;
    private int next;

    // Each waits here: run in this process, setting up asynchronously is not waited for, and the loops met no catalog.
    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    [Benchmark(Description = "catalog, insert a backup")]
    public void Insert() => InsertAsync().GetAwaiter().GetResult();

    [Benchmark(Description = "catalog, newest backup of a device")]
    public CatalogBackup? LookUp() => LookUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        folder = Directory.CreateTempSubdirectory("edgebackup-bench-").FullName;
        var key = KeyFile.Create(Path.Combine(folder, "key"), environment.Random, environment.Platform);
        var created = await EdgeRepository.CreateAsync(new UnflushedStore(Path.Combine(folder, "r")), [key], environment, CancellationToken.None).ConfigureAwait(false);
        repository = created.Repository;
        catalog = BackupCatalog.Open(Path.Combine(folder, "catalog.db"), repository);
        for (var number = 0; number < Devices * Backups; number++)
        {
            await InsertAsync().ConfigureAwait(false);
        }
    }

    private async Task CleanUpAsync()
    {
        catalog!.Dispose();
        await repository!.DisposeAsync().ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
    }

    private Task InsertAsync()
    {
        var number = next++;
        return catalog!.AddAsync(
            new BackupRecord
            {
                Id = number.ToString("x24", System.Globalization.CultureInfo.InvariantCulture),
                Device = $"site-{number % Devices}",
                DeviceType = "edge-controller",
                Kind = BackupKind.Automatic,
                Content = BackupContent.Configuration,
                Created = DateTimeOffset.UnixEpoch.AddMinutes(number),
                Changed = true,
                ItemCount = 60,
                Length = 3_500_000,
                StateDigest = "",
                Manifest = new ManifestRoot(0, []),
            },
            CancellationToken.None);
    }

    private async Task<CatalogBackup?> LookUpAsync()
    {
        var query = new BackupQuery { Devices = [$"site-{next++ % Devices}"] };
        await foreach (var backup in catalog!.QueryBackupsAsync(query, CancellationToken.None).ConfigureAwait(false))
        {
            return backup;
        }

        return null;
    }
}
