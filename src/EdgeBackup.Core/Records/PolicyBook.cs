using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Records;

/// <summary>Whom a policy is for; a later one in this list is more specific and wins.</summary>
public enum PolicyScope
{
    All,
    Type,
    Site,
    Tag,
    Device,
}

/// <summary>What one policy says; null where it leaves the value to a less specific one.</summary>
public sealed record PolicyValues
{
    /// <summary>How old the newest backup may be before an automatic one is due (R4).</summary>
    public TimeSpan? Interval { get; init; }

    public BackupContent? Content { get; init; }

    /// <summary>Calendar months that automatic and safety backups are kept (R9).</summary>
    public int? RetentionMonths { get; init; }

    /// <summary>Manual backups a device may have (R9).</summary>
    public int? ManualLimit { get; init; }

    /// <summary>The number of newest backups that age never removes.</summary>
    public int? KeepLast { get; init; }

    /// <summary>How long after it is due a backup counts as overdue.</summary>
    public TimeSpan? OverdueAfter { get; init; }

    /// <summary>What a run of the schedule makes of a postponement that is overdue.</summary>
    public OverdueAction? OverdueAction { get; init; }

    /// <summary>When automatic backups may be taken by schedule (R11), as <see cref="Schedule.BackupWindow"/> writes it.</summary>
    public string? Window { get; init; }

    /// <summary>The IANA id of the zone in which the window's hours are local.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Above 1: so much larger or smaller than in the last good backup makes an item, or a backup, suspect.</summary>
    public double? SizeFactor { get; init; }

    /// <summary>Calendar years that archives are kept; 0 for ever.</summary>
    public int? ArchiveRetentionYears { get; init; }

    /// <summary>Whether nothing of the device expires, neither archives nor backups; true in any policy of a device holds, whatever a more specific one says.</summary>
    public bool? LegalHold { get; init; }

    /// <summary>What it says, for people.</summary>
    public string Describe()
    {
        (string Name, string? Value)[] values =
        [
            ("interval", Interval?.ToString("c")),
            ("content", Content?.ToString()),
            ("retention in months", RetentionMonths?.ToString(CultureInfo.InvariantCulture)),
            ("manual backups", ManualLimit?.ToString(CultureInfo.InvariantCulture)),
            ("newest kept", KeepLast?.ToString(CultureInfo.InvariantCulture)),
            ("overdue after", OverdueAfter?.ToString("c")),
            ("overdue means", OverdueAction?.ToString()),
            ("window", Window),
            ("time zone", TimeZone),
            ("size factor", SizeFactor?.ToString(CultureInfo.InvariantCulture)),
            ("archives kept in years", ArchiveRetentionYears is 0 ? "for ever" : ArchiveRetentionYears?.ToString(CultureInfo.InvariantCulture)),
            ("legal hold", LegalHold is { } hold ? hold ? "on" : "off" : null),
        ];
        return string.Join(", ", values.Where(value => value.Value is not null).Select(value => $"{value.Name} {value.Value}")) is { Length: > 0 } text ? text : "nothing";
    }
}

/// <summary>What a run of the schedule makes of a device that has been busy for longer than its policy tolerates. It is never backed up while it is busy (R2).</summary>
public enum OverdueAction
{
    /// <summary>A warning; the result stays a postponement.</summary>
    Warn,

    /// <summary>A failure, so that the run's exit code makes somebody look.</summary>
    Fail,
}

/// <summary>A policy as it was set.</summary>
public sealed record PolicyEntry
{
    public required PolicyScope Scope { get; init; }

    /// <summary>The type, site, tag or device id; null for all.</summary>
    public string? Key { get; init; }

    public required PolicyValues Values { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string Author { get; init; }
}

/// <summary>The policy that holds for a device, every value known.</summary>
public sealed record EffectivePolicy
{
    public required TimeSpan Interval { get; init; }

    public required BackupContent Content { get; init; }

    public required int RetentionMonths { get; init; }

    public required int ManualLimit { get; init; }

    public required int KeepLast { get; init; }

    public required TimeSpan OverdueAfter { get; init; }

    public required OverdueAction OverdueAction { get; init; }

    /// <summary>As <see cref="Schedule.BackupWindow"/> writes it.</summary>
    public required string Window { get; init; }

    /// <summary>An IANA id; null for the zone of the machine that runs the schedule.</summary>
    public required string? TimeZone { get; init; }

    /// <summary>Above 1: so much larger or smaller than in the last good backup makes an item, or a backup, suspect.</summary>
    public required double SizeFactor { get; init; }

    /// <summary>Calendar years that archives are kept; null for ever.</summary>
    public required int? ArchiveRetentionYears { get; init; }

    /// <summary>Whether nothing of the device expires.</summary>
    public required bool LegalHold { get; init; }

    /// <summary>Where each value came from: the property's name, and "built-in", "the device type", "all", "type x", "site x", "tag x" or "device x".</summary>
    public required IReadOnlyDictionary<string, string> Sources { get; init; }
}

/// <summary>All policies of a repository at one moment; the most specific value wins.</summary>
public sealed class PolicyBook
{
    internal const string Subject = "policies";

