using System.Text.Json;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Records;

/// <summary>A device's attempts as they were read.</summary>
/// <param name="Number">0 when nothing is known.</param>
/// <param name="State">Empty when nothing is known.</param>
public sealed record KnownAttempts(long Number, AttemptState State);

/// <summary>What is known of the attempts at the devices of a repository: one small record a device, replaced with each attempt.</summary>
public sealed class AttemptBook
{
    private const int Tries = 16;

    /// <summary>Writes whose ids a record keeps: so many others may go on from one before its writer looks.</summary>
    private const int KeptWrites = 8;

    private readonly EdgeRepository repository;
    private readonly string author;

    /// <param name="repository">Where it is kept.</param>
    /// <param name="author">Who writes: user@machine.</param>
    public AttemptBook(EdgeRepository repository, string author)
    {
        this.repository = repository;
        this.author = author;
    }

    /// <summary>Reads what is known of a device; a record that is damaged is one that is not there, and the next takes its place.</summary>
    public async Task<KnownAttempts> ReadAsync(string device, CancellationToken cancellationToken)
    {
        var record = await repository.Numbered.ReadAsync(RecordArea.Attempts, device, cancellationToken).ConfigureAwait(false);
        return new KnownAttempts(record.Number, Read(record) ?? new AttemptState { Device = device });
    }

    /// <summary>
    /// Writes what is to be known from now on, unless somebody has written since it was read; durable when it returns.
    /// A store may say that the number was taken although the write landed (a share that was asked twice), and others may
    /// go on from it before its writer has looked: the ids of the writes tell those cases from a write that came second.
    /// </summary>
    /// <returns>What is known now, others' later changes with it; null when somebody else was first.</returns>
    public async Task<KnownAttempts?> TryWriteAsync(KnownAttempts seen, AttemptState next, CancellationToken cancellationToken)
    {
        var id = NewId();
        var state = next with { Author = author, Writes = [id, .. (seen.State.Writes ?? []).Take(KeptWrites - 1)] };
        if (await repository.Numbered.TryWriteAsync(RecordArea.Attempts, state.Device, seen.Number, state.ToJson(), cancellationToken).ConfigureAwait(false))
        {
            return new KnownAttempts(seen.Number + 1, state);
        }

        // Whatever it was, it is done: from here on nobody's Ctrl+C may make it look undone.
        var newest = await ReadAsync(state.Device, CancellationToken.None).ConfigureAwait(false);
        return newest.State.Writes?.Contains(id, StringComparer.Ordinal) == true ? newest : null;
    }

    /// <summary>Changes what is known, once, whatever others write meanwhile.</summary>
    /// <param name="seen">As it was read; null to read it first.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="change">Applied to what is there; again where somebody else was first.</param>
    /// <param name="cancellationToken">Stops before it is written.</param>
    /// <returns>What is known now.</returns>
    /// <exception cref="IOException">Others write without end.</exception>
    public async Task<KnownAttempts> ChangeAsync(KnownAttempts? seen, string device, Func<AttemptState, AttemptState> change, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            seen ??= await ReadAsync(device, cancellationToken).ConfigureAwait(false);
            if (await TryWriteAsync(seen, change(seen.State), cancellationToken).ConfigureAwait(false) is { } written)
            {
                return written;
            }

            seen = null;
        }

        throw new IOException($"What is known of the attempts at '{device}' could not be written: others write it all the time.");
    }

    private string NewId()
    {
        Span<byte> id = stackalloc byte[6];
        repository.Environment.Random.Fill(id);
        return Convert.ToHexStringLower(id);
    }

    /// <returns>Null when the record is damaged, or there is none.</returns>
    internal static AttemptState? Read(NumberedRecord record)
    {
        try
        {
            return record.Json is null ? null : AttemptState.FromJson(record.Json);
        }
        catch (JsonException)
        {
            // Sealed with our key and no text of ours: verification would not see it, and nothing but a repetition hangs on it.
            return null;
        }
    }
}
