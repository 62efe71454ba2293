using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations.Compare;
using EdgeBackup.Core.Tests.Repository;
using Microsoft.Data.Sqlite;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Compare;

/// <summary>Databases, row by row.</summary>
public sealed class SqliteContentTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Rows_differ_by_their_primary_key_and_column()
    {
        const string make = "CREATE TABLE settings (key TEXT PRIMARY KEY, value, note); INSERT INTO settings VALUES ('a', 1, 'x'), ('b', 2, 'y'), ('c', x'0102', null);";
        var found = Compare(make, make + "UPDATE settings SET value = '1' WHERE key = 'a'; DELETE FROM settings WHERE key = 'b'; INSERT INTO settings VALUES ('d', 1.5, '');");

        Assert.Equal(ItemFormat.Sqlite, found.Format);
        Assert.Equal(
            ["""~ /settings/a/value 1 "1" """.TrimEnd(), """- /settings/b {"key":"b","value":2,"note":"y"} """, """+ /settings/d  {"key":"d","value":1.5,"note":""}"""],
            ContentComparerTests.Lines(found));
        Assert.Null(found.Note);
    }

    [Fact]
    public void Tables_come_and_go_with_their_definition()
    {
        var found = Compare("CREATE TABLE a (x);", "CREATE TABLE a (x); CREATE TABLE b (id INTEGER PRIMARY KEY, t); INSERT INTO b (t) VALUES ('one');");

        Assert.Equal(
            ["+ /sqlite_schema/table b  CREATE TABLE b (id INTEGER PRIMARY KEY, t)", """+ /b  {"1":{"id":1,"t":"one"}}"""],
            ContentComparerTests.Lines(found));
    }

    [Fact]
    public void Rows_without_a_key_are_laid_side_by_side()
    {
        var found = Compare("CREATE TABLE log (t); INSERT INTO log VALUES ('a'), ('b');", "CREATE TABLE log (t); INSERT INTO log VALUES ('new'), ('a'), ('b');");

        Assert.Equal(["""+ /log/row[1]  {"t":"new"}"""], ContentComparerTests.Lines(found));
    }

    [Fact]
    public void A_database_with_a_log_beside_it_is_read_without_it_and_that_is_told()
    {
        var found = Compare("PRAGMA journal_mode = WAL; CREATE TABLE a (x PRIMARY KEY); INSERT INTO a VALUES (1);", "PRAGMA journal_mode = WAL; CREATE TABLE a (x PRIMARY KEY); INSERT INTO a VALUES (2);");

        Assert.Equal(2, found.Details.Count);
        Assert.Contains("-wal", found.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_the_schema_says_is_run()
    {
        const string make = """
            CREATE TABLE a (x INTEGER PRIMARY KEY, big AS (zeroblob(1000000000)), y);
            INSERT INTO a (x, y) VALUES (1, 'one');
            CREATE VIEW forever AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
            CREATE VIRTUAL TABLE words USING fts5(t);
            """;
        var found = Compare(make, make + "UPDATE a SET y = 'two';");

        Assert.Equal(["~ /a/1/y one two"], ContentComparerTests.Lines(found));
    }

    [Fact]
    public void A_column_that_changes_by_itself_is_left_out()
    {
        const string make = "CREATE TABLE s (id INTEGER PRIMARY KEY, seen, v); INSERT INTO s VALUES (1, 10, 'a');";

        Assert.True(Compare(make, make + "UPDATE s SET seen = 11;", new VolatileValue { Key = "seen" }).IsVolatileOnly);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(60)]
    [InlineData(4096)]
    [InlineData(10_000)]
    public void A_database_that_was_cut_is_told(int length)
    {
        var whole = Make("CREATE TABLE a (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO a SELECT 'row ' || i FROM n;");
        var found = ContentComparerTests.Compare("a.db", whole, whole[..length]);

        Assert.Equal(ItemFormat.Binary, found.Format);
        Assert.Contains("was not compared row by row", found.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_with_holes_does_no_harm()
    {
        const string make = """
            CREATE TABLE a (x TEXT PRIMARY KEY, y); INSERT INTO a VALUES ('one', 1);
            PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = NULL, tbl_name = NULL WHERE type = 'index';
            """;

        Assert.Equal(["~ /a/one/y 1 2"], ContentComparerTests.Lines(Compare(make, make + "UPDATE a SET y = 2;")));
    }

    [Fact]
    public void Values_that_are_longer_together_than_the_file_are_not_all_kept()
    {
        var make = $"""
            CREATE TABLE a (x INTEGER PRIMARY KEY);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) INSERT INTO a SELECT i FROM n;
            ALTER TABLE a ADD COLUMN y TEXT DEFAULT '{new string('y', 10_000)}';
            """;
        var found = Compare(make, make + "DELETE FROM a WHERE x = 7;");

        Assert.Empty(found.Details);
        Assert.Contains("hold more than 33", found.Note, StringComparison.Ordinal);
        Assert.False(found.IsVolatileOnly);
    }

    [Fact]
    public void A_very_long_text_is_told_by_its_digest()
    {
        const string make = "CREATE TABLE a (x INTEGER PRIMARY KEY, y TEXT);";
        var value = Assert.Single(Compare(
            make + $"INSERT INTO a VALUES (1, '{new string('y', 100_000)}a');",
            make + $"INSERT INTO a VALUES (1, '{new string('y', 100_000)}b');").Details);

        Assert.Equal("/a/1/y", value.Path);
        Assert.Contains("100001 characters, SHA-256", value.Reference, StringComparison.Ordinal);
        Assert.NotEqual(value.Reference, value.Difference);
        Assert.InRange(value.Reference!.Length, 100, 200);
    }

    [Fact]
    public void Bytes_of_a_database_that_were_overwritten_do_no_harm()
    {
        var whole = Make("CREATE TABLE a (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO a SELECT 'row ' || i FROM n;");
        for (var seed = 0; seed < 20; seed++)
        {
            var broken = (byte[])whole.Clone();
            var random = new Random(seed);
            for (var count = 0; count < 50; count++)
            {
                broken[random.Next(20, broken.Length)] = (byte)random.Next(256);
            }

            var found = ContentComparerTests.Compare("a.db", whole, broken);
            Assert.False(found.IsVolatileOnly);
            Assert.True(found.Details.Count > 0 || found.Note is not null);
        }
    }

    private Core.Operations.Compare.Values.ContentDifference Compare(string reference, string difference, params VolatileValue[] volatiles) =>
        ContentComparerTests.Compare("state.db", Make(reference), Make(difference), volatiles);

    private byte[] Make(string statements)
    {
        var path = folder.Combine(Guid.NewGuid().ToString("N"));
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = statements;
            command.ExecuteNonQuery();
        }

        return File.ReadAllBytes(path);
    }
}
