using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>
/// Keeps the rows of devices equal to their logs. A row is made from the whole log, which is short; while that cannot be
/// read whole, neither the row nor the names of the log are changed, so that the next refresh finds the same and tells of
/// it again.
/// </summary>
internal sealed class CatalogDevices(EdgeRepository repository, CatalogFile file, CatalogFolders folders)
{
    private const string Table = "device_log";
    private const string Root = "devices/";
    private readonly DeviceRegistry registry = new(repository, author: "");

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        if (devices is null)
        {
            // First, lest what is missing passes for what never was; and what is written meanwhile is not missing.
            await repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
            await folders.RefreshAllAsync(Table, RecordArea.Devices, TakeAsync, problems, cancellationToken).ConfigureAwait(false);
            await FindMissingAsync(Root, problems, cancellationToken).ConfigureAwait(false);
            return problems;
        }

        foreach (var device in devices)
        {
            var listing = repository.ListAsync(RecordArea.Devices, device, cancellationToken);
            await folders.RefreshAsync(Table, FolderOf(device), listing, TakeAsync, problems, cancellationToken).ConfigureAwait(false);
            await FindMissingAsync(FolderOf(device), problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    private string FolderOf(string device) => $"{Root}{repository.SubjectFolder(device)}/";

    /// <summary>Records that the store lacked before the catalog ever saw them, even whole logs: no comparison of listings tells of those.</summary>
    private async Task FindMissingAsync(string folder, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        if (FindUnknown().Count == 0)
        {
            return;
        }

        // Somebody may have taken their loss for good since. Of a store that was taken back, or whose chain is damaged, the
        // user is told otherwise.
        await repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var unknown = repository.Notice is null ? FindUnknown() : [];
        await CatalogWriter.ReadAllAsync(unknown, registry.ReadAsync, problems, cancellationToken).ConfigureAwait(false);

        List<string> FindUnknown()
        {
            var told = problems.Select(problem => CatalogFolders.FolderOf(problem.Target ?? "")).ToHashSet(StringComparer.Ordinal);
            return [.. CatalogLiveNames.FindUnknown(file, Table, folder).Where(name => !told.Contains(CatalogFolders.FolderOf(name)))];
        }
    }

    private async Task TakeAsync(IReadOnlyList<string> fresh, IReadOnlyCollection<string> gone, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        if (gone.Count > 0)
        {
            // What is gone must not pass for what never was.
            await repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        }

        var entries = fresh.GroupBy(CatalogFolders.FolderOf, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);
        var ids = (await CatalogWriter.ReadAllAsync([.. entries.Keys], (folder, token) => ReadIdAsync(entries[folder], token), problems, cancellationToken).ConfigureAwait(false))
            .ToDictionary(read => read.Name, read => read.Value, StringComparer.Ordinal);
        foreach (var (folder, id) in FindIds(gone.Select(CatalogFolders.FolderOf).Where(folder => !entries.ContainsKey(folder)).ToHashSet(StringComparer.Ordinal)))
        {
            ids[folder] = id;
        }

        var states = await CatalogWriter.ReadAllAsync(ids.Values.Distinct(StringComparer.Ordinal).ToList(), registry.GetAsync, problems, cancellationToken).ConfigureAwait(false);
        var whole = states.Select(state => state.Name).ToHashSet(StringComparer.Ordinal);
        await file.WriteAsync(
            (connection, transaction) =>
            {
                foreach (var (_, state) in states)
                {
                    Insert(connection, transaction, state);
                }

                // So that it is known whose log it is; what is not registered is listed nowhere.
                foreach (var id in ids.Values.Where(id => !whole.Contains(id)))
                {
                    CatalogWriter.Execute(connection, transaction, "INSERT OR IGNORE INTO devices (id, tags) VALUES ($id, '[]');", ("$id", id));
                }

                foreach (var name in fresh.Where(IsSettled))
                {
                    CatalogWriter.Execute(connection, transaction, $"INSERT OR IGNORE INTO {Table} (object_name, folder) VALUES ($name, $folder);", ("$name", name), ("$folder", CatalogFolders.FolderOf(name)));
                }

                foreach (var name in gone.Where(IsSettled))
                {
                    CatalogWriter.Execute(connection, transaction, $"DELETE FROM {Table} WHERE object_name = $name;", ("$name", name));
                }
            },
            cancellationToken).ConfigureAwait(false);

        bool IsSettled(string name)
        {
            var folder = CatalogFolders.FolderOf(name);
            return ids.TryGetValue(folder, out var id) ? whole.Contains(id) : !entries.ContainsKey(folder);
        }
    }

    /// <summary>The device whose log some entries are of: each of them tells, so one that cannot be read does not matter here.</summary>
    private async Task<string> ReadIdAsync(List<string> names, CancellationToken cancellationToken)
    {
        for (var index = 0; ; index++)
        {
            try
            {
                return (await registry.ReadAsync(names[index], cancellationToken).ConfigureAwait(false)).Device;
            }
            catch (EdgeBackupException exception) when (CatalogWriter.IsOfOneRecord(exception) && index + 1 < names.Count)
            {
                // The whole log is read next, and fails by it.
            }
        }
    }

    /// <summary>Whose folders those are that have nothing left to tell it; the catalog may know.</summary>
    private Dictionary<string, string> FindIds(HashSet<string> wanted)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (wanted.Count == 0)
        {
            return found;
        }

        using var lease = file.OpenReader();
        using var command = lease.Connection.CreateCommand();
        command.CommandText = "SELECT id FROM devices;";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var id = reader.GetString(0);
            if (FolderOf(id) is var folder && wanted.Contains(folder))
            {
                found[folder] = id;
            }
        }

        return found;
    }

