using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Backups;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>The catalog's queries: filters become SQL, rows become entries one at a time.</summary>
internal static class CatalogReader
{
    private const string BackupColumns =
        "b.object_name, b.id, b.device, b.device_name, b.device_type, b.name, b.kind, b.content, b.created, b.version, b.item_count, b.length, b.changed, b.not_saved, b.author, p.backup, p.reason, b.suspect, b.group_json";

    /// <summary>By device, newest first: the order of the index, so that nothing is sorted before the first row.</summary>
    public static SqliteCommand Backups(SqliteConnection connection, BackupQuery query)
    {
        var filter = new SqlFilter(connection);
        filter.In("b.device", query.Devices);
        filter.Matching("b.id", query.Ids);
        filter.Matching("b.name", query.Names);
        filter.MatchingAny(["b.group_id", "b.group_name"], query.Groups);
        filter.In("b.kind", query.Kinds?.Select(kind => (object)(int)kind).ToList());
        filter.AtLeast("b.created", query.After);
        filter.Below("b.created", query.Before);
        if (query.Suspect is { } suspect)
        {
            filter.Raw(suspect ? "b.is_suspect = 1" : "b.is_suspect = 0");
        }

        var text = new StringBuilder("SELECT ").Append(BackupColumns)
            .Append(" FROM backups b LEFT JOIN protections p ON p.backup = b.id")
            .Append(filter.Where);
        if (query.Latest)
        {
            // The same filter once more: the newest of those that match, not the newest of all.
            var inner = filter.Where.Replace("b.", "n.", StringComparison.Ordinal);
            text.Append(filter.Where.Length == 0 ? " WHERE " : " AND ")
                .Append("b.rowid = (SELECT n.rowid FROM backups n")
                .Append(inner.Length == 0 ? " WHERE " : inner + " AND ")
                .Append("n.device = b.device ORDER BY n.created DESC, n.id LIMIT 1)");
        }

        text.Append(" ORDER BY b.device, b.created DESC, b.id");
        return filter.Command(text.ToString());
    }

    public static CatalogBackup ReadBackup(SqliteDataReader row) => new()
    {
        ObjectName = row.GetString(0),
        Id = row.GetString(1),
        Device = row.GetString(2),
        DeviceName = Text(row, 3),
        DeviceType = row.GetString(4),
        Name = Text(row, 5),
        Kind = (BackupKind)row.GetInt32(6),
        Content = (BackupContent)row.GetInt32(7),
        Created = Time(row.GetInt64(8)),
        Version = Text(row, 9),
        ItemCount = row.GetInt32(10),
        Length = row.GetInt64(11),
        Changed = row.GetInt64(12) != 0,
        NotSaved = Text(row, 13) is { } notSaved ? JsonSerializer.Deserialize(notSaved, RecordsJson.Default.IReadOnlyListNotSavedItem) ?? [] : [],
        Author = Text(row, 14),
        Protected = !row.IsDBNull(15),
        ProtectedReason = Text(row, 16),
        Suspect = Text(row, 17) is { } suspect ? JsonSerializer.Deserialize(suspect, RecordsJson.Default.IReadOnlyListSuspectReason) ?? [] : [],
        Group = Text(row, 18) is { } group ? JsonSerializer.Deserialize(group, RecordsJson.Default.BackupGroup) : null,
    };

    /// <summary>One walk over the index of devices; no row is looked at.</summary>
    public static SqliteCommand Summaries(SqliteConnection connection)
    {
        var command = connection.CreateCommand();
        command.CommandText = """
            SELECT b.device, count(*), sum(b.kind = $manual), max(b.created), min(CASE WHEN b.kind = $manual THEN NULL ELSE b.created END)
            FROM backups b GROUP BY b.device ORDER BY b.device;
            """;
        command.Parameters.AddWithValue("$manual", (int)BackupKind.Manual);
        return command;
    }

    public static DeviceBackups ReadSummary(SqliteDataReader row) =>
        new(row.GetString(0), row.GetInt32(1), row.GetInt32(2), Time(row.GetInt64(3)), row.IsDBNull(4) ? null : Time(row.GetInt64(4)));

