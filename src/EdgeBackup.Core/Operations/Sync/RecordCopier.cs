using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Sync;

/// <summary>
/// Copies policies, device types, device logs and events, each under its own name in the folder that the copy has for the subject: so
/// they keep their order, and what is there is known by its name.
/// </summary>
internal sealed class RecordCopier(EdgeRepository source, EdgeRepository copy, SyncPlan plan, ICollection<SyncFailure> failed)
{
    /// <summary>Records that wait to be named in the chain share its entries.</summary>
    private const int Parallel = 16;

    private readonly Lock sync = new();
    private int copied;

    /// <summary>Records that were copied.</summary>
    public int Copied => Volatile.Read(ref copied);

    public Task CopyPoliciesAsync(CancellationToken cancellationToken) =>
        CopyFolderAsync(RecordArea.Policies, PolicyBook.Subject, source.ListAsync(RecordArea.Policies, PolicyBook.Subject, cancellationToken), _ => true, cancellationToken);

    /// <summary>Whoever restores from the copy must know what its devices are.</summary>
    public async Task CopyTypesAsync(CancellationToken cancellationToken)
    {
        await foreach (var name in source.ListAsync(RecordArea.Types, subject: null, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                var json = await source.ReadAsync(name, cancellationToken).ConfigureAwait(false);
                if (await copy.TryAppendAsAsync(RecordArea.Types, DeviceTypeBook.IdOf(json), name[(name.LastIndexOf('/') + 1)..], json, cancellationToken).ConfigureAwait(false))
                {
                    Interlocked.Increment(ref copied);
                }
            }
            catch (Exception exception) when (IsOfOneRecord(exception))
            {
                Fail(null, exception.Message);
            }
        }
    }

