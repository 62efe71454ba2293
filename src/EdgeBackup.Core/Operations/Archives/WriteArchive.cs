using System.Security.Cryptography;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Archives.Writing;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>
/// Writes a device's events and trend records into an archive (R14): <c>New-EdgeArchive</c>. The archive is written into a
/// hidden folder and made durable; then its run is recorded in the repository, which is when it has happened; then the
/// folder gets its name. Whatever dies in between, the next run goes on from what is recorded.
/// </summary>
public sealed class WriteArchive
{
    private const int GapsTold = 20;

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public WriteArchive(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Writes an archive.</summary>
    /// <exception cref="EdgeBackupException">
    /// DeviceNotFound, and whatever a device may answer; ArchiveNotSupported: such a device has nothing to archive;
    /// ArchiveFailed: the folder is missing or cannot be written, or another run was first; RepositoryNotWritable;
    /// RepositoryDamaged.
    /// </exception>
    public async Task<ArchiveFolder> RunAsync(WriteArchiveOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.From >= options.To)
        {
            throw new ArgumentException("-From must be before -To.");
        }

        if (!Directory.Exists(options.Parent))
        {
            throw new EdgeBackupException(ErrorIds.ArchiveFailed, $"There is no folder '{options.Parent}'. Make it first, or give another -Path.", options.Parent);
        }

        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var registration = (await RegisteredDevices.RequireAsync(context, options.Device, cancellationToken).ConfigureAwait(false)).Registration!;
        try
        {
            return await WriteAsync(options, registration, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(
                ErrorIds.ArchiveFailed,
                $"The archive of '{options.Device}' could not be written to '{options.Parent}': {exception.Message} Nothing of it was kept, and the next run begins where this one did.",
                options.Parent,
                exception);
        }
    }

    private async Task<ArchiveFolder> WriteAsync(WriteArchiveOptions options, DeviceRegistration registration, CancellationToken cancellationToken)
    {
        var runs = await ArchiveRuns.LoadAsync(context, options.Device, cancellationToken).ConfigureAwait(false);
        var unfinished = new UnfinishedArchives(context, observer, options.Device);
        await unfinished.SettleAsync(runs, options.Parent, cancellationToken).ConfigureAwait(false);
        await unfinished.RemoveExpiredAsync(runs, runs.Last?.Expired ?? [], cancellationToken).ConfigureAwait(false);
        var key = await context.Archives.GetKeyAsync(cancellationToken).ConfigureAwait(false);

        var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken).ConfigureAwait(false);
        await using var contactLease = contact.ConfigureAwait(false);
        if (contact.Connection.History is not { } history)
        {
            throw new EdgeBackupException(
                ErrorIds.ArchiveNotSupported,
                $"The device '{options.Device}' at {registration.Address} has no event log and no trend logs that EdgeBackup can read. Archives are made of devices with an HTTP interface and of BACnet devices.",
                options.Device);
        }

        var id = NewId();
        var stage = ArchiveStage.Create(Path.Combine(options.Parent, ArchiveNames.Stage(context.Repository.Id, options.Device, id)), options.Wants(ArchiveContent.Trend), context.Platform);
        using var stageLease = stage;
        try
        {
            var selection = new ArchiveSelection(options.From, options.To, options.Categories) is { IsEverything: false } chosen ? chosen : null;
            var copy = new HistoryCopy(options, selection, observer);
            await copy.RunAsync(history, runs.Last, stage.Path, cancellationToken).ConfigureAwait(false);
            var expiry = await ArchiveExpiry.PlanAsync(context, observer, registration, runs, options.Parent, cancellationToken).ConfigureAwait(false);
            var manifest = Describe(options, registration, runs.Last, id, selection, copy, expiry, key.PublicKey);
            var bytes = ManifestCodec.Serialize(manifest);
            stage.WriteFile(ManifestCodec.ManifestName, bytes);
            stage.WriteFile(ManifestCodec.SignatureName, ArchiveSignature.Sign(key.PrivateKey, bytes));
            stage.Flush(copy.Files);

            cancellationToken.ThrowIfCancellationRequested();
            var run = Record(options, manifest, Convert.ToHexStringLower(SHA256.HashData(bytes)), copy, expiry);
            if (!await context.Archives.TryAppendAsync(runs.LastName, run).ConfigureAwait(false))
            {
                throw new EdgeBackupException(
                    ErrorIds.ArchiveFailed,
                    $"Another run has archived '{options.Device}' in the meantime, and its records are the same. Nothing of this one was kept; run it again for what has come since.",
                    options.Device);
            }

            return await FinishAsync(stage, run, manifest, unfinished, runs).ConfigureAwait(false);
        }
        catch
        {
            await DiscardUnlessRecordedAsync(stage, options.Device).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The run has happened: from here on nothing may make it look undone, and nobody's Ctrl+C counts.</summary>
    private async Task<ArchiveFolder> FinishAsync(ArchiveStage stage, ArchiveRun run, ArchiveManifest manifest, UnfinishedArchives unfinished, ArchiveRuns runs)
    {
        var place = stage.Path;
        try
        {
            place = stage.Publish(Path.Combine(run.Parent, run.Folder));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            observer.Warning($"{run.Device}: the archive is whole and recorded, and could not be given its name: {exception.Message} It is in '{place}'; the next run for the same folder names it.");
        }

        foreach (var gap in manifest.Gaps.Take(GapsTold))
        {
            observer.Warning($"{run.Device}: {Describe(gap)}");
        }

        if (manifest.Gaps.Count > GapsTold)
        {
            observer.Warning($"{run.Device}: {manifest.Gaps.Count - GapsTold} more gaps are in the manifest.");
        }

        await context.NoteAsync(
            observer,
            EdgeEventCategory.Archive,
            "Archived",
            $"{manifest.Records} records of '{run.Device}' were archived in '{place}'{(manifest.Gaps.Count > 0 ? $", with {manifest.Gaps.Count} gaps" : "")}.",
            run.Device).ConfigureAwait(false);
        await unfinished.RemoveExpiredAsync(runs, run.Expired, CancellationToken.None).ConfigureAwait(false);
        return ArchiveFolder.Open(place);
    }

    private ArchiveManifest Describe(
        WriteArchiveOptions options, DeviceRegistration registration, ArchiveRun? last, string id, ArchiveSelection? selection, HistoryCopy copy, ArchiveExpiry expiry, string publicKey) => new()
        {
            Format = ArchiveManifest.CurrentFormat,
            Repository = context.Repository.Id,
            Device = options.Device,
            DeviceName = registration.Name,
            Run = id,
            Number = (last?.Number ?? 0) + 1,
            Kind = selection is null ? ArchiveKind.Run : ArchiveKind.Extract,
            Selection = selection,
            FileFormat = options.Format,
            Created = context.Clock.GetUtcNow(),
            Author = context.Author,
            From = copy.Files.Min(file => file.From),
            To = copy.Files.Max(file => file.To),
            Previous = last is null ? null : new ArchiveLink(last.Number, last.Folder, last.Manifest),
            Files = copy.Files,
            Gaps = copy.Gaps,
            Expired = expiry.Expired,
            PublicKey = publicKey,
        };

    private ArchiveRun Record(WriteArchiveOptions options, ArchiveManifest manifest, string digest, HistoryCopy copy, ArchiveExpiry expiry)
    {
        // An empty archive is called by the moment of its run.
        var name = ArchiveNames.Folder(options.Device, manifest.From ?? manifest.Created, manifest.To ?? manifest.Created);
        var folder = name;
        for (var number = 2; context.Platform.Stat(Path.Combine(options.Parent, folder)) is not null; number++)
        {
            folder = $"{name}-{number}";
        }

        return new ArchiveRun
        {
            Device = options.Device,
            Id = manifest.Run,
            Number = manifest.Number,
            Time = manifest.Created,
            Author = context.Author,
            Parent = options.Parent,
            Folder = folder,
            Manifest = digest,
            EventCursor = copy.EventCursor,
            TrendCursors = copy.TrendCursors,
            Absent = copy.Absent,
            Expired = [.. expiry.Expired.Select(link => link.Number)],
            OldestKept = expiry.OldestKept,
        };
    }

    private static string Describe(ArchiveGap gap)
    {
        var what = gap.Content == ArchiveContent.Event ? "events" : $"records of the trend log '{gap.Trend}'";
        var where = gap.After is { } after && gap.Before is { } before ? $" between {after:u} and {before:u}" : gap.Before is { } first ? $" before {first:u}" : "";
        return $"{(gap.Lost is { } lost ? $"{lost} " : "")}{what}{where} are lost: {gap.Reason}.";
    }

    /// <summary>An append that failed may have landed; then the archive stays, and the next run gives it its place.</summary>
    private async Task DiscardUnlessRecordedAsync(ArchiveStage stage, string device)
    {
        try
        {
            var runs = await ArchiveRuns.LoadAsync(context, device, CancellationToken.None).ConfigureAwait(false);
            if (await UnfinishedArchives.FindRunAsync(runs, stage.Path, CancellationToken.None).ConfigureAwait(false) is null)
            {
                stage.Discard();
            }
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or UnauthorizedAccessException)
        {
            observer.Verbose($"{device}: '{stage.Path}' is left for the next run: {exception.Message}");
        }
    }

    private string NewId()
    {
        Span<byte> id = stackalloc byte[8];
        context.Random.Fill(id);
        return Convert.ToHexStringLower(id);
    }
}
