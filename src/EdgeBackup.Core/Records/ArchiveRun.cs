using System.Text.Json;

namespace EdgeBackup.Core.Records;

/// <summary>A run that wrote an archive of a device; with this record it has happened. Sealed in the repository; docs/format.md, "Archives".</summary>
public sealed record ArchiveRun
{
    public required string Device { get; init; }

    /// <summary>The run's id.</summary>
    public required string Id { get; init; }

    /// <summary>From 1, one more with each run of the device.</summary>
    public required long Number { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Who: user@machine.</summary>
    public required string Author { get; init; }

    /// <summary>The folder in which the archive's folder stands, as that machine names it.</summary>
    public required string Parent { get; init; }

    /// <summary>The archive's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>SHA-256 of its manifest, lower-case hex.</summary>
    public required string Manifest { get; init; }

    /// <summary>It wrote an extract, and moved no cursor: no proof that archives go on.</summary>
    public bool Extract { get; init; }

    /// <summary>Where the next run begins among the events; null: at the oldest.</summary>
    public string? EventCursor { get; init; }

    /// <summary>By what an event log that was begun anew is told from the one that was read; null where its source cannot say.</summary>
    public ArchiveEventMarks? EventMarks { get; init; }

    /// <summary>Where the next run begins in each trend log, by its id; where it is none, at the oldest.</summary>
    public IReadOnlyDictionary<string, string> TrendCursors { get; init; } = new Dictionary<string, string>();

    /// <summary>The device's number of the last record that was read of each trend log, by its id: one at or below it means a log that began anew.</summary>
    public IReadOnlyDictionary<string, long> TrendSequences { get; init; } = new Dictionary<string, long>();

    /// <summary>How many records each trend log held, by its id, as far as the device told.</summary>
    public IReadOnlyDictionary<string, long> TrendCounts { get; init; } = new Dictionary<string, long>();

    /// <summary>Whether there is a cursor among the events, and the device had no event log.</summary>
    public bool EventsAbsent { get; init; }

    /// <summary>Trend logs with a cursor that the device did not list.</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];

    /// <summary>No archive of a lower number is left to be removed by age.</summary>
    public long OldestKept { get; init; } = 1;

    /// <summary>The numbers of the runs whose archives were removed with this one, or could not be with an earlier one.</summary>
    public IReadOnlyList<long> Expired { get; init; } = [];

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, RecordsJson.Default.ArchiveRun);

    internal static ArchiveRun FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, RecordsJson.Default.ArchiveRun) ?? throw new JsonException("The run is null.");
}

/// <summary>Two events of a log as a run saw it.</summary>
/// <param name="Oldest">SHA-256 of the oldest that the device had, hex.</param>
/// <param name="OldestTime">Its time, UTC.</param>
/// <param name="Last">SHA-256 of the last that was read, hex.</param>
/// <param name="LastTime">Its time, UTC.</param>
public sealed record ArchiveEventMarks(string Oldest, DateTimeOffset OldestTime, string Last, DateTimeOffset LastTime);

/// <summary>The key that signs a repository's archives. Sealed in the repository; docs/format.md, "Archives".</summary>
public sealed record ArchiveKey
{
    /// <summary>PKCS #8. Secret.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>SubjectPublicKeyInfo as PEM.</summary>
    public required string PublicKey { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Who made it: user@machine.</summary>
    public required string Author { get; init; }
}
