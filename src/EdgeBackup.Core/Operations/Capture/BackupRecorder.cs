using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>
/// Records a captured backup, and does what follows: list it, note the device's version, apply retention. The backup exists
/// from the moment its record does, so none of what follows may call it failed.
/// </summary>
internal sealed class BackupRecorder(RepositoryContext context, IOperationObserver observer)
{
    /// <summary>Makes the backup exist, and does what follows from that.</summary>
    /// <param name="header">What it is.</param>
    /// <param name="draft">What it holds.</param>
    /// <param name="previous">The backups before.</param>
    /// <param name="registration">The device's, as it was when it was contacted.</param>
    /// <param name="policies">As they were when the command began.</param>
    /// <param name="cancellationToken">Gives up until the backup exists, and is not looked at afterwards.</param>
    public async Task<ListedBackup> RecordAsync(
        BackupHeader header,
        BackupDraft draft,
        PreviousBackups previous,
        DeviceRegistration registration,
        PolicyBook policies,
        CancellationToken cancellationToken)
    {
        var record = await draft.CommitAsync(header, digest => previous.SameContent?.StateDigest != digest, cancellationToken).ConfigureAwait(false);
        if (record.Name is not null)
        {
            await new ManualNameClaim(context).SettleAsync(record).ConfigureAwait(false);
        }

        if (record.Suspect is { } suspect)
        {
            var what = Suspicion.Describe(suspect);
            observer.Warning($"{record.Device}: the backup {record.Id} was taken, but it is suspect. {what} Look at the device. If this is how it is to be, take a backup with -SkipValidation.");
            await context.NoteAsync(observer, EdgeEventCategory.Backup, "Suspect", what, record.Device, backup: record.Id, kind: record.Kind).ConfigureAwait(false);
        }

        observer.Verbose($"{record.Device}: backup {record.Id} holds {record.ItemCount} items, {record.Length} bytes{(record.Changed ? "" : "; nothing has changed since the last one")}.");

        // The backup exists. Nothing that comes after may call it failed, and nobody's Ctrl+C leaves it half noted.
        await AfterwardsAsync(record.Device, "listed", () => context.Catalog.AddAsync(record, CancellationToken.None)).ConfigureAwait(false);
        await AfterwardsAsync(record.Device, "noted with its version", () => NoteVersionAsync(header, registration, CancellationToken.None)).ConfigureAwait(false);
        if (header.Kind != BackupKind.Safety)
        {
            // A safety backup comes before a restore: what is about to be restored must not expire under it.
            await AfterwardsAsync(
                record.Device,
                "followed by retention",
                () => new ApplyRetention(context, observer).RunAsync(record.Device, policies, whatIf: false, previous.KnownCount, CancellationToken.None)).ConfigureAwait(false);
        }

        return ListedBackup.From(record, context.Repository.BackupObjectName(record.Device, record.Id), policies.For(record.Device, registration.Type, registration.Tags, registration.Site));
    }

    private async Task AfterwardsAsync(string device, string what, Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or SqliteException)
        {
            observer.Warning($"{device}: the backup was taken but could not be {what}: {exception.Message}");
        }
    }

    /// <summary>The registration shows the version that the device last told; what others changed meanwhile stays.</summary>
    private async Task NoteVersionAsync(BackupHeader header, DeviceRegistration before, CancellationToken cancellationToken)
    {
        if (header.Version is null || header.Version == before.Version)
        {
            return;
        }

        DeviceState now;
        do
        {
            now = await context.Devices.GetAsync(header.Device, cancellationToken).ConfigureAwait(false);
        }
        while (now.Registration is { } registration && registration.Version != header.Version
            && await context.Devices.TryAppendAsync(
                now,
                DeviceLogEntryKind.Registered,
                entry => entry with { Registration = registration with { Version = header.Version } },
                cancellationToken).ConfigureAwait(false) is null);
    }
}
