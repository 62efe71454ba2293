using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Records;

/// <summary>What an event is about.</summary>
public enum EdgeEventCategory
{
    /// <summary>A capture that was refused or failed, or that removed something by retention.</summary>
    Backup,

    Restore,

    Switch,

    /// <summary>Registrations, changes, fences.</summary>
    Device,

    /// <summary>Protections, expiries, policies.</summary>
    Retention,

    Repository,

    /// <summary>Archives that were written, and those that were removed.</summary>
    Archive,
}

/// <summary>Something that happened and that somebody may ask about later; sealed and append-only.</summary>
public sealed record EdgeEvent
{
    /// <summary>UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    public required EdgeEventCategory Category { get; init; }

    /// <summary>One word or two that scripts can match on: Refused, Failed, Restored, Switched, Expired.</summary>
    public required string Action { get; init; }

    public string? Device { get; init; }

    public string? Backup { get; init; }

    /// <summary>The error id of a refusal or a failure.</summary>
    public string? ErrorId { get; init; }

    /// <summary>For a refused or failed backup: of which kind it would have been. A refused automatic one is postponed (R4).</summary>
    public Items.BackupKind? Kind { get; init; }

    public required string Message { get; init; }

    /// <summary>user@machine.</summary>
    public required string Author { get; init; }

    /// <summary>See <see cref="Deed.Domain"/>.</summary>
    public string? Domain { get; init; }

    /// <summary>See <see cref="Deed.OnBehalfOf"/>.</summary>
    public string? OnBehalfOf { get; init; }

    /// <summary>See <see cref="Deed.Client"/>.</summary>
    public string? Client { get; init; }

    /// <summary>See <see cref="Deed.Process"/>.</summary>
    public string? Process { get; init; }

    /// <summary>See <see cref="Deed.Command"/>.</summary>
    public string? Command { get; init; }

    /// <summary>See <see cref="Deed.Reason"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>What a check of the repository found; null of other events.</summary>
    public VerificationNote? Verification { get; init; }

    internal static EdgeEvent FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, RecordsJson.Default.EdgeEvent) ?? throw new JsonException("The event is null.");
}

/// <summary>What a check of the repository found.</summary>
/// <param name="ReadData">Whether every byte was read, or only the structure looked at.</param>
/// <param name="Damage">Rows of damage; 0 for none.</param>
public sealed record VerificationNote(bool ReadData, int Damage);

/// <summary>The events in a repository.</summary>
public sealed class EventLog
{
    private readonly EdgeRepository repository;
    private readonly string author;

    public EventLog(EdgeRepository repository, string author)
    {
        this.repository = repository;
        this.author = author;
    }

    /// <summary>Appends an event; durable when it returns.</summary>
    public async Task<EdgeEvent> AppendAsync(
        EdgeEventCategory category,
        string action,
        string message,
        string? device,
        CancellationToken cancellationToken,
        string? backup = null,
        string? errorId = null,
        Items.BackupKind? kind = null,
        Deed? deed = null,
        VerificationNote? verification = null)
    {
        var edgeEvent = new EdgeEvent
        {
            Time = repository.Environment.Clock.GetUtcNow(),
            Category = category,
            Action = action,
            Device = device,
            Backup = backup,
            ErrorId = errorId,
            Kind = kind,
            Message = message,
            Author = author,
            Domain = deed?.Domain,
            OnBehalfOf = deed?.OnBehalfOf,
            Client = deed?.Client,
            Process = deed?.Process,
            Command = deed?.Command,
            Reason = string.IsNullOrWhiteSpace(deed?.Reason) ? null : deed.Reason,
            Verification = verification,
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(edgeEvent, RecordsJson.Default.EdgeEvent);
        await repository.AppendAsync(RecordArea.Events, subject: "", json, cancellationToken).ConfigureAwait(false);
        return edgeEvent;
    }

    /// <summary>Reads one event.</summary>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: it cannot be read.</exception>
    public async Task<EdgeEvent> ReadAsync(string objectName, CancellationToken cancellationToken)
    {
        var json = await repository.ReadAsync(objectName, cancellationToken).ConfigureAwait(false);
        try
        {
            return EdgeEvent.FromJson(json);
        }
        catch (JsonException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryDamaged,
                $"The event '{objectName}' was sealed with this repository's key but cannot be read: {exception.Message}",
                objectName,
                exception);
        }
    }
}
