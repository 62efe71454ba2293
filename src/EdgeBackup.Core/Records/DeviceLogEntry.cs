using System.Text.Json;

namespace EdgeBackup.Core.Records;

/// <summary>What an entry of a device's log says.</summary>
public enum DeviceLogEntryKind
{
    /// <summary>The device is registered as <see cref="DeviceLogEntry.Registration"/> says, from here on.</summary>
    Registered,

    /// <summary>The device is no longer registered; its backups stay.</summary>
    Unregistered,

    /// <summary>The device was replaced (R8).</summary>
    Fenced,

    /// <summary>
    /// The device takes over from <see cref="DeviceLogEntry.Replaces"/>. Written before the other's fence, and true only
    /// while that fence names this device: so a device's own log leads to the history that it carries on.
    /// </summary>
    TookOver,

    /// <summary>Somebody lifted the fence on purpose.</summary>
    FenceLifted,

    /// <summary>A backup is protected (R9).</summary>
    Protected,

    Unprotected,

    /// <summary>A restore session was opened on the device.</summary>
    RestoreOpened,

    /// <summary>The session was committed or dropped; or without a session, what the device holds is known again (<see cref="DeviceLogEntry.End"/>).</summary>
    RestoreClosed,
}

/// <summary>What is known of a device after a restore that changed it piece by piece.</summary>
public enum RestoreEnd
{
    /// <summary>The device never took this session up: it holds what it held.</summary>
    Untouched,

    /// <summary>A restore was completed and read back.</summary>
    Verified,

    /// <summary>Somebody took what the device holds for good.</summary>
    Accepted,
}

/// <summary>One entry of a device's append-only log, which is the truth about it; docs/format.md, "Device log".</summary>
public sealed record DeviceLogEntry
{
    public required DeviceLogEntryKind Kind { get; init; }

    public required string Device { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Who: user@machine.</summary>
    public required string Author { get; init; }

    public DeviceRegistration? Registration { get; init; }

    public string? ReplacedBy { get; init; }

    public string? Replaces { get; init; }

    public string? Backup { get; init; }

    public string? Reason { get; init; }

    public string? Session { get; init; }

    /// <summary>The process that opened the session, so that one which still runs is told from one that was killed.</summary>
    public string? Owner { get; init; }

    /// <summary>True: the session changes the device piece by piece, so that until a restore is proven nobody knows what it holds.</summary>
    public bool? InPlace { get; init; }

    /// <summary>Null: no more is known than that the session is over.</summary>
    public RestoreEnd? End { get; init; }

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, RecordsJson.Default.DeviceLogEntry);

    internal static DeviceLogEntry FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, RecordsJson.Default.DeviceLogEntry)
        ?? throw new JsonException("A device log entry is null.");
}
