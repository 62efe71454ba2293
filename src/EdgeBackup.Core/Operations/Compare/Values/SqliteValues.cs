using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Reads the tables of an SQLite database: rows by their primary key, or in order where there is none. The bytes come from
/// a device and are not trusted: they are read where they stand in memory, so that no copy is left on a disk; nothing that
/// the schema says is run (no view, trigger, virtual table or computed column), no extension is loaded, and lengths,
/// values, what all cells hold together and SQLite's steps are limited.
/// </summary>
internal static class SqliteValues
{
    private const string SchemaName = "sqlite_schema";
    private const int LimitLength = 0;
    private const int DefensiveOption = 1010;
    private const int DeserializeReadOnly = 4;
    private const int Interrupted = 9;
    private const int HeaderLength = 100;
    private const int TextType = 3;
    private const int BlobType = 4;
    private const int StepsBetweenLooks = 10_000;
    private const int ShownBlob = 32;
    private const int KeptText = 64 * 1024;
    private const int ShownText = 64;

    private static ReadOnlySpan<byte> Magic => "SQLite format 3\0"u8;

    public static bool IsDatabase(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Magic);

    /// <summary>Whether what was committed last may stand in another file beside this one.</summary>
    public static bool HasLog(ReadOnlySpan<byte> bytes) => bytes.Length > 19 && bytes[18] == 2;

    /// <exception cref="ValuesUnreadableException">It cannot be read, or it is too much.</exception>
    public static ValueNode Read(byte[] bytes, ValueBudget budget)
    {
        if (bytes.Length < HeaderLength)
        {
            throw new ValuesUnreadableException("it is cut off");
        }

        // A database in memory has no file for a log beside it.
        var copy = (byte[])bytes.Clone();
        (copy[18], copy[19]) = (1, 1);
        var pin = GCHandle.Alloc(copy, GCHandleType.Pinned);
        try
        {
            using var connection = new SqliteConnection("Data Source=:memory:;Pooling=False");
            connection.Open();
            Restrict(connection, budget);
            var result = raw.sqlite3_deserialize(connection.Handle, "main", pin.AddrOfPinnedObject(), copy.Length, copy.Length, DeserializeReadOnly);
            SqliteException.ThrowExceptionForRC(result, connection.Handle);
            return ReadAll(connection, budget);
        }
        catch (SqliteException exception)
        {
            budget.CancellationToken.ThrowIfCancellationRequested();
            throw new ValuesUnreadableException(exception.SqliteErrorCode == Interrupted ? "reading it was interrupted" : $"SQLite cannot read it (error {exception.SqliteErrorCode})");
        }
        finally
        {
            pin.Free();
        }
    }

    private static void Restrict(SqliteConnection connection, ValueBudget budget)
    {
        var handle = connection.Handle!;
        raw.sqlite3_limit(handle, LimitLength, budget.Limits.DatabaseBytes);
        raw.sqlite3_db_config(handle, DefensiveOption, 1, out _);
        var looks = 0;
        raw.sqlite3_progress_handler(handle, StepsBetweenLooks, _ => budget.CancellationToken.IsCancellationRequested || ++looks > budget.Limits.DatabaseSteps / StepsBetweenLooks ? 1 : 0, null);
        Execute(connection, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;");
    }

    private static MapNode ReadAll(SqliteConnection connection, ValueBudget budget)
    {
        var root = new MapNode();
        var schema = new MapNode();
        root.Add(SchemaName, schema);
        var tables = new List<string>();
        using (var command = connection.CreateCommand())
        {
            // What has no root page is a view, a trigger, or a virtual table, whose contents are in other tables.
            command.CommandText = "SELECT type, name, sql, rootpage FROM sqlite_schema ORDER BY rowid;";
            using var row = command.ExecuteReader();
            while (row.Read())
            {
                budget.Count();
                var (type, name) = (Read(row, 0, budget).Text, Read(row, 1, budget).Text);
                if (!row.IsDBNull(2))
                {
                    schema.Add($"{type} {name}", Read(row, 2, budget));
                }

                if (type == "table" && row.GetValue(3) is long and > 0)
                {
                    tables.Add(name);
                }
            }
        }

        foreach (var table in tables)
        {
            root.Add(table, ReadTable(connection, table, budget));
        }

        return root;
    }

    private static MapNode ReadTable(SqliteConnection connection, string table, ValueBudget budget)
    {
        var (columns, key) = ReadColumns(connection, table);
        var rows = new MapNode();
        if (columns.Count == 0)
        {
            throw new ValuesUnreadableException("a table that its schema names is none");
        }

        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(", ", columns.Select(Quote))} FROM {Quote(table)};";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            budget.Count();
            var row = new MapNode();
            for (var index = 0; index < columns.Count; index++)
            {
                budget.Count();
                row.Add(columns[index], Read(reader, index, budget));
            }

            rows.Add(key.Count == 0 ? CsvValues.RowName : string.Join(',', key.Select(column => ((ScalarNode)row[column][0]).Text)), row);
        }

        return rows;
    }

    /// <summary>The columns that are stored, and those of the primary key.</summary>
    private static (List<string> Columns, List<string> Key) ReadColumns(SqliteConnection connection, string table)
    {
        var columns = new List<string>();
        var key = new SortedDictionary<long, string>();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name, pk FROM pragma_table_xinfo($table) WHERE hidden = 0 ORDER BY cid;";
        command.Parameters.AddWithValue("$table", table);
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            columns.Add(row.GetString(0));
            if (row.GetInt64(1) is > 0 and var position)
            {
                key[position] = row.GetString(0);
            }
        }

        return (columns, [.. key.Values]);
    }

    /// <summary>
    /// Cells of a database that was tampered with may all consist of the same pages, and a column that was added may give
    /// each row the same long text: together they may be far longer than the file.
    /// </summary>
    private static ScalarNode Read(SqliteDataReader reader, int index, ValueBudget budget)
    {
        if (raw.sqlite3_column_type(reader.Handle, index) is TextType or BlobType)
        {
            budget.CountBytes(raw.sqlite3_column_bytes(reader.Handle, index));
        }

        return ToNode(reader.GetValue(index));
    }

    private static ScalarNode ToNode(object value) => value switch
    {
        DBNull => new ScalarNode("null"),
        string { Length: > KeptText } text => new ScalarNode($"{text.AsSpan(0, ShownText)}… ({text.Length.ToString(CultureInfo.InvariantCulture)} characters, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))})", isText: true),
        string text => new ScalarNode(text, isText: true),
        byte[] { Length: <= ShownBlob } blob => new ScalarNode($"x'{Convert.ToHexStringLower(blob)}'"),
        byte[] blob => new ScalarNode($"{blob.Length.ToString(CultureInfo.InvariantCulture)} bytes, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(blob))}"),
        double real => new ScalarNode(real.ToString("R", CultureInfo.InvariantCulture)),
        _ => new ScalarNode(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