    private static void Insert(SqliteConnection connection, SqliteTransaction transaction, DeviceState state)
    {
        var registration = state.Registration;
        CatalogWriter.Execute(
            connection,
            transaction,
            """
            INSERT OR REPLACE INTO devices (id, registered, name, type, address, version, tags, site, parent, replaced_by, replaced_at, replaced_reason, replaced_author, owner, registration)
            VALUES ($id, $registered, $name, $type, $address, $version, $tags, $site, $parent, $by, $at, $reason, $author, $owner, $json);
            """,
            ("$id", state.Id),
            ("$registered", registration?.Registered.UtcTicks),
            ("$name", registration?.Name),
            ("$type", registration?.Type),
            ("$address", registration?.Address),
            ("$version", registration?.Version),
            ("$tags", JsonSerializer.Serialize(registration?.Tags ?? [], RecordsJson.Default.IReadOnlyListString)),
            ("$site", registration?.Site),
            ("$parent", registration?.Parent),
            ("$by", state.Fence?.ReplacedBy),
            ("$at", state.Fence?.Time.UtcTicks),
            ("$reason", state.Fence?.Reason),
            ("$author", state.Fence?.Author),
            ("$owner", registration?.Owner),
            ("$json", registration is null ? null : JsonSerializer.Serialize(registration.WithoutSecrets(), RecordsJson.Default.DeviceRegistration)));
        CatalogWriter.Execute(connection, transaction, "DELETE FROM protections WHERE device = $device;", ("$device", state.Id));
        CatalogWriter.Execute(connection, transaction, "DELETE FROM predecessors WHERE device = $device;", ("$device", state.Id));
        foreach (var predecessor in state.Predecessors)
        {
            CatalogWriter.Execute(connection, transaction, "INSERT INTO predecessors (device, predecessor) VALUES ($device, $predecessor);", ("$device", state.Id), ("$predecessor", predecessor));
        }

        foreach (var (backup, protection) in state.Protections)
        {
            CatalogWriter.Execute(
                connection,
                transaction,
                "INSERT OR REPLACE INTO protections (backup, device, time, author, reason) VALUES ($backup, $device, $time, $author, $reason);",
                ("$backup", backup),
                ("$device", state.Id),
                ("$time", protection.Time.UtcTicks),
                ("$author", protection.Author),
                ("$reason", protection.Reason));
        }
    }
}