    public static SqliteCommand Devices(SqliteConnection connection, DeviceQuery query)
    {
        var filter = new SqlFilter(connection);
        filter.Raw("d.registered IS NOT NULL");
        filter.In("d.id", query.Ids);
        filter.Matching("d.name", query.Names);
        filter.Matching("d.type", query.Types);
        filter.Matching("d.site", query.Sites);
        filter.Matching("d.owner", query.Owners);
        filter.Matching("d.parent", query.Parents);
        if (query.Tags is { Count: > 0 })
        {
            filter.AnyMatching("SELECT value FROM json_each(d.tags)", query.Tags);
        }

        if (query.Replaced is { } replaced)
        {
            filter.Raw(replaced ? "d.replaced_by IS NOT NULL" : "d.replaced_by IS NULL");
        }

        // Made first and kept: else the newest configuration is looked up again for each backup that is held against it.
        return filter.Command(
            """
            WITH x AS MATERIALIZED (
                SELECT d.id, d.name, d.type, d.address, d.version, d.tags, d.site, d.parent, d.replaced_by, d.replaced_at, d.replaced_reason, d.replaced_author,
                d.owner, d.registration,
                (SELECT max(b.created) FROM backups b WHERE b.device = d.id) AS last_backup,
                (SELECT b.created FROM backups b WHERE b.device = d.id AND b.is_suspect = 0 ORDER BY b.created DESC LIMIT 1) AS last_good,
                (SELECT b.configuration FROM backups b WHERE b.device = d.id AND b.is_suspect = 0 ORDER BY b.created DESC, b.id LIMIT 1) AS configuration
                FROM devices d
            """ + filter.Where + """
            )
            SELECT x.*, (SELECT min(e.time) FROM events e
                WHERE e.device = x.id AND e.action = 'Refused' AND e.kind = 0 AND e.time > coalesce(x.last_backup, 0)) AS postponed,
                (SELECT max(a.object_name) FROM attempts a WHERE a.device = x.id) AS attempts_name,
                (SELECT a.json FROM attempts a WHERE a.device = x.id ORDER BY a.object_name DESC LIMIT 1) AS attempts_json,
                (SELECT b.created FROM backups b WHERE b.device = x.id AND b.is_suspect = 0 AND b.created > coalesce(
                    (SELECT o.created FROM backups o WHERE o.device = x.id AND o.is_suspect = 0 AND o.configuration <> x.configuration
                        ORDER BY o.created DESC LIMIT 1), -1)
                    ORDER BY b.created LIMIT 1) AS unchanged_since,
                (SELECT r.time FROM archive_runs r WHERE r.device = x.id ORDER BY r.object_name DESC LIMIT 1) AS last_archive
            FROM x ORDER BY x.id
            """);
    }

    public static CatalogDevice ReadDevice(SqliteDataReader row)
    {
        var lastBackup = row.IsDBNull(14) ? null : (DateTimeOffset?)Time(row.GetInt64(14));
        var attempts = row.IsDBNull(18) ? null : new KnownAttempts(NumberedRecords.ToNumber(row.GetString(18)), AttemptState.FromJson(row.GetFieldValue<byte[]>(19)));
        return ReadDevice(row, lastBackup, attempts);
    }

    /// <summary>Where there are no attempts, an older version has told in the events of what was refused.</summary>
    private static DateTimeOffset? PostponedSince(DateTimeOffset? lastBackup, KnownAttempts? attempts, DateTimeOffset? refused) =>
        attempts is null ? refused
        : attempts.State.PostponedSince is { } since && !(since <= lastBackup) ? since
        : null;

    private static CatalogDevice ReadDevice(SqliteDataReader row, DateTimeOffset? lastBackup, KnownAttempts? attempts) => new()
    {
        Id = row.GetString(0),
        Name = Text(row, 1),
        Type = row.GetString(2),
        Address = row.GetString(3),
        Version = Text(row, 4),
        Tags = JsonSerializer.Deserialize(row.GetString(5), RecordsJson.Default.IReadOnlyListString) ?? [],
        Site = Text(row, 6),
        Parent = Text(row, 7),
        ReplacedBy = Text(row, 8),
        ReplacedAt = row.IsDBNull(9) ? null : Time(row.GetInt64(9)),
        ReplacedReason = Text(row, 10),
        ReplacedAuthor = Text(row, 11),
        LastBackup = lastBackup,
        PostponedSince = PostponedSince(lastBackup, attempts, row.IsDBNull(17) ? null : Time(row.GetInt64(17))),
        Attempts = attempts,
        Owner = Text(row, 12),
        Registration = Text(row, 13) is { } json ? JsonSerializer.Deserialize(json, RecordsJson.Default.DeviceRegistration) : null,
        LastGoodBackup = row.IsDBNull(15) ? null : Time(row.GetInt64(15)),
        ConfigurationUnchangedSince = row.IsDBNull(20) ? null : Time(row.GetInt64(20)),
        LastArchive = row.IsDBNull(21) ? null : Time(row.GetInt64(21)),
    };

    public static SqliteCommand Newest(SqliteConnection connection)
    {
        var command = connection.CreateCommand();
        command.CommandText = """
            SELECT d.id, b.length, b.item_count FROM devices d
            JOIN backups b ON b.rowid = (SELECT n.rowid FROM backups n WHERE n.device = d.id ORDER BY n.created DESC, n.id LIMIT 1);
            """;
        return command;
    }

    public static NewestBackup ReadNewest(SqliteDataReader row) => new(row.GetString(0), row.GetInt64(1), row.GetInt32(2));

