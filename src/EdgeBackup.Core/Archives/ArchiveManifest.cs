using System.Text.Json.Serialization;

namespace EdgeBackup.Core.Archives;

/// <summary>What an archive can hold.</summary>
public enum ArchiveContent
{
    Event,
    Trend,
}

/// <summary>How its records are written.</summary>
public enum ArchiveFormat
{
    Csv,
    Xml,
}

/// <summary>What kind of run made an archive.</summary>
public enum ArchiveKind
{
    /// <summary>Everything since the run before.</summary>
    Run,

    /// <summary>A choice by time or category of what the device still had; the next run begins where it would have begun without.</summary>
    Extract,
}

/// <summary>
/// What an archive says of itself (docs/archive.md): <c>manifest.json</c>, signed by <c>manifest.sig</c>. All times are UTC.
/// </summary>
public sealed record ArchiveManifest
{
    /// <summary>The version of the format that this product writes, and the only one it reads.</summary>
    public const int CurrentFormat = 1;

    public required int Format { get; init; }

    /// <summary>The id of the repository whose key signed.</summary>
    public required string Repository { get; init; }

    public required string Device { get; init; }

    /// <summary>Null where it has none.</summary>
    public string? DeviceName { get; init; }

    /// <summary>The run's id.</summary>
    public required string Run { get; init; }

    /// <summary>The how-manieth of the device in that repository it is, from 1.</summary>
    public required long Number { get; init; }

    public required ArchiveKind Kind { get; init; }

    /// <summary>What was chosen; null of a run.</summary>
    public ArchiveSelection? Selection { get; init; }

    public required ArchiveFormat FileFormat { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>user@machine.</summary>
    public required string Author { get; init; }

    /// <summary>The earliest time on a record; null where there is none.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The latest time on a record; null where there is none.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The device's archive before this one; null of the first.</summary>
    public ArchiveLink? Previous { get; init; }

    public required IReadOnlyList<ArchiveFile> Files { get; init; }

    /// <summary>What the device no longer had.</summary>
    public required IReadOnlyList<ArchiveGap> Gaps { get; init; }

    /// <summary>The archives of the device that were removed with this run, because they were old enough.</summary>
    public IReadOnlyList<ArchiveLink> Expired { get; init; } = [];

    /// <summary>The key that the signature is checked with: SubjectPublicKeyInfo as PEM.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Records in all files.</summary>
    [JsonIgnore]
    public long Records => Files.Sum(file => file.Records);
}

/// <summary>What an extract was asked for.</summary>
/// <param name="From">Records of this time or later; null for all.</param>
/// <param name="To">Records before this time; null for all.</param>
/// <param name="Categories">Only events of these, wildcards allowed; empty for all.</param>
public sealed record ArchiveSelection(DateTimeOffset? From, DateTimeOffset? To, IReadOnlyList<string> Categories)
{
    /// <summary>Whether it leaves anything out.</summary>
    [JsonIgnore]
    public bool IsEverything => From is null && To is null && Categories.Count == 0;
}

/// <summary>Another archive of the same device.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Folder">The name that its folder was given.</param>
/// <param name="Manifest">SHA-256 of its manifest.json, lower-case hex.</param>
public sealed record ArchiveLink(long Number, string Folder, string Manifest);

/// <summary>A file of an archive.</summary>
public sealed record ArchiveFile
{
    /// <summary>Below the archive's folder, with '/'.</summary>
    public required string Path { get; init; }

    public required ArchiveContent Content { get; init; }

    /// <summary>The trend log's id; null of events.</summary>
    public string? Trend { get; init; }

    /// <summary>The trend log's name; null of events.</summary>
    public string? Name { get; init; }

    /// <summary>The trend log's unit; null where it has none.</summary>
    public string? Unit { get; init; }

    public required long Records { get; init; }

    /// <summary>Records that were read and not chosen; always 0 of a run.</summary>
    public long LeftOut { get; init; }

    /// <summary>The earliest time on a record; null where there is none.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The latest time on a record; null where there is none.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Of all bytes, lower-case hex.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>A place where records are missing.</summary>
public sealed record ArchiveGap
{
    public required ArchiveContent Content { get; init; }

    /// <summary>The trend log's id; null of events.</summary>
    public string? Trend { get; init; }

    /// <summary>How many are missing; null where that cannot be known.</summary>
    public long? Lost { get; init; }

    /// <summary>True: nothing is lost yet; these records could not be read, and the next run tries again. Null otherwise.</summary>
    public bool? Pending { get; init; }

    /// <summary>What happened.</summary>
    public required string Reason { get; init; }

    /// <summary>The time on the last record of this archive before the gap; null where there is none.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>The time on the first record behind it; null where there is none.</summary>
    public DateTimeOffset? Before { get; init; }
}
