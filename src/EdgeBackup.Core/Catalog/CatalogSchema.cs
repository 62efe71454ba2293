using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>The tables of the catalog. A catalog of another version is made anew, never migrated: it is a cache.</summary>
internal static class CatalogSchema
{
    public const int Version = 10;

    private const string Tables = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

        CREATE TABLE folders (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;

        CREATE TABLE backups (
            object_name TEXT NOT NULL UNIQUE,
            folder TEXT NOT NULL,
            id TEXT NOT NULL,
            device TEXT NOT NULL,
            device_name TEXT,
            device_type TEXT NOT NULL,
            name TEXT,
            kind INTEGER NOT NULL,
            content INTEGER NOT NULL,
            created INTEGER NOT NULL,
            version TEXT,
            item_count INTEGER NOT NULL,
            length INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            not_saved TEXT,
            author TEXT,
            is_suspect INTEGER NOT NULL,
            suspect TEXT,
            configuration INTEGER NOT NULL,
            group_id TEXT,
            group_name TEXT,
            group_json TEXT);
        CREATE INDEX backups_device ON backups (device, created DESC, id, kind, is_suspect, configuration);
        CREATE INDEX backups_folder ON backups (folder, object_name);
        CREATE INDEX backups_id ON backups (id);
        CREATE INDEX backups_group ON backups (group_id) WHERE group_id IS NOT NULL;

        CREATE TABLE live_records (object_name TEXT PRIMARY KEY, folder TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX live_records_folder ON live_records (folder, object_name);

        CREATE TABLE device_log (object_name TEXT PRIMARY KEY, folder TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX device_log_folder ON device_log (folder, object_name);
        CREATE TABLE devices (
            id TEXT PRIMARY KEY,
            registered INTEGER,
            name TEXT,
            type TEXT,
            address TEXT,
            version TEXT,
            tags TEXT NOT NULL,
            site TEXT,
            parent TEXT,
            replaced_by TEXT,
            replaced_at INTEGER,
            replaced_reason TEXT,
            replaced_author TEXT,
            owner TEXT,
            registration TEXT) WITHOUT ROWID;
        CREATE TABLE predecessors (device TEXT NOT NULL, predecessor TEXT NOT NULL, PRIMARY KEY (device, predecessor)) WITHOUT ROWID;
        CREATE TABLE protections (
            backup TEXT PRIMARY KEY,
            device TEXT NOT NULL,
            time INTEGER NOT NULL,
            author TEXT NOT NULL,
            reason TEXT) WITHOUT ROWID;
        CREATE INDEX protections_device ON protections (device);

        CREATE TABLE attempts (object_name TEXT PRIMARY KEY, folder TEXT NOT NULL, device TEXT NOT NULL, json BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX attempts_device ON attempts (device, object_name);
        CREATE INDEX attempts_folder ON attempts (folder, object_name);

        -- Of most only the name is known: device and time stand where a run was read that is no extract.
        CREATE TABLE archive_runs (object_name TEXT PRIMARY KEY, folder TEXT NOT NULL, device TEXT, time INTEGER) WITHOUT ROWID;
        CREATE INDEX archive_runs_device ON archive_runs (device, object_name);
        CREATE INDEX archive_runs_folder ON archive_runs (folder, object_name);

        CREATE TABLE events (
            object_name TEXT NOT NULL UNIQUE,
            folder TEXT NOT NULL,
            time INTEGER NOT NULL,
            device TEXT,
            category INTEGER NOT NULL,
            action TEXT NOT NULL,
            kind INTEGER,
            json BLOB NOT NULL);
        CREATE INDEX events_device ON events (device, time);
        CREATE INDEX events_time ON events (time);
        CREATE INDEX events_folder ON events (folder, object_name);
        """;

    public static void Create(SqliteConnection connection, string repositoryId)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = Tables + """
            INSERT INTO meta (key, value) VALUES ('repository', $repository);
            """ + $"PRAGMA user_version = {Version};";
        command.Parameters.AddWithValue("$repository", repositoryId);
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    /// <summary>Whether an existing file is a catalog of this version for this repository.</summary>
    public static bool Fits(SqliteConnection connection, string repositoryId)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version;";
        if ((long)(command.ExecuteScalar() ?? 0L) != Version)
        {
            return false;
        }

        command.CommandText = "SELECT value FROM meta WHERE key = 'repository';";
        return command.ExecuteScalar() is string id && id == repositoryId;
    }
}
