using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>
/// Keeps the catalog's tables equal to the repository: reads the records that are new and makes rows of them. Which ones
/// those are, <see cref="CatalogFolders"/> finds out.
/// </summary>
internal sealed class CatalogWriter
{
    private readonly EdgeRepository repository;
    private readonly CatalogFile file;
    private readonly DeviceRegistry registry;
    private readonly EventLog events;
    private readonly CatalogFolders folders;

    public CatalogWriter(EdgeRepository repository, CatalogFile file)
    {
        this.repository = repository;
        this.file = file;
        registry = new DeviceRegistry(repository, author: "");
        events = new EventLog(repository, author: "");
        folders = new CatalogFolders(repository, file);
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshAllAsync(CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        problems.AddRange(await RefreshDevicesAsync(devices: null, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await RefreshEventsAsync(cancellationToken).ConfigureAwait(false));
        return problems;
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshBackupsAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        if (devices is null)
        {
            await folders.RefreshAllAsync("backups", area: null, AddBackupsAsync, problems, cancellationToken).ConfigureAwait(false);
            return problems;
        }

        foreach (var device in devices)
        {
            var folder = $"backups/{repository.SubjectFolder(device)}/";
            var listing = repository.ListBackupsAsync(device, cancellationToken);
            await folders.RefreshAsync("backups", folder, listing, AddBackupsAsync, problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshEventsAsync(CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        await folders.RefreshAllAsync("events", RecordArea.Events, AddEventsAsync, problems, cancellationToken).ConfigureAwait(false);
        return problems;
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshDevicesAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        if (devices is null)
        {
            await folders.RefreshAllAsync("device_log", RecordArea.Devices, AddDevicesAsync, problems, cancellationToken).ConfigureAwait(false);
            return problems;
        }

        foreach (var device in devices)
        {
            var folder = $"devices/{repository.SubjectFolder(device)}/";
            var listing = repository.ListAsync(RecordArea.Devices, device, cancellationToken);
            await folders.RefreshAsync("device_log", folder, listing, AddDevicesAsync, problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    /// <summary>Drops backups whose records were just removed.</summary>
    public Task RemoveBackupsAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        folders.RemoveAsync("backups", names, cancellationToken);

    public Task AddAsync(BackupRecord record, CancellationToken cancellationToken) =>
        file.WriteAsync(
            (connection, transaction) =>
            {
                using var insert = BackupInsert(connection, transaction);
                Insert(insert, repository.BackupObjectName(record.Device, record.Id), record);
            },
            cancellationToken);

    private async Task AddBackupsAsync(IReadOnlyList<string> names, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        var records = await ReadAllAsync(names, repository.ReadBackupAsync, problems, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(
            (connection, transaction) =>
            {
                using var insert = BackupInsert(connection, transaction);
                foreach (var (name, record) in records)
                {
                    Insert(insert, name, record);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task AddEventsAsync(IReadOnlyList<string> names, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        var read = await ReadAllAsync(names, events.ReadAsync, problems, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(
            (connection, transaction) =>
            {
                foreach (var (name, edgeEvent) in read)
                {
                    Execute(
                        connection,
                        transaction,
                        "INSERT OR REPLACE INTO events (object_name, folder, time, device, category, action, kind, json) VALUES ($name, $folder, $time, $device, $category, $action, $kind, $json);",
                        ("$name", name),
                        ("$folder", CatalogFolders.FolderOf(name)),
                        ("$time", edgeEvent.Time.UtcTicks),
                        ("$device", edgeEvent.Device),
                        ("$category", (int)edgeEvent.Category),
                        ("$action", edgeEvent.Action),
                        ("$kind", (int?)edgeEvent.Kind),
                        ("$json", JsonSerializer.SerializeToUtf8Bytes(edgeEvent, RecordsJson.Default.EdgeEvent)));
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A device's row is made from its whole log, which is short.</summary>
    private async Task AddDevicesAsync(IReadOnlyList<string> names, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        var heads = names.GroupBy(CatalogFolders.FolderOf, StringComparer.Ordinal).Select(group => group.First()).ToList();
        var entries = await ReadAllAsync(heads, registry.ReadAsync, problems, cancellationToken).ConfigureAwait(false);
        var states = await ReadAllAsync(
            entries.Select(entry => entry.Value.Device).Distinct(StringComparer.Ordinal).ToList(),
            registry.GetAsync,
            problems,
            cancellationToken).ConfigureAwait(false);
        var readable = entries.Select(entry => CatalogFolders.FolderOf(entry.Name)).ToHashSet(StringComparer.Ordinal);
        await file.WriteAsync(
            (connection, transaction) =>
            {
                foreach (var (_, state) in states)
                {
                    Insert(connection, transaction, state);
                }

                foreach (var name in names.Where(name => readable.Contains(CatalogFolders.FolderOf(name))))
                {
                    Execute(connection, transaction, "INSERT OR IGNORE INTO device_log (object_name, folder) VALUES ($name, $folder);", ("$name", name), ("$folder", CatalogFolders.FolderOf(name)));
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<(string Name, T Value)>> ReadAllAsync<T>(
        IReadOnlyList<string> names,
        Func<string, CancellationToken, Task<T>> read,
        List<EdgeBackupException> problems,
        CancellationToken cancellationToken)
    {
        var values = new (bool Read, T Value)[names.Count];
        await Parallel.ForAsync(0, names.Count, cancellationToken, async (index, token) =>
        {
            try
            {
                values[index] = (true, await read(names[index], token).ConfigureAwait(false));
            }
            catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.BackupDamaged or ErrorIds.RepositoryDamaged or ErrorIds.RepositoryNotReadable)
            {
                // One record that is damaged or on a bad sector never hides the others (R16); the caller reports it.
                lock (problems)
                {
                    problems.Add(exception);
                }
            }
        }).ConfigureAwait(false);
        return values.Select((value, index) => (value, names[index])).Where(pair => pair.value.Read).Select(pair => (pair.Item2, pair.value.Value)).ToList();
    }

    private static void Insert(SqliteConnection connection, SqliteTransaction transaction, DeviceState state)
    {
        var registration = state.Registration;
        Execute(
            connection,
            transaction,
            """
            INSERT OR REPLACE INTO devices (id, registered, name, type, address, version, tags, site, parent, replaced_by, replaced_at, replaced_reason, replaced_author)
            VALUES ($id, $registered, $name, $type, $address, $version, $tags, $site, $parent, $by, $at, $reason, $author);
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
            ("$author", state.Fence?.Author));
        Execute(connection, transaction, "DELETE FROM protections WHERE device = $device;", ("$device", state.Id));
        Execute(connection, transaction, "DELETE FROM predecessors WHERE device = $device;", ("$device", state.Id));
        foreach (var predecessor in state.Predecessors)
        {
            Execute(connection, transaction, "INSERT INTO predecessors (device, predecessor) VALUES ($device, $predecessor);", ("$device", state.Id), ("$predecessor", predecessor));
        }

        foreach (var (backup, protection) in state.Protections)
        {
            Execute(
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

    private static SqliteCommand BackupInsert(SqliteConnection connection, SqliteTransaction transaction)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            INSERT OR REPLACE INTO backups (object_name, folder, id, device, device_name, device_type, name, kind, content, created, version, item_count, length, changed, not_saved, author)
            VALUES ($object, $folder, $id, $device, $deviceName, $type, $name, $kind, $content, $created, $version, $items, $length, $changed, $notSaved, $author);
            """;
        return command;
    }

    private static void Insert(SqliteCommand insert, string objectName, BackupRecord record)
    {
        insert.Parameters.Clear();
        Bind(
            insert,
            ("$object", objectName),
            ("$folder", CatalogFolders.FolderOf(objectName)),
            ("$id", record.Id),
            ("$device", record.Device),
            ("$deviceName", record.DeviceName),
            ("$type", record.DeviceType),
            ("$name", record.Name),
            ("$kind", (int)record.Kind),
            ("$content", (int)record.Content),
            ("$created", record.Created.UtcTicks),
            ("$version", record.Version),
            ("$items", record.ItemCount),
            ("$length", record.Length),
            ("$changed", record.Changed ? 1 : 0),
            ("$notSaved", record.NotSaved.Count == 0 ? null : JsonSerializer.Serialize(record.NotSaved, RecordsJson.Default.IReadOnlyListNotSavedItem)),
            ("$author", record.Author));
        insert.ExecuteNonQuery();
    }

    private static void Execute(SqliteConnection connection, SqliteTransaction transaction, string text, params (string Name, object? Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = text;
        Bind(command, parameters);
        command.ExecuteNonQuery();
    }

    private static void Bind(SqliteCommand command, params (string Name, object? Value)[] parameters)
    {
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }
    }
}
