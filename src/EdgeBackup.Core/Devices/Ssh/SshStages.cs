using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>A stage that was found on a device.</summary>
/// <param name="Path">As the script names it.</param>
/// <param name="Session">The restore session's id.</param>
/// <param name="Mark">How far its restore got: empty (nothing was done to the device), or one of those below.</param>
internal sealed record FoundStage(string Path, string Session, string Mark)
{
    /// <summary>The type's commands before a restore have begun.</summary>
    public const string Prepared = "prepared";

    /// <summary>The swap has begun; it holds the old state.</summary>
    public const string Committing = "committing";

    /// <summary>The old state was brought back; the type's commands after a restore are still to come.</summary>
    public const string Undone = "undone";

    /// <summary>First word: one of the type's commands after a restore was begun for the old state; <see cref="SshAfterRestore"/> says which.</summary>
    public const string Starting = "starting";

    /// <summary>Whether a restore that died there leaves the device other than it was.</summary>
    public static bool IsUnfinished(string mark) => mark is Prepared or Committing or Undone || mark.StartsWith(Starting + " ", StringComparison.Ordinal);
}

/// <summary>
/// The stages of restores on a device: where they stand, whether somebody still works in them, and what becomes of those
/// that were left. A stage stands beside the root, or in a folder beside what is restored, always on its file system.
/// </summary>
internal sealed partial class SshStages(SshTarget target, SshScope scope)
{
    /// <summary>A dead session of somebody else's is left alone for so long, as docs/device-api.md has it for open restores.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);

    private readonly SshAfterRestore after = new(target);

    /// <summary>The folders in which a stage may stand, the best one first.</summary>
    public IReadOnlyList<string> Places(string root)
    {
        var starts = scope.Starts;
        var places = new List<string>();
        if (starts.Count > 0)
        {
            places.AddRange(starts.Select(start => SshItems.Parent(start)).Select(RemoteListing.Name).Distinct(StringComparer.Ordinal));
        }
        else if (root != "/")
        {
            places.Add(ParentOf(root));
        }

        places.Add(".");
        return [.. places.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>What a session's stage in a place is called; beside the root it carries the root's name, since others may stand there.</summary>
    public static string NameIn(string place, string root, string session) =>
        place.TrimEnd('/') + (IsBeside(place) ? $"/.{root[(root.LastIndexOf('/') + 1)..]}.edgebackup-{session}" : $"/.edgebackup-{session}");

    /// <summary>The stages of this device.</summary>
    public async Task<IReadOnlyList<FoundStage>> FindAsync(SshShell shell, CancellationToken cancellationToken)
    {
        var root = shell.Greeting.Root;
        await shell.SendAsync("names", [.. Places(root)], cancellationToken).ConfigureAwait(false);
        var found = new List<FoundStage>();
        while (await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false) is var path && path != shell.Token)
        {
            var mark = (await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false)).Trim();
            var slash = path.LastIndexOf('/');
            if (Session().Match(path) is { Success: true } match && path == NameIn(slash == 0 ? "/" : path[..slash], root, match.Groups["id"].Value))
            {
                found.Add(new FoundStage(path, match.Groups["id"].Value, mark));
            }
        }

        return found;
    }

