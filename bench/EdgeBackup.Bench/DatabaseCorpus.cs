using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Bench;

/// <summary>An SQLite database made from a seed; at each step few of its pages change.</summary>
internal static class DatabaseCorpus
{
    private const int Seed = 99;
    private const int Rows = 300_000;
    private const int Neighbourhoods = 12;
    private const int Neighbours = 5;

    public static int Make(string folder, int step)
    {
        Directory.CreateDirectory(folder);
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "points.db")};Pooling=false");
        connection.Open();
        if (step == 0)
        {
            File.WriteAllText(Path.Combine(folder, "edge-device.json"), """{"id":"database","name":"Database","type":"folder"}""");
            Execute(connection, "PRAGMA page_size = 4096");
            Execute(connection, "CREATE TABLE point (id INTEGER PRIMARY KEY, name TEXT, unit TEXT, value REAL, note TEXT)");
        }

        using var transaction = connection.BeginTransaction();
        var random = new Random(Seed + step);
        if (step == 0)
        {
            Fill(connection, random);
        }
        else
        {
            for (var place = 0; place < Neighbourhoods; place++)
            {
                var first = random.Next(Rows - Neighbours);
                for (var id = first; id < first + Neighbours; id++)
                {
                    Execute(connection, "UPDATE point SET value = $value WHERE id = $id", ("$value", random.NextDouble()), ("$id", id));
                }
            }
        }

        transaction.Commit();
        return 0;
    }

    private static void Fill(SqliteConnection connection, Random random)
    {
        var text = new byte[60];
        for (var id = 0; id < Rows; id++)
        {
            random.NextBytes(text);
            Execute(
                connection,
                "INSERT INTO point VALUES ($id, $name, $unit, $value, $note)",
                ("$id", id),
                ("$name", string.Create(CultureInfo.InvariantCulture, $"building/floor{id % 40}/room{id % 977}/point{id}")),
                ("$unit", id % 3 == 0 ? "°C" : "kWh"),
                ("$value", random.NextDouble()),
                ("$note", Convert.ToHexString(text)));
        }
    }

    private static void Execute(SqliteConnection connection, string text, params (string Name, object Value)[] values)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        command.ExecuteNonQuery();
    }
}
