using System.Globalization;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Bench;

/// <summary>A repository with very many small backups, written through the engine itself onto a store that does not wait for the disk.</summary>
internal static class CatalogCorpus
{
    private const int Together = 2000;

    public static async Task<int> MakeAsync(string folder, string keyFile, int devices, int backups)
    {
        var environment = RepositoryEnvironment.Default();
        var store = new UnflushedStore(folder);
        var key = KeyFile.Create(keyFile, environment.Random, environment.Platform);
        var created = await EdgeRepository.CreateAsync(store, [key], environment, CancellationToken.None).ConfigureAwait(false);
        await using var repository = created.Repository.ConfigureAwait(false);
        await RegisterAsync(created.Repository, devices).ConfigureAwait(false);
        var session = await created.Repository.BeginWriteAsync(CancellationToken.None).ConfigureAwait(false);
        await using var sessionLease = session.ConfigureAwait(false);
        var item = new Item { Path = "config/site.json", Kind = ItemKind.Configuration };
        var saved = await session.StoreAsync(item, new MemoryStream("{\"limit\":32}"u8.ToArray()), CancellationToken.None).ConfigureAwait(false);
        var start = DateTimeOffset.UtcNow.AddDays(-150);
        var perDevice = backups / devices;
        for (var first = 0; first < backups; first += Together)
        {
            // All of a group are begun before one is committed: they are recorded together, as those of a fleet's night are.
            var drafts = Enumerable.Range(first, Math.Min(Together, backups - first)).Select(number => (Number: number, Draft: session.BeginBackup())).ToList();
            await Task.WhenAll(drafts.Select(draft => WriteAsync(draft.Number, draft.Draft))).ConfigureAwait(false);
        }

        return 0;

        async Task WriteAsync(int number, BackupDraft draft)
        {
            await using var draftLease = draft.ConfigureAwait(false);
            var device = number / perDevice;
            var time = start.AddMinutes((number % perDevice) * (150 * 1440 / perDevice)).AddSeconds(device % 60);
            var header = new BackupHeader
            {
                Id = BackupIds.New(time, environment.Random),
                Device = Name(device),
                DeviceName = $"Site {device}",
                DeviceType = DeviceTypes.EdgeControllerId,
                Version = "1.25.0",
                Kind = BackupKind.Automatic,
                Content = BackupContent.Configuration,
                Created = time,
                Author = "bench@bench",
            };
            await draft.AddAsync(saved, CancellationToken.None).ConfigureAwait(false);
            await draft.CommitAsync(header, _ => false, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task RegisterAsync(EdgeRepository repository, int devices)
    {
        var registry = new DeviceRegistry(repository, "bench@bench");
        for (var device = 0; device < devices; device++)
        {
            var registration = new DeviceRegistration
            {
                Id = Name(device),
                Name = $"Site {device}",
                Type = DeviceTypes.EdgeControllerId,
                Address = $"http://127.0.0.1:9/{Name(device)}/",
                Registered = DateTimeOffset.UtcNow.AddDays(-200),
            };
            await registry.AppendAsync(registration.Id, DeviceLogEntryKind.Registered, entry => entry with { Registration = registration }, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static string Name(int device) => "site-" + device.ToString("0000", CultureInfo.InvariantCulture);
}
