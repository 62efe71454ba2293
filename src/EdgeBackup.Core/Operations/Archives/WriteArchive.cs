using System.Security.Cryptography;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Archives.Writing;
using EdgeBackup.Core.Devices;
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

    /// <summary>How often a run goes behind others that came in between.</summary>
    private const int Attempts = 16;

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

        if (options.Categories.Count > 0 && !options.Wants(ArchiveContent.Event))
        {
            throw new ArgumentException("-Category chooses among events, and -Content Trend wants none. Leave one of them out.");
        }

        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var registration = (await RegisteredDevices.RequireAsync(context, options.Device, cancellationToken).ConfigureAwait(false)).Registration!;
        var notes = new ArchiveNotes(context, observer, options);
        ArchiveFolder archive;
        try
        {
            archive = await WriteAsync(options, registration, notes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await context.NoteAsync(observer, EdgeEventCategory.Archive, "Failed", exception.Message, options.Device, errorId: (exception as EdgeBackupException)?.ErrorId).ConfigureAwait(false);
            await notes.NoteFailureAsync(exception).ConfigureAwait(false);
            throw;
        }

        await notes.NoteSuccessAsync(archive.Manifest).ConfigureAwait(false);
        return archive;
    }

    private async Task<ArchiveFolder> WriteAsync(WriteArchiveOptions options, DeviceRegistration registration, ArchiveNotes notes, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(options.Parent))
        {
            throw new EdgeBackupException(ErrorIds.ArchiveFailed, $"There is no folder '{options.Parent}'. Make it first, or give another -Path.", options.Parent);
        }

        if (ArchiveFolder.IsPartOfOne(options.Parent))
        {
            throw new EdgeBackupException(ErrorIds.ArchiveFailed, $"'{options.Parent}' is part of an archive, and whatever is added to one damages it. Give another -Path: the folder in which the archives are to stand.", options.Parent);
        }

        try
        {
            var runs = await ArchiveRuns.LoadAsync(context, options.Device, cancellationToken).ConfigureAwait(false);
            notes.Begin(runs);
            var unfinished = new UnfinishedArchives(context, observer, options.Device);
            await unfinished.SettleAsync(runs, options.Parent, cancellationToken).ConfigureAwait(false);
            await unfinished.RemoveExpiredAsync(registration, runs, runs.Last?.Expired ?? [], cancellationToken).ConfigureAwait(false);
            var key = await context.Archives.GetKeyAsync(cancellationToken).ConfigureAwait(false);

            var zone = await ArchiveZone.FindAsync(context, registration, cancellationToken).ConfigureAwait(false);
            var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken, zone: zone).ConfigureAwait(false);
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
            return await WriteAsync(new Writing(options, registration, unfinished, key, id, stage), contact.Connection, history, runs, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failed(options, exception, "Nothing of it was kept, and the next run begins where this one did.");
        }
    }

    private async Task<ArchiveFolder> WriteAsync(Writing writing, IDeviceConnection connection, IDeviceHistory history, ArchiveRuns runs, CancellationToken cancellationToken)
    {
        var (options, _, _, _, _, stage) = writing;
        var (began, isRecorded) = (runs.Last, false);
        try
        {
            var selection = options.Selection;
            var copy = new HistoryCopy(options, selection, observer, connection.GetStatusAsync);
            await copy.RunAsync(history, began, stage.Path, cancellationToken).ConfigureAwait(false);
            for (var attempt = 1; ; attempt++)
            {
                var (manifest, run) = await SealAsync(writing, runs, selection, copy, cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (await context.Archives.TryAppendAsync(runs.LastName, run).ConfigureAwait(false))
                {
                    isRecorded = true;
                    return await FinishAsync(writing, run, manifest, runs).ConfigureAwait(false);
                }

                runs = await ArchiveRuns.LoadAsync(context, options.Device, cancellationToken).ConfigureAwait(false);
                if (attempt == Attempts || runs.Last is not { } now || !copy.Places.TryFollow(began, now))
                {
                    throw new EdgeBackupException(
                        ErrorIds.ArchiveFailed,
                        $"Another run has archived the same records of '{options.Device}' in the meantime. Nothing of this one was kept; run it again for what has come since.",
                        options.Device);
                }

                observer.Verbose($"{options.Device}: the run {now.Number} came in between, with other records; this one goes behind it.");
                began = now;
            }
        }
        catch (Exception exception)
        {
            var isKept = isRecorded ? true : await KeepIfRecordedAsync(stage, options.Device).ConfigureAwait(false);
            if (exception is not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw Failed(options, exception, isKept switch
            {
                true => "It is recorded all the same, so that its records are archived; the next run for the same folder gives it its place.",
                false => "Nothing of it was kept, and the next run begins where this one did.",
                null => "Whether it was recorded before that could not be found out; the next run finds out and goes on from there.",
            });
        }
    }

    /// <summary>Makes the archive whole and durable, behind the newest of the runs.</summary>
    private async Task<(ArchiveManifest Manifest, ArchiveRun Run)> SealAsync(Writing writing, ArchiveRuns runs, ArchiveSelection? selection, HistoryCopy copy, CancellationToken cancellationToken)
    {
        var (options, registration, _, key, id, stage) = writing;
        var expiry = await ArchiveExpiry.PlanAsync(context, observer, registration, runs, options.Parent, cancellationToken).ConfigureAwait(false);
        var manifest = Describe(options, registration, runs.Last, id, selection, copy, expiry, key.PublicKey);
        var bytes = ManifestCodec.Serialize(manifest);
        stage.WriteFile(ManifestCodec.ManifestName, bytes);
        stage.WriteFile(ManifestCodec.SignatureName, ArchiveSignature.Sign(key.PrivateKey, bytes));
        stage.Flush(copy.Files);
        var expired = new List<long>();
        foreach (var number in runs.Last?.Expired ?? [])
        {
            // One that could not be removed is tried again until it is gone.
            if (await runs.FindAsync(number, cancellationToken).ConfigureAwait(false) is { } run && (ArchivePlaces.Find(run) is not null || ArchivePlaces.IsAway(run)))
            {
                expired.Add(number);
            }
        }

        expired.AddRange(expiry.Expired.Select(link => link.Number));
        return (manifest, Record(options, manifest, Convert.ToHexStringLower(SHA256.HashData(bytes)), copy, expiry, expired));
    }

    private static EdgeBackupException Failed(WriteArchiveOptions options, Exception exception, string next) => new(
        ErrorIds.ArchiveFailed,
        $"The archive of '{options.Device}' could not be written to '{options.Parent}': {exception.Message} {next}",
        options.Parent,
        exception);

    /// <summary>The run has happened: from here on nothing may make it look undone, and nobody's Ctrl+C counts.</summary>
    private async Task<ArchiveFolder> FinishAsync(Writing writing, ArchiveRun run, ArchiveManifest manifest, ArchiveRuns runs)
    {
        var stage = writing.Stage;
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
            observer.Warning($"{run.Device}: {GapSentence.Of(gap)}");
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
        await writing.Unfinished.RemoveExpiredAsync(writing.Registration, runs, run.Expired, CancellationToken.None).ConfigureAwait(false);
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

    private ArchiveRun Record(WriteArchiveOptions options, ArchiveManifest manifest, string digest, HistoryCopy copy, ArchiveExpiry expiry, IReadOnlyList<long> expired)
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
            Extract = options.IsExtract,
            EventCursor = copy.Places.EventCursor,
            EventMarks = copy.Places.EventMarks,
            TrendCursors = copy.Places.TrendCursors,
            TrendSequences = copy.Places.TrendSequences,
            TrendCounts = copy.Places.TrendCounts,
            EventsAbsent = copy.Places.EventsAbsent,
            Absent = copy.Places.Absent,
            Expired = expired,
            OldestKept = expiry.OldestKept,
        };
    }

    /// <summary>An append that failed may have landed; then the archive stays, and the next run gives it its place.</summary>
    /// <returns>Whether it is recorded; null where that could not be found out.</returns>
    private async Task<bool?> KeepIfRecordedAsync(ArchiveStage stage, string device)
    {
        try
        {
            var runs = await ArchiveRuns.LoadAsync(context, device, CancellationToken.None).ConfigureAwait(false);
            if (await UnfinishedArchives.FindRunAsync(runs, stage.Path, CancellationToken.None).ConfigureAwait(false) is not null)
            {
                return true;
            }

            stage.Discard();
            return false;
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or UnauthorizedAccessException)
        {
            observer.Verbose($"{device}: '{stage.Path}' is left for the next run: {exception.Message}");
            return null;
        }
    }

    /// <summary>What one run works with from its beginning to its end.</summary>
    private sealed record Writing(WriteArchiveOptions Options, DeviceRegistration Registration, UnfinishedArchives Unfinished, ArchiveKey Key, string Id, ArchiveStage Stage);

    private string NewId()
    {
        Span<byte> id = stackalloc byte[8];
        context.Random.Fill(id);
        return Convert.ToHexStringLower(id);
    }
}
