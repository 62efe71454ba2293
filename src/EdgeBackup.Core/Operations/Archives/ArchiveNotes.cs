using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>
/// Counts the runs of a device's archives that fail, so that somebody is told. A run's own record is the proof that it
/// succeeded, so nothing is written of one that did but the end of a failure; one that left a log unread counts with those
/// that fail, without an error id. An extract neither begins a failure nor ends one: who makes it sees for himself what
/// becomes of it, and it moves no cursor.
/// </summary>
internal sealed class ArchiveNotes(RepositoryContext context, IOperationObserver observer, WriteArchiveOptions options)
{
    private readonly DateTimeOffset started = context.Clock.GetUtcNow();
    private long? began;

    /// <summary>The number of the newest run when this one began; 0 for none.</summary>
    public void Begin(ArchiveRuns runs) => began = runs.Last?.Number ?? 0;

    public Task NoteSuccessAsync(ArchiveManifest manifest) => options.IsExtract ? Task.CompletedTask : GuardAsync(async () =>
    {
        var unread = (Events: FindUnread(manifest, ArchiveContent.Event), Trends: FindUnread(manifest, ArchiveContent.Trend));
        AttemptState Note(AttemptState before) => NoteArchive(before, unread.Events, unread.Trends);
        var seen = await context.Attempts.ReadAsync(options.Device, CancellationToken.None).ConfigureAwait(false);
        if (Note(seen.State).Archive != seen.State.Archive)
        {
            await context.Attempts.ChangeAsync(seen, options.Device, Note, CancellationToken.None).ConfigureAwait(false);
        }
    });

    public async Task NoteFailureAsync(Exception exception)
    {
        // Who asks for archives of everything gets that answer of a device that never had any, each time.
        var errorId = (exception as EdgeBackupException)?.ErrorId ?? exception.GetType().Name;
        if (options.IsExtract || (errorId == ErrorIds.ArchiveNotSupported && began == 0))
        {
            return;
        }

        await GuardAsync(async () =>
        {
            // Another run may have archived the same records meanwhile and noted what became of it, or this one failed when it was recorded.
            if (!await HasRunSinceAsync().ConfigureAwait(false))
            {
                await context.Attempts.ChangeAsync(seen: null, options.Device, before => Count(before, errorId, exception.Message), CancellationToken.None).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>A run ends what failed before, and of what was left unread what it wanted: one that reads only the events says nothing of a trend log that waits.</summary>
    private AttemptState NoteArchive(AttemptState before, string? unreadEvents, string? unreadTrends)
    {
        var events = options.Wants(ArchiveContent.Event) ? unreadEvents : before.Archive?.UnreadEvents;
        var trends = options.Wants(ArchiveContent.Trend) ? unreadTrends : before.Archive?.UnreadTrends;
        if ((events ?? trends) is not { } waits)
        {
            return End(before);
        }

        var counted = (unreadEvents ?? unreadTrends) is { } left
            ? Count(before, errorId: null, left)
            : before with { Archive = before.Archive! with { ErrorId = null, Reason = waits } };
        return counted with { Archive = counted.Archive! with { UnreadEvents = events, UnreadTrends = trends } };
    }

    /// <summary>Runs that fail and runs that leave a log unread are one row: a device that does now one and now the other is no news each time.</summary>
    private AttemptState Count(AttemptState before, string? errorId, string reason)
    {
        var archive = before.Archive ?? new ArchiveAttempts();
        return before with
        {
            Archive = archive with
            {
                FailingSince = archive.FailingSince ?? started,
                ConsecutiveFailures = archive.ConsecutiveFailures + 1,
                ErrorId = errorId,
                Reason = reason,
            },
        };
    }

    private static string? FindUnread(ArchiveManifest manifest, ArchiveContent content)
    {
        var gaps = manifest.Gaps.Where(gap => gap.Pending == true && gap.Content == content).ToList();
        return gaps.Count == 0 ? null : $"The archive was written, but {GapSentence.Of(gaps[0])}{(gaps.Count > 1 ? $" So it is with {gaps.Count - 1} more." : "")}";
    }

    /// <summary>What was told is kept until its end is told.</summary>
    private static AttemptState End(AttemptState before) =>
        before with { Archive = before.Archive?.FailureTold is { } told ? new ArchiveAttempts { FailureTold = told } : null };

    private async Task<bool> HasRunSinceAsync()
    {
        try
        {
            return began is { } number
                && await (await ArchiveRuns.LoadAsync(context, options.Device, CancellationToken.None).ConfigureAwait(false))
                    .FromAsync(number + 1, CancellationToken.None).AnyAsync(run => !run.Extract).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            observer.Verbose($"{options.Device}: whether another run has archived it meanwhile could not be found out: {exception.Message}");
            return false;
        }
    }

    private async Task GuardAsync(Func<Task> note)
    {
        try
        {
            await note().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{options.Device}: what became of the archive could not be written down for notifications: {exception.Message}");
        }
    }
}
