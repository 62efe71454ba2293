using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// Copies a repository into another one with keys of its own: <c>Sync-EdgeRepository</c>. Nothing is removed from the
/// copy; its own maintenance does that, by the policies that are copied.
/// </summary>
public sealed class SyncRepository
{
    /// <summary>Devices at once: they share packs, and waits for the disk.</summary>
    private const int Devices = 4;

    private readonly RepositoryContext source;
    private readonly RepositoryContext copy;
    private readonly IOperationObserver observer;
    private readonly Lock sync = new();
    private readonly List<SyncFailure> failed = [];
    private int copied;
    private int records;
    private long bytesRead;
    private long bytesWritten;
    private long verified;

    public SyncRepository(RepositoryContext source, RepositoryContext copy, IOperationObserver observer)
    {
        this.source = source;
        this.copy = copy;
        this.observer = observer;
    }

    /// <summary>Copies what is missing. What was copied stays when the run is cut short, and is not copied again.</summary>
    /// <param name="options">What.</param>
    /// <param name="cancellationToken">Stops; every backup in the copy is whole.</param>
    /// <exception cref="EdgeBackupException">SyncRefused; RepositoryNotWritable: the copy cannot be written.</exception>
    public async Task<SyncOutcome> RunAsync(SyncOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        SyncPlan.Refuse(source, copy);
        var plan = await SyncPlan.MakeAsync(source, copy, options, failed, cancellationToken).ConfigureAwait(false);
        if (!options.WhatIf)
        {
            var reading = await source.Repository.BeginReadAsync(cancellationToken).ConfigureAwait(false);
            await using var lease = reading.ConfigureAwait(false);
            await CopyAsync(plan, cancellationToken).ConfigureAwait(false);
            if (copied > 0 || records > 0)
            {
                await copy.NoteAsync(observer, EdgeEventCategory.Repository, "Synchronized", $"{copied} backups and {records} records were copied from '{source.Location}'.", device: null).ConfigureAwait(false);
            }
        }

        return new SyncOutcome
        {
            Copied = copied,
            Skipped = plan.Skipped,
            Records = records,
            Failed = [.. failed],
            BytesRead = bytesRead,
            BytesWritten = bytesWritten,
            Verified = verified,
            Behind = plan.Missing.Sum(device => device.Count) - copied,
            NewestInSource = plan.NewestInSource,
            NewestInCopy = plan.NewestInCopy,
        };
    }

    private async Task CopyAsync(SyncPlan plan, CancellationToken cancellationToken)
    {
        await source.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);

        // Fences, protections and policies before the backups that they are about; events, which tell of backups, after them.
        var others = new RecordCopier(source.Repository, copy.Repository, plan, failed);
        await others.CopyPoliciesAsync(cancellationToken).ConfigureAwait(false);
        await others.CopyTypesAsync(cancellationToken).ConfigureAwait(false);
        await others.CopyDevicesAsync(cancellationToken).ConfigureAwait(false);
        await others.CopyArchivesAsync(cancellationToken).ConfigureAwait(false);

        // What the copy's own maintenance removed meanwhile is no failure.
        foreach (var left in (await UnnamedBackups.NameAsync(copy, observer, plan.Unnamed, cancellationToken).ConfigureAwait(false)).Where(left => !left.IsGone))
        {
            var id = left.Name[(left.Name.LastIndexOf('/') + 1)..];
            failed.Add(new SyncFailure(null, id, null, $"The backup '{id}' was left as it is in the copy: {left.Reason.TrimEnd('.')}."));
        }

        if (plan.Missing.Count > 0)
        {
            var announced = new AnnouncedReturns(copy.Repository);
            try
            {
                await CopyBackupsAsync(plan, announced, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await announced.EndAsync().ConfigureAwait(false);
            }
        }

        await others.CopyEventsAsync(cancellationToken).ConfigureAwait(false);
        records = others.Copied;
    }

    private async Task CopyBackupsAsync(SyncPlan plan, AnnouncedReturns announced, CancellationToken cancellationToken)
    {
        var session = await copy.Repository.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await using var lease = session.ConfigureAwait(false);
        var total = plan.Missing.Sum(device => device.Count);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Devices, CancellationToken = cancellationToken };
        try
        {
            await Parallel.ForEachAsync(plan.Missing, options, async (backups, token) => await CopyDeviceAsync(plan, announced, session, backups, total, token).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            bytesWritten = session.Statistics.BytesAdded;
        }
    }

    private async Task CopyDeviceAsync(SyncPlan plan, AnnouncedReturns announced, WriteSession session, List<CatalogBackup> backups, int total, CancellationToken cancellationToken)
    {
        var copier = new BackupCopier(source.Repository, copy.Repository, session);
        await foreach (var newest in copy.Catalog.QueryBackupsAsync(new BackupQuery { Devices = [backups[0].Device], Latest = true }, cancellationToken).ConfigureAwait(false))
        {
            await copier.LearnAsync(newest, cancellationToken).ConfigureAwait(false);
        }

        foreach (var backup in backups)
        {
            observer.Progress(new OperationProgress($"Copying to {copy.Location}", $"{backup.Device} {backup.Id}", Volatile.Read(ref copied), total));
            var name = copy.Repository.BackupObjectName(backup.Device, backup.Id);
            var failure = await copier.CopyAsync(backup, () => plan.Returning.Contains(name) ? announced.AnnounceAsync(name) : Task.CompletedTask, cancellationToken).ConfigureAwait(false);
            lock (sync)
            {
                if (failure is null)
                {
                    announced.Ended(name);
                    copied++;
                    plan.NoteInCopy(backup.Created);
                }
                else
                {
                    failed.Add(failure);
                }
            }
        }

        Interlocked.Add(ref bytesRead, copier.BytesRead);
        Interlocked.Add(ref verified, copier.Verified);
    }
}
