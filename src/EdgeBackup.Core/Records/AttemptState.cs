using System.Text.Json;

namespace EdgeBackup.Core.Records;

/// <summary>How an attempt at an automatic backup ended.</summary>
public enum AttemptResult
{
    /// <summary>With a backup.</summary>
    Completed,

    /// <summary>The device was busy, or might have been (R2): it is waited for (R4).</summary>
    Postponed,

    Failed,
}

/// <summary>
/// What is known of the attempts at a device's automatic backups; docs/format.md, "Attempts". It says how the schedule goes
/// on. How old the newest backup is, the backups themselves say (R5).
/// </summary>
public sealed record AttemptState
{
    public required string Device { get; init; }

    /// <summary>When the newest attempt began, UTC.</summary>
    public DateTimeOffset? LastAttempt { get; init; }

    /// <summary>When the newest attempt that succeeded ended, UTC.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Of the newest attempt.</summary>
    public AttemptResult? Result { get; init; }

    /// <summary>The error id of the newest attempt; null when it succeeded.</summary>
    public string? ErrorId { get; init; }

    /// <summary>Why the newest attempt made no backup; null when it did.</summary>
    public string? Reason { get; init; }

    /// <summary>The backup that the newest successful attempt made.</summary>
    public string? Backup { get; init; }

    /// <summary>How long the newest attempt took.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Bytes in the backup that the newest successful attempt made.</summary>
    public long? Bytes { get; init; }

    /// <summary>Failures since the device was last reached.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>Since when a due backup has been waiting for an idle moment (R4), UTC; null when none waits.</summary>
    public DateTimeOffset? PostponedSince { get; init; }

    /// <summary>Before this moment, UTC, a run of the schedule leaves the device alone; null when it does not wait after a failure.</summary>
    public DateTimeOffset? NextTry { get; init; }

    /// <summary>When a backup of the device was last read back and found whole, UTC.</summary>
    public DateTimeOffset? LastVerified { get; init; }

    /// <summary>Who is at it now; null for nobody. It holds only while the lease that it names does.</summary>
    public AttemptClaim? Claim { get; init; }

    /// <summary>Who wrote this: user@machine.</summary>
    public string? Author { get; init; }

    /// <summary>When the first attempt failed of those since the last that succeeded, UTC; a busy device neither begins nor ends this.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>The <see cref="FailingSince"/> of which somebody was told; until it was told that it is over.</summary>
    public DateTimeOffset? FailureTold { get; init; }

    /// <summary>Since when the device was without a good backup when somebody was told that it is overdue; until it was told that it is over.</summary>
    public DateTimeOffset? OverdueTold { get; init; }

    /// <summary>How the runs of archives of the device fail; null where none does, and nobody was told that one did.</summary>
    public ArchiveAttempts? Archive { get; init; }

    /// <summary>
    /// Ids of the writes that this adds up, the newest first, as many as <see cref="AttemptBook"/> keeps: whoever was told
    /// that somebody else was first finds out by them whether others have only gone on from what it wrote.
    /// </summary>
    public IReadOnlyList<string>? Writes { get; init; }

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, RecordsJson.Default.AttemptState);

    internal static AttemptState FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, RecordsJson.Default.AttemptState) ?? throw new JsonException("The attempts are null.");
}

/// <summary>A run of the schedule has a device in hand, so that no other takes it at the same time.</summary>
/// <param name="Lease">The lease of the run, an object in <c>leases/</c>.</param>
/// <param name="Author">Whose run: user@machine.</param>
/// <param name="Since">UTC; for people.</param>
public sealed record AttemptClaim(string Lease, string Author, DateTimeOffset Since);

/// <summary>How a device's runs of archives fail, or leave a log unread, extracts aside. When the newest succeeded, the runs themselves say (<see cref="ArchiveRun"/>).</summary>
public sealed record ArchiveAttempts
{
    /// <summary>When the first run failed, or left a log unread, of those in a row, UTC; null when none does, and nothing waits to be read.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many these are.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>The error id of the newest run that failed; null where archives are written, and a log is left unread each time.</summary>
    public string? ErrorId { get; init; }

    /// <summary>Whether somebody is to be told who was not: a log that could not be read once is read by the next run.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsNews => FailingSince is not null && (FailureTold == FailingSince ? ErrorId is not null && UnreadTold == true : ErrorId is not null || ConsecutiveFailures > 1);

    /// <summary>Why the newest run that failed did, or what is left unread.</summary>
    public string? Reason { get; init; }

    /// <summary>Which events wait to be read, and why; null for none. A run that wants events and reads them all ends it.</summary>
    public string? UnreadEvents { get; init; }

    /// <summary>As <see cref="UnreadEvents"/>, of trend logs.</summary>
    public string? UnreadTrends { get; init; }

    /// <summary>The <see cref="FailingSince"/> of which somebody was told; until it was told that it is over.</summary>
    public DateTimeOffset? FailureTold { get; init; }

    /// <summary>True where only that a log is left unread was told: that no archive is written is news then.</summary>
    public bool? UnreadTold { get; init; }
}
