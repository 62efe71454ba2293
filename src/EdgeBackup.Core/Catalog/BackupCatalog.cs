using System.Runtime.CompilerServices;
using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>
/// An index of a repository's records on this machine. A cache: built by reading the repository, brought up to date by
/// comparing object names, and made anew by itself when it is missing, damaged, or belongs to something else. The truth
/// is always the repository's listing at the moment of the question (R5).
/// </summary>
public sealed class BackupCatalog : IDisposable
{
    private readonly EdgeRepository repository;
    private readonly CatalogFile file;
    private readonly CatalogWriter writer;

    private BackupCatalog(EdgeRepository repository, CatalogFile file)
    {
        this.repository = repository;
        this.file = file;
        writer = new CatalogWriter(repository, file);
        LiveNames = new CatalogLiveNames(this, file);
    }

    /// <summary>Keeps which records the chain says must be there.</summary>
    internal ILiveNames LiveNames { get; }

    /// <summary>Opens or makes the catalog of a repository.</summary>
    /// <param name="path">The SQLite file; its folder is made where it is missing.</param>
    /// <param name="repository">What it indexes.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static BackupCatalog Open(string path, EdgeRepository repository) =>
        new(repository, CatalogFile.Open(path, repository.Id, repository.Environment.Platform));

    /// <summary>Brings the backups of some devices, or of all, up to date.</summary>
    /// <returns>What could not be read; the rest is up to date.</returns>
    public Task<IReadOnlyList<EdgeBackupException>> RefreshBackupsAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        MendAsync(() => writer.RefreshBackupsAsync(devices, cancellationToken), cancellationToken);

    /// <summary>Brings all devices and protections up to date.</summary>
    /// <inheritdoc cref="RefreshBackupsAsync" path="/returns"/>
    public Task<IReadOnlyList<EdgeBackupException>> RefreshDevicesAsync(CancellationToken cancellationToken) =>
        RefreshDevicesAsync(devices: null, cancellationToken);

    /// <summary>Brings some devices, or all, and their protections up to date.</summary>
    /// <inheritdoc cref="RefreshBackupsAsync" path="/returns"/>
    public Task<IReadOnlyList<EdgeBackupException>> RefreshDevicesAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        MendAsync(() => writer.RefreshDevicesAsync(devices, cancellationToken), cancellationToken);

    /// <summary>Brings the events up to date.</summary>
    /// <inheritdoc cref="RefreshBackupsAsync" path="/returns"/>
    public Task<IReadOnlyList<EdgeBackupException>> RefreshEventsAsync(CancellationToken cancellationToken) =>
        MendAsync(() => writer.RefreshEventsAsync(cancellationToken), cancellationToken);

    /// <summary>Brings the events up to date, and holds them against the chain: what happened cannot be made not to have happened.</summary>
    /// <returns>What could not be read, and what is missing; the rest is up to date.</returns>
    public Task<IReadOnlyList<EdgeBackupException>> FindMissingEventsAsync(CancellationToken cancellationToken) =>
        MendAsync(() => writer.FindMissingEventsAsync(cancellationToken), cancellationToken);

    /// <summary>Brings what is known of the attempts at some devices, or all, up to date.</summary>
    /// <inheritdoc cref="RefreshBackupsAsync" path="/returns"/>
    public Task<IReadOnlyList<EdgeBackupException>> RefreshAttemptsAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        MendAsync(() => writer.RefreshAttemptsAsync(devices, cancellationToken), cancellationToken);