    public async Task CopyDevicesAsync(CancellationToken cancellationToken)
    {
        var devices = plan.Devices.ToDictionary(source.SubjectFolder, device => device, StringComparer.Ordinal);
        var listed = await ToSetAsync(source.ListAsync(RecordArea.Devices, subject: null, cancellationToken)).ConfigureAwait(false);

        // A device all of whose records somebody has removed is in no listing.
        var unlisted = await source.FindUnlistedAsync(RecordArea.Devices, subject: null, listed, cancellationToken).ConfigureAwait(false);
        var folders = listed.GroupBy(FolderOf, StringComparer.Ordinal).Select(group => group.ToList()).ToList();
        folders.AddRange(unlisted.GroupBy(FolderOf, StringComparer.Ordinal).ExceptBy(folders.Select(names => FolderOf(names[0])), group => group.Key, StringComparer.Ordinal).Select(group => group.ToList()));
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };
        await System.Threading.Tasks.Parallel.ForEachAsync(folders, options, async (names, token) =>
        {
            var device = devices.GetValueOrDefault(FolderOf(names[0])) ?? await ReadSubjectAsync(names[0], json => DeviceLogEntry.FromJson(json).Device, token).ConfigureAwait(false);
            if (device is not null && plan.Wants(device))
            {
                // An open restore session is the source's own affair.
                await CopyFolderAsync(RecordArea.Devices, device, names.Where(listed.Contains).ToAsyncEnumerable(), json => DeviceLogEntry.FromJson(json).Kind is not (DeviceLogEntryKind.RestoreOpened or DeviceLogEntryKind.RestoreClosed), token).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Whoever goes on from the copy archives neither anything twice nor with another key.</summary>
    public async Task CopyArchivesAsync(CancellationToken cancellationToken)
    {
        var devices = plan.Devices.ToDictionary(source.SubjectFolder, device => device, StringComparer.Ordinal);
        devices[source.SubjectFolder(ArchiveBook.KeySubject)] = ArchiveBook.KeySubject;
        var listed = await ToSetAsync(source.ListAsync(RecordArea.Archives, subject: null, cancellationToken)).ConfigureAwait(false);
        foreach (var names in listed.GroupBy(FolderOf, StringComparer.Ordinal).Select(group => group.Order(StringComparer.Ordinal).ToList()))
        {
            var subject = devices.GetValueOrDefault(FolderOf(names[0])) ?? await ReadSubjectAsync(names[0], json => ArchiveRun.FromJson(json).Device, cancellationToken).ConfigureAwait(false);
            if (subject is not null && (subject == ArchiveBook.KeySubject || plan.Wants(subject)))
            {
                await CopyFolderAsync(RecordArea.Archives, subject, names.ToAsyncEnumerable(), _ => true, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public async Task CopyEventsAsync(CancellationToken cancellationToken)
    {
        var present = await ToSetAsync(copy.ListAsync(RecordArea.Events, subject: null, cancellationToken)).ConfigureAwait(false);
        var missing = (await ToSetAsync(source.ListAsync(RecordArea.Events, subject: null, cancellationToken)).ConfigureAwait(false)).Where(name => !present.Contains(name)).Order(StringComparer.Ordinal);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };
        await System.Threading.Tasks.Parallel.ForEachAsync(missing, options, async (name, token) =>
        {
            var month = FolderOf(name);
            await CopyOneAsync(RecordArea.Events, month, name, json => IsWanted(EdgeEvent.FromJson(json)), token).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>That the source was checked says nothing of the copy.</summary>
    private bool IsWanted(EdgeEvent edgeEvent) =>
        edgeEvent.Verification is null && (plan.WantsAll || (edgeEvent.Device is { } device && plan.Wants(device)));

    private static string FolderOf(string name) => name.Split('/')[^2];

    private static async Task<HashSet<string>> ToSetAsync(IAsyncEnumerable<string> names)
    {
        var set = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var name in names.ConfigureAwait(false))
        {
            set.Add(name);
        }

        return set;
    }

    /// <summary>In the order of their names: a log that is cut short says what it once said.</summary>
    private async Task CopyFolderAsync(RecordArea area, string subject, IAsyncEnumerable<string> names, Func<byte[], bool> wants, CancellationToken cancellationToken)
    {
        var present = (await ToSetAsync(copy.ListAsync(area, subject, cancellationToken)).ConfigureAwait(false)).Select(name => name[(name.LastIndexOf('/') + 1)..]).ToHashSet(StringComparer.Ordinal);
        var listed = await ToSetAsync(names).ConfigureAwait(false);

        // What somebody has removed fails by name, and is not left out in silence.
        var unlisted = await source.FindUnlistedAsync(area, subject, listed, cancellationToken).ConfigureAwait(false);
        foreach (var name in listed.Concat(unlisted).Order(StringComparer.Ordinal))
        {
            if (!present.Contains(name[(name.LastIndexOf('/') + 1)..]))
            {
                await CopyOneAsync(area, subject, name, wants, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task CopyOneAsync(RecordArea area, string subject, string name, Func<byte[], bool> wants, CancellationToken cancellationToken)
    {
        byte[] json;
        try
        {
            json = await source.ReadAsync(name, cancellationToken).ConfigureAwait(false);
            if (!wants(json))
            {
                return;
            }
        }
        catch (Exception exception) when (IsOfOneRecord(exception))
        {
            Fail(area == RecordArea.Devices ? subject : null, exception.Message);
            return;
        }

        if (await copy.TryAppendAsAsync(area, subject, name[(name.LastIndexOf('/') + 1)..], json, cancellationToken).ConfigureAwait(false))
        {
            Interlocked.Increment(ref copied);
        }
    }

    private async Task<string?> ReadSubjectAsync(string name, Func<byte[], string> read, CancellationToken cancellationToken)
    {
        try
        {
            return read(await source.ReadAsync(name, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (IsOfOneRecord(exception))
        {
            Fail(null, exception.Message);
            return null;
        }
    }

    /// <summary>Whether others may still be copied.</summary>
    private bool IsOfOneRecord(Exception exception) =>
        exception is IOException or System.Text.Json.JsonException or EdgeBackupException { ErrorId: ErrorIds.RepositoryDamaged } || source.Core.Store.IsOwnNotReadable(exception);

    private void Fail(string? device, string reason)
    {
        lock (sync)
        {
            // The plan may have come upon the same record, and could not tell whose it is.
            if (failed.FirstOrDefault(failure => failure.Reason == reason) is { } known)
            {
                failed.Remove(known);
                device ??= known.Device;
            }

            failed.Add(new SyncFailure(device, null, null, reason));
        }
    }
}
