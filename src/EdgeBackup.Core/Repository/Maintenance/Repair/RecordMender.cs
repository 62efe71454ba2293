using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Puts the record of a backup whose bytes were stored anew in the place of a damaged or missing one. The chain names the
/// object already, so it needs no entry.
/// </summary>
internal sealed class RecordMender
{
    private readonly RepositoryCore core;
    private readonly Quarantine quarantine;
    private readonly RawObject before;

    private RecordMender(RepositoryCore core, Quarantine quarantine, string name, RawObject before)
    {
        this.core = core;
        this.quarantine = quarantine;
        Name = name;
        this.before = before;
    }

    /// <summary>The record's.</summary>
    public string Name { get; }

    /// <summary>Looks at what is there.</summary>
    /// <param name="core">The repository that is mended.</param>
    /// <param name="quarantine">Keeps what is replaced.</param>
    /// <param name="name">The record's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RecordMender> LookAsync(RepositoryCore core, Quarantine quarantine, string name, CancellationToken cancellationToken) =>
        new(core, quarantine, name, await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false));

    /// <summary>The record that is there.</summary>
    /// <returns>Null when it is missing or cannot be read.</returns>
    public BackupRecord? TryRead()
    {
        try
        {
            return before is { Content: { } content, IsReadable: true } ? JsonSerializer.Deserialize(core.Sealer.Open(Name, Name, content), RepositoryJson.Default.BackupRecord) : null;
        }
        catch (Exception exception) when (exception is ObjectDamagedException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps what is there; with -WhatIf all that is done.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        if (before.Content is { } content)
        {
            await quarantine.KeepAsync(Name, content, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Replaces the record when all that the new one needs is durable and was read back.</summary>
    /// <param name="record">Not yet in the repository.</param>
    /// <param name="session">Has stored what the record needs.</param>
    /// <param name="cancellationToken">Gives up before the record is replaced.</param>
    /// <exception cref="EdgeBackupException">BackupDamaged: it would not be whole, or somebody else has changed it; it is as it was.</exception>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed: the session is over.</exception>
    public async Task ReplaceAsync(BackupRecord record, WriteSession session, CancellationToken cancellationToken)
    {
        await session.FlushChunksAsync(closeCurrent: true).ConfigureAwait(false);
        if (await BackupVerifier.RunAsync(core, record, cancellationToken).ConfigureAwait(false) is [var damage, ..])
        {
            throw Kept(record, $"what was stored for it does not come back ('{damage.Object}': {damage.Reason})");
        }

        await session.ConfirmLeaseAsync().ConfigureAwait(false);
        var now = await RawObject.ReadAsync(core, Name, cancellationToken).ConfigureAwait(false);
        if (now.IsReadable && before.IsReadable && !(now.Content ?? []).AsSpan().SequenceEqual(before.Content ?? []))
        {
            throw Kept(record, "somebody else has removed or mended it meanwhile");
        }

        await KeepAsync(cancellationToken).ConfigureAwait(false);
        var content = core.Seal(Name, record, RepositoryJson.Default.BackupRecord);
        await quarantine.ReplaceAsync(Name, content, CancellationToken.None).ConfigureAwait(false);
        try
        {
            // As after every record: maintenance may have held a session that slept for dead.
            await session.ConfirmLeaseAsync().ConfigureAwait(false);
        }
        catch
        {
            await PutBackAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task PutBackAsync()
    {
        try
        {
            await (before.Content is { } content
                ? quarantine.ReplaceAsync(Name, content, CancellationToken.None)
                : core.Store.DeleteAsync(Name, CancellationToken.None)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException)
        {
            // The repair has failed and says why; a verification names the backup if it is not whole.
        }
    }

    private static EdgeBackupException Kept(BackupRecord record, string reason) => new(
        ErrorIds.BackupDamaged,
        $"The backup '{record.Id}' of '{record.Device}' was left as it is: {reason}. Run the repair again.",
        record.Id);
}
