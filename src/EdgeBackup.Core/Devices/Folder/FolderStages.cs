using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>
/// The stages beside a folder. Each has a lock file that its session holds open: who can open it knows that the
/// session is dead.
/// </summary>
internal sealed partial class FolderStages(FolderPaths paths, IPlatform platform, TimeProvider timeProvider, Action<string>? trace)
{
    /// <summary>A dead session of somebody else's is left alone for so long, as docs/device-api.md has it for open restores.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>So long a session may take from its lock to its stage.</summary>
    private static readonly TimeSpan TimeToBegin = TimeSpan.FromMinutes(1);

    private const int RecoveryTries = 50;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    /// <summary>Opens a session's lock, making it where it is not.</summary>
    /// <returns>Null while another holds it.</returns>
    public FileStream? TryLock(string session)
    {
        try
        {
            return new FileStream(paths.Lock(session), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception is not DirectoryNotFoundException && File.Exists(paths.Lock(session)))
        {
            return null;
        }
    }

    /// <summary>Completes or rolls back a swap that a crash interrupted; waits a little where it is in progress.</summary>
    /// <exception cref="EdgeBackupException">DeviceBusy: the swap goes on for too long.</exception>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        var swap = new FolderSwap(paths, platform);
        for (var attempt = 1; swap.Interrupted() is { } journal; attempt++)
        {
            if (TryLock(journal.Session) is { } held)
            {
                await using (held.ConfigureAwait(false))
                {
                    // Looked at again: the session may have ended between the two.
                    if (swap.Interrupted() is { } still && still.Session == journal.Session)
                    {
                        swap.Recover(still);
                    }

                    Remove(journal.Session);
                }

                RemoveLock(journal.Session);
                return;
            }

            if (attempt == RecoveryTries)
            {
                throw Busy("is being put in place just now");
            }

            await Task.Delay(BetweenTries, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Drops what dead sessions left behind, and refuses to begin beside a living one or somebody else's.</summary>
    /// <param name="own">The session that is about to begin; it holds its lock.</param>
    /// <param name="journal">Tells our own sessions.</param>
    /// <param name="cancellationToken">Ends the work between two sessions.</param>
    /// <exception cref="EdgeBackupException">DeviceBusy.</exception>
    public async Task DropDeadAsync(string own, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        foreach (var session in Sessions().Where(session => session != own))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var lastCall = LastCall(session);
            bool isOwn;
            using (var held = TryLock(session) ?? throw Busy("is open"))
            {
                // A lock with nothing beside it: whoever cleared up was killed before the last step. On a share that passes no
                // locks on it may be of one that is about to begin.
                isOwn = await journal.IsOwnAsync(session, cancellationToken).ConfigureAwait(false);
                if (!isOwn && timeProvider.GetUtcNow() - lastCall < (HasTree(session) ? Lifetime : TimeToBegin))
                {
                    throw Busy("by somebody else was left open");
                }

                Remove(session);
            }

            // Forgotten last: what is still there when this process dies is still known to be ours.
            RemoveLock(session);
            if (isOwn)
            {
                await journal.ClosedAsync(session, cancellationToken).ConfigureAwait(false);
            }
        }

        // A contact that undid an interrupted swap had no journal, and a session may have been cleared up and not forgotten.
        await journal.ClosedAllButAsync([], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes a session's trees; its lock stays. Where the folder itself is gone they may be all that is left, and stay.</summary>
    public void Remove(string session)
    {
        if (platform.Stat(paths.Root) is null)
        {
            return;
        }

        FolderRemoval.RemoveTree(paths.Stage(session), paths.Root, platform);
        FolderRemoval.RemoveTree(paths.Old(session), paths.Root, platform);
    }

    /// <summary>
    /// Removes a session's lock, the last that is left of it. Where another has it open just then, to see whether the session
    /// lives, it stays: a lock with nothing beside it keeps nobody waiting, and goes with the next restore.
    /// </summary>
    public void RemoveLock(string session)
    {
        try
        {
            File.Delete(paths.Lock(session));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            trace?.Invoke($"'{paths.Lock(session)}' could not be removed ({exception.Message.TrimEnd('.')}); the next restore will try again.");
        }
    }

    private bool HasTree(string session) => platform.Stat(paths.Stage(session)) is not null || platform.Stat(paths.Old(session)) is not null;

    private DateTimeOffset LastCall(string session) =>
        (platform.Stat(paths.Lock(session)) ?? platform.Stat(paths.Stage(session)) ?? platform.Stat(paths.Old(session)))?.Modified
        ?? DateTimeOffset.MinValue;

    private List<string> Sessions() =>
        [.. Directory.EnumerateFileSystemEntries(paths.Parent!)
            .Select(Path.GetFileName)
            .Where(name => name!.StartsWith(paths.Prefix, StringComparison.Ordinal))
            .Select(name => SessionName().Match(name![paths.Prefix.Length..]))
            .Where(match => match.Success)
            .Select(match => match.Groups["id"].Value)
            .Distinct(StringComparer.Ordinal)];

    private EdgeBackupException Busy(string how) => new(
        ErrorIds.DeviceBusy,
        $"Another restore of '{paths.Root}' {how}. Wait until it has ended; one that was left open is dropped after {Lifetime.TotalMinutes:0} minutes.",
        paths.Root);

    [GeneratedRegex(@"\A(?<id>[0-9a-f]{16})(\.old|\.lock)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex SessionName();
}
