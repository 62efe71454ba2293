using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Maintenance.Repair;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Operations;

/// <summary>
/// Brings back from a second repository with keys of its own the backups that lack more than single items: their item
/// lists, or their records. No chunk of such a repository has an id that is known here, so each backup is copied anew.
/// </summary>
internal sealed class ReturnBackups(RepositoryContext context, RepositoryContext from, IOperationObserver observer, bool whatIf)
{
    private readonly EdgeRepository repository = context.Repository;
    private readonly EdgeRepository other = from.Repository;
    private readonly Quarantine quarantine = new(context.Repository.Core, whatIf);
    private readonly List<MendedObject> mended = [];
    private readonly List<string> left = [];
    private ILookup<string, string>? namesById;

    /// <param name="report">What the repair of objects did.</param>
    /// <param name="cancellationToken">Stops between two backups.</param>
    /// <returns>The report, with the backups that came back.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, CaptureFailed: the repository cannot be written.</exception>
    public async Task<RepairReport> RunAsync(RepairReport report, CancellationToken cancellationToken)
    {
        if (other.Id == repository.Id)
        {
            // The same keys: all that it can give came by objects and chunks.
            return report;
        }

        var found = new List<Returning>();
        foreach (var rows in report.Gone.Where(row => row.Backup is not null).GroupBy(row => (row.Device, row.Backup, row.Device is null ? row.Object : null)))
        {
            if (await FindAsync(rows.First(), cancellationToken).ConfigureAwait(false) is { } returning)
            {
                found.Add(returning);
            }
        }

        if (found.Count > 0 && repository.Notice is { } notice && !whatIf)
        {
            left.Add($"{found.Count} backups did not come back from '{from.Location}', because nothing is recorded in a repository of which this is to be said: {notice}.");
        }
        else if (found.Count > 0)
        {
            await (whatIf ? PredictAsync(found, cancellationToken) : MendAsync(found, cancellationToken)).ConfigureAwait(false);
        }

        return report with
        {
            Mended = [.. report.Mended, .. mended],
            Quarantined = [.. report.Quarantined, .. quarantine.Kept],
            Left = [.. report.Left, .. left],
            Gone = mended.Count == 0 ? report.Gone : await LookAgainAsync(report.Gone, found, cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>Looks for a backup in the second repository.</summary>
    /// <returns>Null when it is not there, or is another state.</returns>
    private async Task<Returning?> FindAsync(Damage row, CancellationToken cancellationToken)
    {
        var names = row.Device is null
            ? (namesById ??= await ListAsync(cancellationToken).ConfigureAwait(false))[row.Backup!]
            : [other.BackupObjectName(row.Device, row.Backup!)];
        foreach (var name in names)
        {
            BackupRecord record;
            try
            {
                record = await other.ReadBackupAsync(name, cancellationToken).ConfigureAwait(false);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.BackupDamaged or ErrorIds.RepositoryNotReadable)
            {
                // Not there either, which the row of what is gone says.
                continue;
            }

            var target = repository.BackupObjectName(record.Device, record.Id);
            if (row.Device is null ? target != row.Object : (record.Device, record.Id) != (row.Device, row.Backup))
            {
                continue;
            }

            var place = await RecordMender.LookAsync(repository.Core, quarantine, target, cancellationToken).ConfigureAwait(false);
            var own = place.TryRead();
            if (own is null || own.StateDigest == record.StateDigest)
            {
                return new Returning(row, record, own ?? record, place);
            }

            left.Add($"The backup '{record.Id}' of '{record.Device}' is another state in '{from.Location}', and was not taken from there.");
        }

        return null;
    }

    private async Task<ILookup<string, string>> ListAsync(CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var name in other.ListBackupsAsync(device: null, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        return names.ToLookup(name => name[(name.LastIndexOf('/') + 1)..], StringComparer.Ordinal);
    }

    private async Task MendAsync(List<Returning> found, CancellationToken cancellationToken)
    {
        var reading = await other.BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using var lease = reading.ConfigureAwait(false);
        var session = await repository.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await using var sessionLease = session.ConfigureAwait(false);
        var copier = new BackupCopier(other, repository, session);
        for (var done = 0; done < found.Count; done++)
        {
            var (_, record, header, place) = found[done];
            observer.Progress(new OperationProgress($"Repairing {context.Location}", $"{record.Device} {record.Id} comes from {from.Location}", done, found.Count));
            if (await copier.MendAsync(record, header, place, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                Leave(record, failure.Reason);
            }
            else
            {
                mended.Add(new MendedObject(place.Name, RepairMethod.SecondRepository, record.Device, record.Id, null));
            }
        }
    }

    private async Task PredictAsync(List<Returning> found, CancellationToken cancellationToken)
    {
        foreach (var (_, record, _, place) in found)
        {
            if (await FindDamageAsync(record, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                Leave(record, $"it is damaged there: {reason}");
                continue;
            }

            await place.KeepAsync(cancellationToken).ConfigureAwait(false);
            mended.Add(new MendedObject(place.Name, RepairMethod.SecondRepository, record.Device, record.Id, null));
        }
    }

    private async Task<string?> FindDamageAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        try
        {
            // Without a lease: nothing is written, there neither.
            return await BackupVerifier.RunAsync(other.Core, record, cancellationToken).ConfigureAwait(false) is [var damage, ..] ? damage.Reason : null;
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryNotReadable)
        {
            return exception.Message;
        }
    }

    private void Leave(BackupRecord record, string reason) =>
        left.Add($"The backup '{record.Id}' of '{record.Device}' did not come back from '{from.Location}': {reason}");

    /// <summary>What is still gone.</summary>
    private async Task<IReadOnlyList<Damage>> LookAgainAsync(IReadOnlyList<Damage> gone, List<Returning> found, CancellationToken cancellationToken)
    {
        if (whatIf)
        {
            var back = mended.Select(row => (row.Device, row.Backup)).ToHashSet();
            var unnamed = found.Where(one => one.Row.Device is null && back.Contains((one.Record.Device, one.Record.Id))).Select(one => one.Row).ToHashSet();
            return [.. gone.Where(row => !back.Contains((row.Device, row.Backup)) && !unnamed.Contains(row))];
        }

        // A pack that is still damaged is seen only when its bytes are read.
        var isPackLeft = gone.Any(row => row.Object.StartsWith(PackFormat.Folder, StringComparison.Ordinal));
        return (await repository.VerifyAsync(new VerifyOptions(ReadData: isPackLeft), progress: null, cancellationToken).ConfigureAwait(false)).Damage;
    }

    /// <param name="Row">What is gone.</param>
    /// <param name="Record">The backup in the second repository.</param>
    /// <param name="Header">The own record where it can be read, else the other's.</param>
    /// <param name="Place">Where it belongs.</param>
    private sealed record Returning(Damage Row, BackupRecord Record, BackupHeader Header, RecordMender Place);
}