    /// <summary>Brings the newest archives of some devices, or all, up to date.</summary>
    /// <inheritdoc cref="RefreshBackupsAsync" path="/returns"/>
    public Task<IReadOnlyList<EdgeBackupException>> RefreshArchivesAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken) =>
        MendAsync(() => writer.RefreshArchivesAsync(devices, cancellationToken), cancellationToken);

    /// <summary>Takes in a backup that was just written, so that it need not be read again.</summary>
    public Task AddAsync(BackupRecord record, CancellationToken cancellationToken) =>
        MendAsync(
            async () =>
            {
                await writer.AddAsync(record, cancellationToken).ConfigureAwait(false);
                return (IReadOnlyList<EdgeBackupException>)[];
            },
            cancellationToken);

    /// <summary>Backups by device, newest first, streamed.</summary>
    public IAsyncEnumerable<CatalogBackup> QueryBackupsAsync(BackupQuery query, CancellationToken cancellationToken) =>
        StreamAsync(connection => CatalogReader.Backups(connection, query), CatalogReader.ReadBackup, cancellationToken);

    /// <summary>What the newest backup of each device holds, streamed.</summary>
    public IAsyncEnumerable<NewestBackup> QueryNewestAsync(CancellationToken cancellationToken) =>
        StreamAsync(CatalogReader.Newest, CatalogReader.ReadNewest, cancellationToken);

    /// <summary>Registered devices by id, streamed.</summary>
    public IAsyncEnumerable<CatalogDevice> QueryDevicesAsync(DeviceQuery query, CancellationToken cancellationToken) =>
        StreamAsync(connection => CatalogReader.Devices(connection, query), CatalogReader.ReadDevice, cancellationToken);

    /// <summary>Events, oldest first, streamed.</summary>
    public IAsyncEnumerable<EdgeEvent> QueryEventsAsync(EventQuery query, CancellationToken cancellationToken) =>
        StreamAsync(connection => CatalogReader.Events(connection, query), CatalogReader.ReadEvent, cancellationToken);

    /// <summary>How many backups of a device the catalog knew before it is refreshed: a listing that has shrunk abruptly is not believed by retention.</summary>
    public async Task<int> CountBackupsAsync(string device, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var value in StreamAsync(
            connection =>
            {
                var command = connection.CreateCommand();
                command.CommandText = "SELECT count(*) FROM backups WHERE device = $device;";
                command.Parameters.AddWithValue("$device", device);
                return command;
            },
            row => row.GetInt32(0),
            cancellationToken).ConfigureAwait(false))
        {
            count = value;
        }

        return count;
    }

    /// <summary>What retention needs to know of all devices that have backups, to see which have something to remove; streamed by device.</summary>
    public IAsyncEnumerable<DeviceBackups> SummarizeBackupsAsync(CancellationToken cancellationToken) =>
        StreamAsync(CatalogReader.Summaries, CatalogReader.ReadSummary, cancellationToken);

    /// <summary>Drops backups whose records were just removed, so that their folders need not be listed again.</summary>
    /// <param name="objectNames">The records.</param>
    /// <param name="cancellationToken">Stops before any is dropped.</param>
    public Task RemoveAsync(IReadOnlyCollection<string> objectNames, CancellationToken cancellationToken) =>
        MendAsync(
            async () =>
            {
                await writer.RemoveBackupsAsync(objectNames, cancellationToken).ConfigureAwait(false);
                return (IReadOnlyList<EdgeBackupException>)[];
            },
            cancellationToken);

    /// <summary>All devices that have backups or were ever registered: what a user may mean by an id.</summary>
    public IAsyncEnumerable<string> QueryDeviceIdsAsync(CancellationToken cancellationToken) =>
        StreamAsync(
            connection =>
            {
                // The second part walks the index from device to device instead of reading every backup.
                var command = connection.CreateCommand();
                command.CommandText = """
                    WITH RECURSIVE seen(device) AS (
                        SELECT min(device) FROM backups
                        UNION ALL
                        SELECT (SELECT min(device) FROM backups WHERE device > seen.device) FROM seen WHERE seen.device IS NOT NULL)
                    SELECT device FROM seen WHERE device IS NOT NULL
                    UNION SELECT id FROM devices ORDER BY 1;
                    """;
                return command;
            },
            row => row.GetString(0),
            cancellationToken);

    /// <summary>
    /// The devices whose history a device carries on, itself first: those it replaced, those they replaced, and so on (R8).
    /// Brings the logs of just these devices up to date.
    /// </summary>
    public async Task<IReadOnlyList<string>> LineageAsync(string device, CancellationToken cancellationToken)
    {
        var lineage = new List<string> { device };
        await RefreshDevicesAsync([device], cancellationToken).ConfigureAwait(false);
        for (var index = 0; index < lineage.Count; index++)
        {
            var predecessors = await ToListAsync("SELECT predecessor FROM predecessors WHERE device = $device ORDER BY predecessor;", lineage[index], cancellationToken).ConfigureAwait(false);
            if (predecessors.Count == 0)
            {
                continue;
            }

            await RefreshDevicesAsync(predecessors, cancellationToken).ConfigureAwait(false);
            var fenced = await ToListAsync(
                "SELECT p.predecessor FROM predecessors p JOIN devices d ON d.id = p.predecessor WHERE p.device = $device AND d.replaced_by = p.device ORDER BY 1;",
                lineage[index],
                cancellationToken).ConfigureAwait(false);
            lineage.AddRange(fenced.Where(predecessor => !lineage.Contains(predecessor, StringComparer.Ordinal)));
        }

        return lineage;
    }

    /// <summary>The devices and those that they carry on, as far as the catalog is up to date: one query, however many they are.</summary>
    public async Task<IReadOnlyList<string>> WithLineageAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken)
    {
        const string text = """
            WITH RECURSIVE line(id) AS (
                SELECT value FROM json_each($device)
                UNION
                SELECT p.predecessor FROM line
                    JOIN predecessors p ON p.device = line.id
                    JOIN devices d ON d.id = p.predecessor AND d.replaced_by = p.device)
            SELECT id FROM line;
            """;
        return await ToListAsync(text, JsonSerializer.Serialize(devices, RecordsJson.Default.IReadOnlyListString), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether a device was ever registered or has backups, as far as the catalog is up to date for it.</summary>
    public async Task<bool> KnowsAsync(string device, CancellationToken cancellationToken) =>
        (await ToListAsync(
            "SELECT id FROM devices WHERE id = $device UNION SELECT device FROM (SELECT device FROM backups WHERE device = $device LIMIT 1);",
            device,
            cancellationToken).ConfigureAwait(false)).Count > 0;

    public void Dispose() => file.Dispose();

    private async Task<List<string>> ToListAsync(string text, string device, CancellationToken cancellationToken)
    {
        var values = new List<string>();
        await foreach (var value in StreamAsync(
            connection =>
            {
                var command = connection.CreateCommand();
                command.CommandText = text;
                command.Parameters.AddWithValue("$device", device);
                return command;
            },
            row => row.GetString(0),
            cancellationToken).ConfigureAwait(false))
        {
            values.Add(value);
        }

        return values;
    }

    /// <summary>Does something with the file, and once more where the file turns out to be damaged and is made anew.</summary>
    internal async Task<T> MendAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        var generation = file.Generation;
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            await MakeAnewAsync(generation, cancellationToken).ConfigureAwait(false);
            return await action().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// All tables are filled again, not only those that are asked for just now: the caller may have brought the others up
    /// to date a moment ago and rely on it.
    /// </summary>
    private async Task MakeAnewAsync(int damagedGeneration, CancellationToken cancellationToken)
    {
        await file.RecreateAsync(damagedGeneration, cancellationToken).ConfigureAwait(false);
        await writer.RefreshAllAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Streams a query. When the file turns out to be damaged on the way, it is made anew, filled, and the query goes on
    /// behind the rows that were handed out: every query has a total order.
    /// </summary>
    private async IAsyncEnumerable<T> StreamAsync<T>(
        Func<SqliteConnection, SqliteCommand> build,
        Func<SqliteDataReader, T> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var delivered = 0L;
        for (var attempt = 0; ; attempt++)
        {
            var generation = file.Generation;
            using var rows = new RowSource<T>(file, build, read);
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                T row;
                try
                {
                    if (!rows.MoveNext(skip: delivered))
                    {
                        yield break;
                    }

                    row = rows.Current!;
                }
                catch (Exception exception) when (attempt == 0 && IsDamage(exception))
                {
                    rows.Dispose();
                    await MakeAnewAsync(generation, cancellationToken).ConfigureAwait(false);
                    break;
                }

                yield return row;
                delivered++;
            }
        }
    }

    private static bool IsDamage(Exception exception) =>
        exception is JsonException or InvalidCastException or FormatException
        || (exception is SqliteException sqlite && CatalogFile.IsDamage(sqlite));

    /// <summary>One query in progress: connection, command and reader.</summary>
    private sealed class RowSource<T> : IDisposable
    {
        private readonly CatalogFile file;
        private readonly Func<SqliteConnection, SqliteCommand> build;
        private readonly Func<SqliteDataReader, T> read;
        private CatalogConnection? connection;
        private SqliteCommand? command;
        private SqliteDataReader? reader;

        public RowSource(CatalogFile file, Func<SqliteConnection, SqliteCommand> build, Func<SqliteDataReader, T> read)
        {
            this.file = file;
            this.build = build;
            this.read = read;
        }

        public T? Current { get; private set; }

        public bool MoveNext(long skip)
        {
            if (reader is null)
            {
                connection = file.OpenReader();
                command = build(connection.Connection);
                reader = command.ExecuteReader();
                for (var index = 0L; index < skip; index++)
                {
                    if (!reader.Read())
                    {
                        return false;
                    }
                }
            }

            if (!reader.Read())
            {
                return false;
            }

            Current = read(reader);
            return true;
        }

        public void Dispose()
        {
            reader?.Dispose();
            command?.Dispose();
            connection?.Dispose();
            connection = null;
            reader = null;
        }
    }
}
