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
        if (runs.Last is { } last && Path.Combine(last.Parent, prefix + last.Id) is var own && !stages.Contains(own, StringComparer.Ordinal) && Directory.Exists(own))
        {
            stages.Add(own);
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

            if (await FindRunAsync(runs, path, cancellationToken).ConfigureAwait(false) is { } run)
            {
                var place = stage.Publish(Path.Combine(Path.GetDirectoryName(path)!, run.Folder));
                observer.Verbose($"{device}: the archive {run.Number}, whose run was killed at its end, has its place now: '{place}'.");
            }
            else
            {
                stage.Discard();
                observer.Verbose($"{device}: what a killed run had left was removed: '{path}'.");
            }
        }
    }

    /// <summary>Removes the archives that the last run had let expire, where it was killed before it could.</summary>
    public async Task RemoveExpiredAsync(ArchiveRuns runs, IReadOnlyList<long> numbers, CancellationToken cancellationToken)
    {
        foreach (var number in numbers)
        {
            if (await runs.FindAsync(number, cancellationToken).ConfigureAwait(false) is { } run && ArchivePlaces.IsThere(run))
            {
                var path = Path.Combine(run.Parent, run.Folder);
                try
                {
                    ArchivePlaces.Remove(path);
                    await context.NoteAsync(observer, EdgeEventCategory.Archive, "ArchiveExpired", $"The archive {number} of '{device}' in '{path}' was old enough and was removed.", device).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    observer.Warning($"{device}: the archive '{path}' has expired and could not be removed: {exception.Message} Remove the folder by hand.");
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
