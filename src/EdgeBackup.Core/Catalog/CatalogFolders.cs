using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>Takes in what is new in some folders, and what is gone from them; what cannot be read goes to the problems.</summary>
internal delegate Task TakeRecords(IReadOnlyList<string> fresh, IReadOnlyCollection<string> gone, List<EdgeBackupException> problems, CancellationToken cancellationToken);

/// <summary>
/// Finds what is new and what is gone: folder by folder it compares the object names of the repository with those that a
/// table has. Records never change, so a known name is a known record; and a folder whose stamp is the one of the last
/// comparison holds what it held then, and is not listed.
/// </summary>
internal sealed class CatalogFolders(EdgeRepository repository, CatalogFile file)
{
    private const int BatchSize = 2000;

    public static string FolderOf(string objectName) => objectName[..(objectName.LastIndexOf('/') + 1)];

    /// <summary>Compares all folders of a table.</summary>
    /// <param name="table">Its name.</param>
    /// <param name="area">Null for backups.</param>
    /// <param name="take">Takes what has changed.</param>
    /// <param name="problems">Takes what cannot be read.</param>
    /// <param name="cancellationToken">Leaves the table partly up to date.</param>
    public async Task RefreshAllAsync(string table, RecordArea? area, TakeRecords take, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        if (await repository.ListFoldersAsync(area, cancellationToken).ConfigureAwait(false) is not { } present)
        {
            var listing = area is { } records ? repository.ListAsync(records, subject: null, cancellationToken) : repository.ListBackupsAsync(device: null, cancellationToken);
            await RefreshAsync(table, folder: null, listing, take, problems, cancellationToken).ConfigureAwait(false);
            return;
        }

        using var lease = file.OpenReader();
        var vanished = LoadFolders(lease.Connection, table, folder: null);
        var stamps = LoadStamps(lease.Connection);
        var batch = new Batch(this, take, problems);
        foreach (var folder in present)
        {
            vanished.Remove(folder.Name);
            if (folder.Stamp is not null && stamps.GetValueOrDefault(folder.Name) == folder.Stamp)
            {
                continue;
            }

            var known = LoadNames(lease.Connection, table, folder.Name);
            foreach (var name in await repository.ListFolderAsync(folder.Name, cancellationToken).ConfigureAwait(false))
            {
                if (!known.Remove(name))
                {
                    batch.Fresh.Add(name);
                }
            }

            batch.Gone.AddRange(known);
            if (folder.Stamp is not null)
            {
                batch.Stamps.Add((folder.Name, folder.Stamp));
            }

            if (batch.Fresh.Count >= BatchSize || batch.Stamps.Count >= BatchSize)
            {
                await batch.WriteAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        foreach (var folder in vanished)
        {
            batch.Gone.AddRange(LoadNames(lease.Connection, table, folder));
            batch.Stamps.Add((folder, null));
        }

        await batch.WriteAsync(cancellationToken).ConfigureAwait(false);
        if (file.Identity != lease.FileId)
        {
            // Another process has made the file anew meanwhile: what was compared was the old one.
            await RefreshAllAsync(table, area, take, problems, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Compares one folder, or all of a store that cannot tell its folders.</summary>
    public async Task RefreshAsync(
        string table, string? folder, IAsyncEnumerable<string> listing, TakeRecords take, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        // Only the names of one folder are in memory at a time; a store that lists in another order costs look-ups, not errors.
        using var lease = file.OpenReader();
        var gone = new HashSet<string>(StringComparer.Ordinal);
        var fresh = new List<string>();
        var knownFolders = LoadFolders(lease.Connection, table, folder);
        string? current = null;
        var known = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var name in listing.ConfigureAwait(false))
        {
            var itsFolder = FolderOf(name);
            if (itsFolder != current)
            {
                gone.UnionWith(known);
                current = itsFolder;
                known = knownFolders.Remove(itsFolder) ? LoadNames(lease.Connection, table, itsFolder) : [];
            }

            if (!known.Remove(name) && !gone.Remove(name))
            {
                fresh.Add(name);
                if (fresh.Count == BatchSize)
                {
                    await take(fresh, [], problems, cancellationToken).ConfigureAwait(false);
                    fresh.Clear();
                }
            }
        }

        gone.UnionWith(known);
        foreach (var missing in knownFolders)
        {
            gone.UnionWith(LoadNames(lease.Connection, table, missing));
        }

        if (fresh.Count > 0 || gone.Count > 0)
        {
            await take(fresh, gone, problems, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task RemoveAsync(string table, IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        names.Count == 0 ? Task.CompletedTask : file.WriteAsync(
            (connection, transaction) =>
            {
                using var command = Command(connection, transaction, $"DELETE FROM {table} WHERE object_name = $name;", "$name");
                foreach (var name in names)
                {
                    command.Parameters[0].Value = name;
                    command.ExecuteNonQuery();
                }
            },
            cancellationToken);

    private Task SaveStampsAsync(IReadOnlyCollection<(string Folder, string? Stamp)> stamps, CancellationToken cancellationToken) =>
        file.WriteAsync(
            (connection, transaction) =>
            {
                using var save = Command(connection, transaction, "INSERT OR REPLACE INTO folders (folder, stamp) VALUES ($folder, $stamp);", "$folder", "$stamp");
                using var drop = Command(connection, transaction, "DELETE FROM folders WHERE folder = $folder;", "$folder");
                foreach (var (folder, stamp) in stamps)
                {
                    var command = stamp is null ? drop : save;
                    command.Parameters[0].Value = folder;
                    if (stamp is not null)
                    {
                        command.Parameters[1].Value = stamp;
                    }

                    command.ExecuteNonQuery();
                }
            },
            cancellationToken);

    private static SqliteCommand Command(SqliteConnection connection, SqliteTransaction transaction, string text, params string[] parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = text;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter, SqliteType.Text);
        }

        return command;
    }

    private static HashSet<string> LoadFolders(SqliteConnection connection, string table, string? folder)
    {
        using var command = connection.CreateCommand();
        command.CommandText = folder is null
            ? $"""
              WITH RECURSIVE seen(folder) AS (
                  SELECT min(folder) FROM {table}
                  UNION ALL
                  SELECT (SELECT min(folder) FROM {table} WHERE folder > seen.folder) FROM seen WHERE seen.folder IS NOT NULL)
              SELECT folder FROM seen WHERE folder IS NOT NULL;
              """
            : $"SELECT folder FROM {table} WHERE folder = $folder LIMIT 1;";
        command.Parameters.AddWithValue("$folder", (object?)folder ?? DBNull.Value);
        return ReadNames(command);
    }

    private static HashSet<string> LoadNames(SqliteConnection connection, string table, string folder)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT object_name FROM {table} WHERE folder = $folder;";
        command.Parameters.AddWithValue("$folder", folder);
        return ReadNames(command);
    }

    private static Dictionary<string, string> LoadStamps(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT folder, stamp FROM folders;";
        var stamps = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            stamps[reader.GetString(0)] = reader.GetString(1);
        }

        return stamps;
    }

    private static HashSet<string> ReadNames(SqliteCommand command)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    /// <summary>What some folders have brought: rows first, and only then the stamps that vouch for them.</summary>
    private sealed class Batch(CatalogFolders folders, TakeRecords take, List<EdgeBackupException> problems)
    {
        public List<string> Fresh { get; } = [];

        public List<string> Gone { get; } = [];

        public List<(string Folder, string? Stamp)> Stamps { get; } = [];

        public async Task WriteAsync(CancellationToken cancellationToken)
        {
            var before = problems.Count;
            var gone = Gone.ToList();
            foreach (var names in Fresh.Count == 0 && gone.Count > 0 ? [[]] : Fresh.Chunk(BatchSize))
            {
                await take(names, gone, problems, cancellationToken).ConfigureAwait(false);
                gone.Clear();
            }

            // A record that cannot be read is reported each time it is asked for, so its folder is looked at each time.
            if (Stamps.Count > 0 && problems.Count == before)
            {
                await folders.SaveStampsAsync(Stamps, cancellationToken).ConfigureAwait(false);
            }

            Fresh.Clear();
            Gone.Clear();
            Stamps.Clear();
        }
    }
}
