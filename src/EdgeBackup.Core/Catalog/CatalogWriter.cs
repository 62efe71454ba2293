using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Backups;
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
    private readonly EventLog events;
    private readonly CatalogFolders folders;
    private readonly CatalogDevices logs;
    private readonly CatalogArchives archives;

    public CatalogWriter(EdgeRepository repository, CatalogFile file)
    {
        this.repository = repository;
        this.file = file;
        events = new EventLog(repository, author: "");
        folders = new CatalogFolders(repository, file);
        logs = new CatalogDevices(repository, file, folders);
        archives = new CatalogArchives(repository, file, folders);
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshAllAsync(CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        problems.AddRange(await RefreshDevicesAsync(devices: null, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await RefreshEventsAsync(cancellationToken).ConfigureAwait(false));
        problems.AddRange(await RefreshAttemptsAsync(devices: null, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await RefreshArchivesAsync(devices: null, cancellationToken).ConfigureAwait(false));
        return problems;
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshBackupsAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        if (devices is null)
        {
            await folders.RefreshAllAsync("backups", area: null, TakeBackupsAsync, problems, cancellationToken).ConfigureAwait(false);
            return problems;
        }

        foreach (var device in devices)
        {
            var folder = $"backups/{repository.SubjectFolder(device)}/";
            var listing = repository.ListBackupsAsync(device, cancellationToken);
            await folders.RefreshAsync("backups", folder, listing, TakeBackupsAsync, problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshEventsAsync(CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        await folders.RefreshAllAsync("events", RecordArea.Events, TakeEventsAsync, problems, cancellationToken).ConfigureAwait(false);
        return problems;
    }

    /// <summary>Events that the chain has and the store lacks.</summary>
    public async Task<IReadOnlyList<EdgeBackupException>> FindMissingEventsAsync(CancellationToken cancellationToken)
    {
        // First what there must be, then what there is: an event that another writes meanwhile is not missed.
        await repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var problems = (await RefreshEventsAsync(cancellationToken).ConfigureAwait(false)).ToList();
        if (repository.Notice is null)
        {
            var told = problems.Select(problem => problem.Target).ToHashSet(StringComparer.Ordinal);
            var unknown = CatalogLiveNames.FindUnknown(file, "events", RecordLog.ToFolder(RecordArea.Events)).Where(name => !told.Contains(name)).ToList();
            await ReadAllAsync(unknown, events.ReadAsync, problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshAttemptsAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        if (devices is null)
        {
            await folders.RefreshAllAsync("attempts", RecordArea.Attempts, TakeAttemptsAsync, problems, cancellationToken).ConfigureAwait(false);
            return problems;
        }

        foreach (var device in devices)
        {
            var folder = $"attempts/{repository.SubjectFolder(device)}/";
            var listing = repository.ListAsync(RecordArea.Attempts, device, cancellationToken);
            await folders.RefreshAsync("attempts", folder, listing, TakeAttemptsAsync, problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    public Task<IReadOnlyList<EdgeBackupException>> RefreshDevicesAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        logs.RefreshAsync(devices, cancellationToken);

    public Task<IReadOnlyList<EdgeBackupException>> RefreshArchivesAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        archives.RefreshAsync(devices, cancellationToken);

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

    private async Task TakeBackupsAsync(IReadOnlyList<string> fresh, IReadOnlyCollection<string> gone, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        await folders.RemoveAsync("backups", gone, cancellationToken).ConfigureAwait(false);
        var records = await ReadAllAsync(fresh, repository.ReadBackupAsync, problems, cancellationToken).ConfigureAwait(false);
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

    private async Task TakeEventsAsync(IReadOnlyList<string> fresh, IReadOnlyCollection<string> gone, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        await folders.RemoveAsync("events", gone, cancellationToken).ConfigureAwait(false);
        var read = await ReadAllAsync(fresh, events.ReadAsync, problems, cancellationToken).ConfigureAwait(false);
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

    /// <summary>The newest record of each folder counts, which need not be the one that was listed: it may have been replaced since.</summary>
    private async Task TakeAttemptsAsync(IReadOnlyList<string> fresh, IReadOnlyCollection<string> gone, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        await folders.RemoveAsync("attempts", gone, cancellationToken).ConfigureAwait(false);
        var newest = await ReadAllAsync(
            fresh.Select(CatalogFolders.FolderOf).Distinct(StringComparer.Ordinal).ToList(),
            repository.Numbered.ReadFolderAsync,
            problems,
            cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(
            (connection, transaction) =>
            {
                foreach (var (folder, record) in newest)
                {
                    if (AttemptBook.Read(record) is { } state)
                    {
                        Execute(
                            connection,
                            transaction,
                            "INSERT OR REPLACE INTO attempts (object_name, folder, device, json) VALUES ($name, $folder, $device, $json);",
                            ("$name", record.Name),
                            ("$folder", folder),
                            ("$device", state.Device),
                            ("$json", record.Json));
                    }
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads several at a time; what cannot be read goes to the problems.</summary>
    internal static async Task<List<(string Name, T Value)>> ReadAllAsync<T>(
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
            catch (EdgeBackupException exception) when (IsOfOneRecord(exception))
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

    private static SqliteCommand BackupInsert(SqliteConnection connection, SqliteTransaction transaction)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            INSERT OR REPLACE INTO backups (object_name, folder, id, device, device_name, device_type, name, kind, content, created, version, item_count, length, changed, not_saved, author, is_suspect, suspect, configuration, group_id, group_name, group_json)
            VALUES ($object, $folder, $id, $device, $deviceName, $type, $name, $kind, $content, $created, $version, $items, $length, $changed, $notSaved, $author, $isSuspect, $suspect, $configuration, $groupId, $groupName, $groupJson);
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
            ("$author", record.Author),
            ("$isSuspect", record.Suspect is { Count: > 0 } ? 1 : 0),
            ("$suspect", record.Suspect is { Count: > 0 } suspect ? JsonSerializer.Serialize(suspect, RecordsJson.Default.IReadOnlyListSuspectReason) : null),
            ("$configuration", ToMark(record.ConfigurationDigest ?? record.StateDigest)),
            ("$groupId", record.Group?.Id),
            ("$groupName", record.Group?.Name),
            ("$groupJson", record.Group is null ? null : JsonSerializer.Serialize(record.Group, RecordsJson.Default.BackupGroup)));
        insert.ExecuteNonQuery();
    }

    /// <summary>Eight bytes of a digest: enough to tell whether two backups of a device have the same, and little to read for a million.</summary>
    private static long ToMark(string digest) =>
        digest.Length >= 16 && long.TryParse(digest.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mark) ? mark : 0;

    /// <summary>Whether others may still be read.</summary>
    internal static bool IsOfOneRecord(EdgeBackupException exception) =>
        exception.ErrorId is ErrorIds.BackupDamaged or ErrorIds.RepositoryDamaged or ErrorIds.RepositoryNotReadable;

    internal static void Execute(SqliteConnection connection, SqliteTransaction transaction, string text, params (string Name, object? Value)[] parameters)
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