    /// <summary>The source of a value that the device's type sets.</summary>
    internal const string TypeSource = "the device type";

    private readonly Dictionary<(PolicyScope Scope, string Key), PolicyValues> values = new();
    private readonly List<EdgeBackupException> unreadable = [];

    /// <summary>What device types say for their devices where no policy does, by the type's id.</summary>
    private readonly Dictionary<string, PolicyValues> typeDefaults = new(StringComparer.Ordinal);

    /// <summary>
    /// The policies that are left out because their records are damaged or missing. While there are any, a value may be missing that
    /// keeps backups longer, so nothing may expire by this book.
    /// </summary>
    public IReadOnlyList<EdgeBackupException> Unreadable => unreadable;

    /// <summary>Reads the policies and tells nobody of those that are left out; they are in <see cref="Unreadable"/>.</summary>
    public static Task<PolicyBook> LoadAsync(EdgeRepository repository, CancellationToken cancellationToken) =>
        LoadAsync(repository, warn: null, cancellationToken);

    /// <summary>Reads the policies. One whose record is damaged, or was removed, is left out: it must not keep any device from its backups.</summary>
    /// <param name="repository">Where they are.</param>
    /// <param name="warn">Takes one sentence or two for each that is left out; null where the user was told already.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<PolicyBook> LoadAsync(EdgeRepository repository, Action<string>? warn, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var name in repository.ListAsync(RecordArea.Policies, subject: null, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        names.AddRange(await repository.FindUnlistedAsync(RecordArea.Policies, Subject, names, cancellationToken).ConfigureAwait(false));
        names.Sort(StringComparer.Ordinal);
        var book = new PolicyBook();
        foreach (var name in names)
        {
            try
            {
                var json = await repository.ReadAsync(name, cancellationToken).ConfigureAwait(false);
                book.Apply(JsonSerializer.Deserialize(json, RecordsJson.Default.PolicyEntry) ?? throw new JsonException("The policy is null."));
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryDamaged)
            {
                book.unreadable.Add(exception);
            }
            catch (JsonException exception)
            {
                book.unreadable.Add(new EdgeBackupException(
                    ErrorIds.RepositoryDamaged,
                    $"The policy record '{name}' was sealed with this repository's key but is not a policy: {exception.Message} A newer version of EdgeBackup may have written it.",
                    name,
                    exception));
            }
        }

        await book.ReadTypesAsync(repository, cancellationToken).ConfigureAwait(false);
        foreach (var problem in book.unreadable)
        {
            warn?.Invoke($"A policy is left out, and until it can be read again nothing expires. {problem.Message}");
        }

        return book;
    }

