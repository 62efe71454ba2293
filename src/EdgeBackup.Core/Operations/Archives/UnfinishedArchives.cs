using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Writing;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>
/// What killed runs of a device have left: an archive whose run is recorded gets its place, one whose run is not is
/// removed. The record alone decides, so that no record is archived twice or lost.
/// </summary>
internal sealed class UnfinishedArchives(RepositoryContext context, IOperationObserver observer, string device)
{
    /// <param name="runs">The device's runs.</param>
    /// <param name="parent">Where the next archive goes.</param>
    /// <param name="cancellationToken">Stops between two.</param>
    public async Task SettleAsync(ArchiveRuns runs, string parent, CancellationToken cancellationToken)
    {
        var prefix = ArchiveNames.StagesOf(context.Repository.Id, device);
        var stages = ArchiveStage.Find(parent, prefix).ToList();
        if (runs.Last is { } last)
        {
            // Also where another copy of the repository wrote it: a record decides for every copy that has it.
            stages.AddRange(ArchivePlaces.FindStages(last).Except(stages, StringComparer.Ordinal));
        }

        foreach (var path in stages)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stage = ArchiveStage.TryTakeOver(path, context.Platform);
            if (stage is null)
            {
                observer.Verbose($"{device}: another run is at work in '{path}'.");
                continue;
            }

            // Listed under the lock: its run may have been recorded after the runs were listed, and then it is no leftover.
            var known = await ArchiveRuns.LoadAsync(context, device, cancellationToken).ConfigureAwait(false);
            if (await FindRunAsync(known, path, cancellationToken).ConfigureAwait(false) is { } run)
            {
                var place = stage.Publish(Path.Combine(Path.GetDirectoryName(path)!, run.Folder));
                observer.Verbose($"{device}: the archive {run.Number}, whose run was killed at its end, has its place now: '{place}'.");
            }
            else if (Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal))
            {
                stage.Discard();
                observer.Verbose($"{device}: what a killed run had left was removed: '{path}'.");
            }
        }
    }

    /// <summary>Removes the archives that a run has let expire, as far as they are still there and nothing holds them now.</summary>
    public async Task RemoveExpiredAsync(DeviceRegistration registration, ArchiveRuns runs, IReadOnlyList<long> numbers, CancellationToken cancellationToken)
    {
        if (numbers.Count == 0)
        {
            return;
        }

        if ((await ArchiveExpiry.LoadPolicyAsync(context, registration, cancellationToken).ConfigureAwait(false)).Held is { } held)
        {
            observer.Warning($"{device}: {numbers.Count} archives have expired and are kept for now, because {held}.");
            return;
        }

        foreach (var number in numbers)
        {
            if (await runs.FindAsync(number, cancellationToken).ConfigureAwait(false) is { } run && ArchivePlaces.Find(run) is { } path)
            {
                try
                {
                    ArchivePlaces.Remove(path);
                    await context.NoteAsync(observer, EdgeEventCategory.Archive, "ArchiveExpired", $"The archive {number} of '{device}' in '{path}' was old enough and was removed.", device).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    observer.Warning($"{device}: the archive '{path}' has expired and could not be removed: {exception.Message} The next run tries again.");
                }
            }
        }
    }

    /// <summary>The run that a stage is the archive of, if it is recorded.</summary>
    public static async Task<ArchiveRun?> FindRunAsync(ArchiveRuns runs, string stage, CancellationToken cancellationToken)
    {
        var manifest = Path.Combine(stage, ManifestCodec.ManifestName);
        if (!File.Exists(manifest))
        {
            return null;
        }

        try
        {
            var number = ManifestCodec.Parse(await File.ReadAllBytesAsync(manifest, cancellationToken).ConfigureAwait(false)).Number;
            return await runs.FindAsync(number, cancellationToken).ConfigureAwait(false) is { } run && stage.EndsWith($"-{run.Id}", StringComparison.Ordinal) ? run : null;
        }
        catch (FormatException)
        {
            // Torn: the run is recorded only after its manifest is durable, so this one was not.
            return null;
        }
    }
}
