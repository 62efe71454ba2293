using System.Globalization;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>Keeps in the catalog which records are live by the chain.</summary>
internal sealed class CatalogLiveNames(BackupCatalog catalog, CatalogFile file) : ILiveNames
{
    /// <summary>A folder and those in it, of which no name has a character behind '~'.</summary>
    private const string Within = "folder >= $folder AND folder < $folder || '~'";

    private const string PositionKey = "chain";

    public Task<ChainPosition?> ReadPositionAsync(CancellationToken cancellationToken) =>
        catalog.MendAsync(
            () =>
            {
                using var lease = file.OpenReader();
                return Task.FromResult(ReadPosition(lease.Connection, transaction: null));
            },
            cancellationToken);

    public Task<IReadOnlyCollection<string>?> ReadFolderAsync(string folder, CancellationToken cancellationToken) =>
        catalog.MendAsync(
            () =>
            {
                using var lease = file.OpenReader();
                if (ReadPosition(lease.Connection, transaction: null) is null)
                {
                    return Task.FromResult<IReadOnlyCollection<string>?>(null);
                }

                using var command = lease.Connection.CreateCommand();
                command.CommandText = $"SELECT object_name FROM live_records WHERE {Within};";
                command.Parameters.AddWithValue("$folder", folder);
                using var reader = command.ExecuteReader();
                var names = new List<string>();
                while (reader.Read())
                {
                    names.Add(reader.GetString(0));
                }

                return Task.FromResult<IReadOnlyCollection<string>?>(names);
            },
            cancellationToken);

    public Task TakeAsync(ChainPosition? since, ChainDelta changes, CancellationToken cancellationToken) =>
        catalog.MendAsync(
            async () =>
            {
                await file.WriteAsync((connection, transaction) => Take(connection, transaction, since, changes), cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    /// <summary>Live records in a folder that the catalog's table does not have: not read yet, or missing.</summary>
    public static IReadOnlyList<string> FindUnknown(CatalogFile file, string table, string folder)
    {
        using var lease = file.OpenReader();
        using var command = lease.Connection.CreateCommand();
        command.CommandText = $"SELECT object_name FROM live_records WHERE {Within} AND object_name NOT IN (SELECT object_name FROM {table});";
        command.Parameters.AddWithValue("$folder", folder);
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static void Take(SqliteConnection connection, SqliteTransaction transaction, ChainPosition? since, ChainDelta changes)
    {
        // Another process may have written since, or made the file anew.
        if (ReadPosition(connection, transaction) != since)
        {
            return;
        }

        if (changes.StartOver)
        {
            Execute(connection, transaction, "DELETE FROM live_records;");
        }

        foreach (var name in changes.Removed)
        {
            Execute(connection, transaction, "DELETE FROM live_records WHERE object_name = $name;", ("$name", name));
        }

        foreach (var name in changes.Added)
        {
            Execute(connection, transaction, "INSERT OR IGNORE INTO live_records (object_name, folder) VALUES ($name, $folder);", ("$name", name), ("$folder", CatalogFolders.FolderOf(name)));
        }

        Execute(
            connection,
            transaction,
            "INSERT OR REPLACE INTO meta (key, value) VALUES ($key, $value);",
            ("$key", PositionKey),
            ("$value", string.Create(CultureInfo.InvariantCulture, $"{changes.Head.Sequence} {changes.Head.Hash}")));
    }

    private static ChainPosition? ReadPosition(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT value FROM meta WHERE key = $key;";
        command.Parameters.AddWithValue("$key", PositionKey);
        return command.ExecuteScalar() is string text && text.Split(' ') is [var sequence, var hash]
            ? new ChainPosition(long.Parse(sequence, CultureInfo.InvariantCulture), hash)
            : null;
    }

    private static void Execute(SqliteConnection connection, SqliteTransaction transaction, string text, params (string Name, string Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = text;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        command.ExecuteNonQuery();
    }
}