    /// <summary>
    /// Ends restores that died in the middle: brings the old state back where a swap was interrupted, and runs the type's
    /// commands after a restore, since those before it may have stopped the very service that the device is for; not while
    /// something runs on the device, which works then, and not where nobody knows the type. Waits a little where a swap is
    /// in progress.
    /// </summary>
    /// <exception cref="EdgeBackupException">
    /// DeviceBusy: a swap goes on for too long. RestoreFailed: the old state cannot be brought back, or one of the commands
    /// failed, which is told once. DeviceUnreachable: one of the commands ended the connection.
    /// </exception>
    public async Task RecoverAsync(SshShell shell, SshStatus status, CancellationToken cancellationToken)
    {
        foreach (var stage in (await FindAsync(shell, cancellationToken).ConfigureAwait(false)).Where(stage => FoundStage.IsUnfinished(stage.Mark)))
        {
            var isSwapping = stage.Mark == FoundStage.Committing;
            var mark = await WaitUntilDeadAsync(shell, stage.Path, isSwapping ? target.Options.SilenceLimit : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            if (mark is null && isSwapping)
            {
                throw Busy("is being put in place just now");
            }

            if (mark == FoundStage.Committing)
            {
                await UndoAsync(shell, stage.Path, cancellationToken).ConfigureAwait(false);
                mark = FoundStage.Undone;
            }

            // The stage keeps the note for a contact that may.
            if (mark is not null && target.Options.Definition is not null
                && (!FoundStage.IsUnfinished(mark) || !await after.MustWaitAsync(shell, status, stage.Path, cancellationToken).ConfigureAwait(false)))
            {
                await ClearAsync(shell, stage.Path, mark, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Drops what dead sessions left behind, and refuses to begin beside a living one or somebody else's.</summary>
    /// <exception cref="EdgeBackupException">DeviceBusy.</exception>
    public async Task DropDeadAsync(SshShell shell, string own, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        var left = new List<string>();
        string? mark;
        foreach (var stage in await FindAsync(shell, cancellationToken).ConfigureAwait(false))
        {
            if (stage.Session == own)
            {
                continue;
            }

            var isOwn = await journal.IsOwnAsync(stage.Session, cancellationToken).ConfigureAwait(false);
            if (isOwn)
            {
                // Its command is dead; what it left running on the device may not have noticed yet.
                mark = await WaitUntilDeadAsync(shell, stage.Path, TimeSpan.FromSeconds(10), cancellationToken, isEvicted: true).ConfigureAwait(false);
                if (mark is null)
                {
                    throw Busy("of ours was left open and its processes on the device do not end");
                }
            }
            else if ((mark = await ReadAliveAsync(shell, stage.Path, cancellationToken).ConfigureAwait(false)) is null)
            {
                throw Busy("is open");
            }
            else if (await ReadAgeAsync(shell, stage.Path, cancellationToken).ConfigureAwait(false) < Lifetime)
            {
                throw Busy("by somebody else was left open");
            }

            // Looked at when nobody worked in it any more: a command that was killed may have come to its swap only now.
            if (!await ClearAsync(shell, stage.Path, mark, cancellationToken).ConfigureAwait(false))
            {
                // By its note the next restore knows whose it is.
                left.Add(stage.Session);
            }
            else if (isOwn)
            {
                await journal.ClosedAsync(stage.Session, cancellationToken).ConfigureAwait(false);
            }
        }

        // A contact that undid an interrupted swap had no journal.
        await journal.ClosedAllButAsync(left, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says that a stage stays for now.</summary>
    public void TraceLeft(string stage, string words) =>
        target.Options.Trace?.Invoke($"The stage {stage} could not be removed ({words}); the next restore will try again.");

    /// <summary>Makes a session's stage in the first place on the right file system that takes it.</summary>
    /// <exception cref="EdgeBackupException">RestoreFailed: none does.</exception>
    public async Task<string> PrepareAsync(SshShell shell, string session, string volume, CancellationToken cancellationToken)
    {
        var root = shell.Greeting.Root;
        var places = Places(root);
        var looks = await RemoteListing.LookAsync(shell, [.. places.Select(RemoteEntry.Plain)], cancellationToken).ConfigureAwait(false);
        var fit = places.Where(place => looks.TryGetValue(RemoteEntry.Plain(place), out var entry) && entry.Type == FileEntryType.Directory && entry.Volume == volume).ToList();
        var words = "nothing there is on the same file system as what is restored";
        if (fit.Count > 0)
        {
            await shell.SendAsync("prepare", [.. fit.Select(place => NameIn(place, root, session))], cancellationToken).ConfigureAwait(false);
            var stage = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            if (stage.Length > 0)
            {
                return stage;
            }
        }

        throw target.Errors.Create(
            ErrorIds.RestoreFailed,
            $"nothing can be staged on it{SshErrors.Detail(words)}. A restore stages beside '{root}', or in it, and moves into place: its user must be able to write there. Nothing was changed");
    }

    /// <summary>Says in a stage that the type's commands before a restore are about to run.</summary>
    /// <exception cref="EdgeBackupException">RestoreFailed: it cannot be written.</exception>
    public async Task MarkPreparedAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        if (await MarkAsync(shell, stage, FoundStage.Prepared, cancellationToken).ConfigureAwait(false) is { } words)
        {
            throw target.Errors.Create(ErrorIds.RestoreFailed, $"its stage cannot be written to{SshErrors.Detail(words)}. Nothing was changed");
        }
    }

    /// <summary>Says in a stage how far its restore has got.</summary>
    /// <returns>Null when it stands there; else why not.</returns>
    public static async Task<string?> MarkAsync(SshShell shell, string stage, string mark, CancellationToken cancellationToken)
    {
        await shell.SendAsync("mark", [stage, mark], cancellationToken).ConfigureAwait(false);
        var code = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        return code == "0" ? null : words;
    }

    /// <summary>Lets the device work on with its old state, by what its stage says was done for that.</summary>
    /// <exception cref="EdgeBackupException">RestoreFailed: a command failed. DeviceUnreachable: one ended the connection.</exception>
    public async Task WorkOnAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        await shell.SendAsync("alive", [stage], cancellationToken).ConfigureAwait(false);
        await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var mark = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        await after.RunAsync(shell, stage, mark.Trim(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes a stage for which nothing is left to do; one whose swap was interrupted stays.</summary>
    /// <returns>Null when it is gone; else why not.</returns>
    public static async Task<string?> DiscardAsync(SshShell shell, string stage, CancellationToken cancellationToken, bool isDone = false)
    {
        await shell.SendAsync(isDone ? "settle" : "discard", [stage], cancellationToken).ConfigureAwait(false);
        var answer = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        return answer == "gone" ? null : words.Length > 0 ? words : "it is still there";
    }

    /// <summary>Undoes what a swap did.</summary>
    /// <exception cref="EdgeBackupException">RestoreFailed: the old state cannot be brought back.</exception>
    public async Task RevertAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        await shell.SendAsync("revert", [stage], cancellationToken).ConfigureAwait(false);
        var code = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        if (code != "0")
        {
            throw target.Errors.Create(
                ErrorIds.RestoreFailed,
                $"its old state could not be brought back{SshErrors.Detail(words)}. What was there is kept in '{stage}/old', and '{stage}/journal' says what belongs where; the next command that contacts the device tries again");
        }
    }

    /// <summary>Waits until nobody works in a stage.</summary>
    /// <param name="shell">The device's.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="limit">How long.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="isEvicted">Whether those who work in it are told to end, each time: in a swap they do not listen.</param>
    /// <returns>Its mark then; null when the time is over.</returns>
    public async Task<string?> WaitUntilDeadAsync(SshShell shell, string stage, TimeSpan limit, CancellationToken cancellationToken, bool isEvicted = false)
    {
        var started = target.Clock.GetTimestamp();
        while (true)
        {
            if (isEvicted)
            {
                await shell.SendAsync("evict", [stage], cancellationToken).ConfigureAwait(false);
                await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            }

            var mark = await ReadAliveAsync(shell, stage, cancellationToken).ConfigureAwait(false);
            if (mark is not null || target.Clock.GetElapsedTime(started) >= limit)
            {
                return mark;
            }

            await Task.Delay(BetweenLooks, target.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the restore of a dead session, and removes its stage.</summary>
    /// <returns>Whether the stage is gone.</returns>
    private async Task<bool> ClearAsync(SshShell shell, string stage, string mark, CancellationToken cancellationToken)
    {
        if (mark == FoundStage.Committing)
        {
            await UndoAsync(shell, stage, cancellationToken).ConfigureAwait(false);
        }

        EdgeBackupException? failure = null;
        try
        {
            if (FoundStage.IsUnfinished(mark))
            {
                await after.RunAsync(shell, stage, mark, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (EdgeBackupException exception) when (exception.ErrorId != ErrorIds.DeviceUnreachable)
        {
            // Behind a connection that broke others may come, behind a command that failed nothing does: it would keep the restore off that mends it.
            failure = exception;
        }

        var words = await DiscardAsync(shell, stage, cancellationToken).ConfigureAwait(false);
        if (words is not null)
        {
            TraceLeft(stage, words);
        }

        return failure is null ? words is null : throw failure;
    }

    private async Task UndoAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        await RevertAsync(shell, stage, cancellationToken).ConfigureAwait(false);
        target.Options.Trace?.Invoke($"An interrupted restore was undone; its stage was {stage}.");
    }

    private static bool IsBeside(string place) => place.StartsWith('/');

    private static string ParentOf(string root) => root.LastIndexOf('/') is > 0 and var slash ? root[..slash] : "/";

    /// <returns>Null while somebody works in it; else its mark.</returns>
    private static async Task<string?> ReadAliveAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        await shell.SendAsync("alive", [stage], cancellationToken).ConfigureAwait(false);
        var answer = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var mark = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        return answer == "alive" ? null : mark.Trim();
    }

    /// <summary>By the device's own clock. A stage without a lock, or one that tells no time, is as good as new.</summary>
    private static async Task<TimeSpan> ReadAgeAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        var looks = await RemoteListing.LookAsync(shell, [stage + "/lock", stage], cancellationToken).ConfigureAwait(false);
        return looks.Values.Select(entry => entry.Modified).Max() is { } modified ? shell.Greeting.Time - modified : TimeSpan.Zero;
    }

    private EdgeBackupException Busy(string how) => new(
        ErrorIds.DeviceBusy,
        $"Another restore of '{target.Errors.Device}' {how}. Wait until it has ended; one that was left open is dropped after {Lifetime.TotalMinutes:0} minutes.",
        target.Errors.Device);

    [GeneratedRegex(@"edgebackup-(?<id>[0-9a-f]{16})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Session();
}