    /// <summary>Appends a policy; the values that are not null replace those that were set for the same scope and key.</summary>
    public static async Task SetAsync(EdgeRepository repository, PolicyEntry entry, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(entry, RecordsJson.Default.PolicyEntry);
        await repository.AppendAsync(RecordArea.Policies, Subject, json, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The policies as they were set, least specific first.</summary>
    public IEnumerable<(PolicyScope Scope, string? Key, PolicyValues Values)> Entries =>
        values.OrderBy(pair => pair.Key.Scope).ThenBy(pair => pair.Key.Key, StringComparer.OrdinalIgnoreCase)
            .Select(pair => (pair.Key.Scope, pair.Key.Scope == PolicyScope.All ? null : pair.Key.Key, pair.Value));

    /// <summary>Whether any policy goes by what only a device's registration tells: its site and its tags.</summary>
    public bool NeedsRegistration => values.Keys.Any(key => key.Scope is PolicyScope.Site or PolicyScope.Tag);

    /// <summary>The policy for a device.</summary>
    /// <param name="device">Its id.</param>
    /// <param name="type">Its type; null where that is not known.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="site">Its site; null where it has none.</param>
    public EffectivePolicy For(string device, string? type, IReadOnlyList<string> tags, string? site)
    {
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        var layers = new List<(string Source, PolicyValues Values)>();
        if (type is not null && typeDefaults.TryGetValue(type, out var defaults))
        {
            layers.Add((TypeSource, defaults));
        }

        AddLayer(PolicyScope.All, "", "all");
        if (type is not null)
        {
            AddLayer(PolicyScope.Type, type, $"type {type}");
        }

        if (site is not null)
        {
            AddLayer(PolicyScope.Site, site, $"site {site}");
        }

        // Two tags with different values: the alphabetically last wins, so that every machine sees the same policy.
        foreach (var tag in tags.Order(StringComparer.OrdinalIgnoreCase))
        {
            AddLayer(PolicyScope.Tag, tag, $"tag {tag}");
        }

        AddLayer(PolicyScope.Device, device, $"device {device}");

        return new EffectivePolicy
        {
            Interval = Pick(nameof(PolicyValues.Interval), policy => policy.Interval, TimeSpan.FromHours(24)),
            Content = Pick(nameof(PolicyValues.Content), policy => policy.Content, BackupContent.Configuration),
            RetentionMonths = Pick(nameof(PolicyValues.RetentionMonths), policy => policy.RetentionMonths, 6),
            ManualLimit = Pick(nameof(PolicyValues.ManualLimit), policy => policy.ManualLimit, 10),
            KeepLast = Pick(nameof(PolicyValues.KeepLast), policy => policy.KeepLast, 0),
            OverdueAfter = Pick(nameof(PolicyValues.OverdueAfter), policy => policy.OverdueAfter, TimeSpan.FromHours(24)),
            OverdueAction = Pick(nameof(PolicyValues.OverdueAction), policy => policy.OverdueAction, OverdueAction.Warn),
            Window = PickText(nameof(PolicyValues.Window), policy => policy.Window) ?? BackupWindow.Always.ToString(),
            TimeZone = PickText(nameof(PolicyValues.TimeZone), policy => policy.TimeZone),
            SizeFactor = Pick(nameof(PolicyValues.SizeFactor), policy => policy.SizeFactor, 10),
            ArchiveRetentionYears = Pick(nameof(PolicyValues.ArchiveRetentionYears), policy => policy.ArchiveRetentionYears, 0) is > 0 and var years ? years : null,
            LegalHold = Pick(nameof(PolicyValues.LegalHold), policy => policy.LegalHold, false) || FindHold(),
            Sources = sources,
        };

        void AddLayer(PolicyScope scope, string key, string source)
        {
            if (values.TryGetValue((scope, Normalize(scope, key)), out var found))
            {
                layers.Add((source, found));
            }
        }

        T Pick<T>(string name, Func<PolicyValues, T?> read, T builtIn)
            where T : struct => (T?)Find(name, policy => read(policy)) ?? builtIn;

        string? PickText(string name, Func<PolicyValues, string?> read) => (string?)Find(name, read);

        // Whoever puts a hold on a site must not ask whether some device was let go once, for another case.
        bool FindHold()
        {
            var held = layers.FindLast(layer => layer.Values.LegalHold == true);
            if (held.Values is not null)
            {
                sources[nameof(PolicyValues.LegalHold)] = held.Source;
            }

            return held.Values is not null;
        }

        object? Find(string name, Func<PolicyValues, object?> read)
        {
            for (var index = layers.Count - 1; index >= 0; index--)
            {
                if (read(layers[index].Values) is { } value)
                {
                    sources[name] = layers[index].Source;
                    return value;
                }
            }

            sources[name] = "built-in";
            return null;
        }
    }

    private static PolicyValues ToValues(PolicyDefaults defaults) => new()
    {
        Interval = defaults.Interval,
        Content = defaults.Content,
        RetentionMonths = defaults.RetentionMonths,
        ManualLimit = defaults.ManualLimit,
        KeepLast = defaults.KeepLast,
        OverdueAfter = defaults.OverdueAfter,
        Window = defaults.Window is null ? null : BackupWindow.Parse(defaults.Window).ToString(),
        TimeZone = defaults.TimeZone is null ? null : TimeZones.Find(defaults.TimeZone)?.Id,
        SizeFactor = defaults.SizeFactor,
    };

    /// <summary>Only shipped types and those of the repository: every machine must see the same policy.</summary>
    private async Task ReadTypesAsync(EdgeRepository repository, CancellationToken cancellationToken)
    {
        var (types, damaged) = await new DeviceTypeBook(repository, author: "").ReadAsync(cancellationToken).ConfigureAwait(false);
        foreach (var entry in DeviceTypeCatalog.With([], types).Entries.Where(entry => entry.Type.Policy != new PolicyDefaults()))
        {
            typeDefaults[entry.Type.Id] = ToValues(entry.Type.Policy);
        }

        unreadable.AddRange(damaged.Values);
    }

    /// <summary>Ids belong to hardware and are exact; types, sites and tags are typed by people.</summary>
    private static string Normalize(PolicyScope scope, string key) => scope == PolicyScope.Device ? key : key.ToLowerInvariant();

    private void Apply(PolicyEntry entry)
    {
        var key = (entry.Scope, Normalize(entry.Scope, entry.Key ?? ""));
        var old = values.GetValueOrDefault(key) ?? new PolicyValues();
        values[key] = new PolicyValues
        {
            Interval = entry.Values.Interval ?? old.Interval,
            Content = entry.Values.Content ?? old.Content,
            RetentionMonths = entry.Values.RetentionMonths ?? old.RetentionMonths,
            ManualLimit = entry.Values.ManualLimit ?? old.ManualLimit,
            KeepLast = entry.Values.KeepLast ?? old.KeepLast,
            OverdueAfter = entry.Values.OverdueAfter ?? old.OverdueAfter,
            OverdueAction = entry.Values.OverdueAction ?? old.OverdueAction,
            Window = entry.Values.Window ?? old.Window,
            TimeZone = entry.Values.TimeZone ?? old.TimeZone,
            SizeFactor = entry.Values.SizeFactor ?? old.SizeFactor,
            ArchiveRetentionYears = entry.Values.ArchiveRetentionYears ?? old.ArchiveRetentionYears,
            LegalHold = entry.Values.LegalHold ?? old.LegalHold,
        };
    }
}