    public static SqliteCommand Events(SqliteConnection connection, EventQuery query)
    {
        var filter = new SqlFilter(connection);
        filter.Matching("e.device", query.Devices);
        filter.In("e.category", query.Categories?.Select(category => (object)(int)category).ToList());
        filter.In("e.action", query.Actions?.Select(action => (object)action).ToList());
        filter.AtLeast("e.time", query.After);
        filter.Below("e.time", query.Before);
        return filter.Command("SELECT e.json FROM events e" + filter.Where + " ORDER BY e.time, e.object_name");
    }

    public static EdgeEvent ReadEvent(SqliteDataReader row) =>
        JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(0), RecordsJson.Default.EdgeEvent)
        ?? throw new JsonException("An event in the catalog is null.");

    public static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Conditions and their parameters.</summary>
    private sealed class SqlFilter
    {
        /// <summary>Longer lists go as one parameter: SQLite takes some thousands of them at most.</summary>
        private const int ParameterLimit = 500;

        private readonly SqliteConnection connection;
        private readonly List<string> conditions = [];
        private readonly List<(string Name, object Value)> parameters = [];

        private int functions;

        public SqlFilter(SqliteConnection connection) => this.connection = connection;

        public string Where => conditions.Count == 0 ? "" : " WHERE " + string.Join(" AND ", conditions);

        public void Raw(string condition) => conditions.Add(condition);

        public void In(string column, IReadOnlyCollection<object>? values)
        {
            if (values is { Count: > 0 })
            {
                conditions.Add($"{column} IN ({string.Join(", ", values.Select(Parameter))})");
            }
        }

        public void In(string column, IReadOnlyCollection<string>? values)
        {
            // An empty list of devices is a filter that nothing passes; no list is no filter.
            if (values is not null)
            {
                conditions.Add(IsIn(column, values));
            }
        }

        public void AtLeast(string column, DateTimeOffset? time)
        {
            if (time is { } value)
            {
                conditions.Add($"{column} >= {Parameter(value.UtcTicks)}");
            }
        }

        public void Below(string column, DateTimeOffset? time)
        {
            if (time is { } value)
            {
                conditions.Add($"{column} < {Parameter(value.UtcTicks)}");
            }
        }

        /// <summary>Literals are looked up; wildcards are matched row by row.</summary>
        public void Matching(string column, IReadOnlyCollection<string>? patterns)
        {
            if (patterns is { Count: > 0 })
            {
                conditions.Add(Condition(column, patterns));
            }
        }

        /// <summary>One of several columns matches.</summary>
        public void MatchingAny(IReadOnlyList<string> columns, IReadOnlyCollection<string>? patterns)
        {
            if (patterns is { Count: > 0 })
            {
                conditions.Add($"({string.Join(" OR ", columns.Select(column => Condition(column, patterns)))})");
            }
        }

        public void AnyMatching(string subquery, IReadOnlyCollection<string> patterns) =>
            conditions.Add($"EXISTS (SELECT 1 FROM ({subquery}) v WHERE {Condition("v.value", patterns)})");

        public SqliteCommand Command(string text)
        {
            var command = connection.CreateCommand();
            command.CommandText = text;
            foreach (var (name, value) in parameters)
            {
                command.Parameters.AddWithValue(name, value);
            }

            return command;
        }

        /// <summary>However many patterns there are, two terms at most: SQLite's expressions may be a thousand deep.</summary>
        private string Condition(string column, IReadOnlyCollection<string> patterns)
        {
            var terms = new List<string>();
            var literals = patterns.Where(pattern => !WildcardPattern.HasWildcard(pattern)).Select(WildcardPattern.Unescape).ToList();
            if (literals.Count > 0)
            {
                // Backup ids are lower-case digits and have an index; everything else people may write in any case.
                terms.Add(column is "b.id" or "b.group_id"
                    ? IsIn(column, literals.ConvertAll(literal => literal.ToLowerInvariant()))
                    : IsIn($"{column} COLLATE {CatalogFile.AnyCase}", literals));
            }

            var matchers = patterns.Where(WildcardPattern.HasWildcard).Select(pattern => new WildcardPattern(pattern)).ToList();
            if (matchers.Count > 0)
            {
                var function = "edge_match_" + (functions++).ToString(CultureInfo.InvariantCulture);
                connection.CreateFunction(function, (string? value) => value is not null && matchers.Exists(matcher => matcher.IsMatch(value)), isDeterministic: true);
                terms.Add($"{function}({column})");
            }

            return $"({string.Join(" OR ", terms)})";
        }

        private string IsIn(string column, IReadOnlyCollection<string> values) => values.Count switch
        {
            0 => "0",
            <= ParameterLimit => $"{column} IN ({string.Join(", ", values.Select(Parameter))})",
            _ => $"{column} IN (SELECT value FROM json_each({Parameter(JsonSerializer.Serialize(values.ToList(), RecordsJson.Default.IReadOnlyListString))}))",
        };

        private string Parameter(object value)
        {
            var name = "$p" + parameters.Count.ToString(CultureInfo.InvariantCulture);
            parameters.Add((name, value));
            return name;
        }
    }
}
