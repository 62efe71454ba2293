using System.Globalization;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>What a session works on.</summary>
/// <param name="Plan">What is sent.</param>
/// <param name="Journal">Remembers the session.</param>
/// <param name="Session">Its id.</param>
/// <param name="Stage">Its stage, as the script names it.</param>
/// <param name="State">What stood on the device when it began.</param>
/// <param name="Unchanged">The files and links that are the same already.</param>
internal sealed record SshRestoreWork(RestorePlan Plan, IRestoreJournal Journal, string Session, string Stage, RemoteState State, IReadOnlyDictionary<string, RemoteEntry> Unchanged);

/// <summary>Stages what differs, moves it into place keeping what was there, proves it, and brings the old back where that fails.</summary>
internal sealed class SshRestoreSession : IRestoreSession
{
    private static readonly TimeSpan TouchEvery = TimeSpan.FromSeconds(30);

    private readonly SshTarget target;
    private readonly SshStages stages;
    private readonly SshRestoreOpener opener;
    private readonly Func<CancellationToken, Task<SshShell>> openAsync;
    private readonly SshRestoreWork work;
    private readonly SshUpload upload;
    private readonly Dictionary<string, int> missing = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim oneAtATime = new(1, 1);
    private SshShell? shell;
    private long touched;
    private bool isPrepared;
    private bool isEnded;

    public SshRestoreSession(
        SshTarget target, SshStages stages, SshRestoreOpener opener, Func<CancellationToken, Task<SshShell>> openAsync, SshRestoreWork work, SshShell shell, SshUpload upload)
    {
        this.target = target;
        this.stages = stages;
        this.opener = opener;
        this.openAsync = openAsync;
        this.work = work;
        this.shell = shell;
        this.upload = upload;
        touched = target.Clock.GetTimestamp();
        for (var index = 0; index < work.Plan.Items.Count; index++)
        {
            missing.Add(work.Plan.Items[index].Saved.Item.Path, index);
        }
    }

    /// <summary>Called when a swap failed, before it is undone; a test ends everything here, as the death of the process would.</summary>
    internal Func<Task>? OnSwapBroken { get; set; }

    private DeviceCommands Commands => target.Options.Definition?.Commands ?? new DeviceCommands();

    public async Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isEnded, this);
            if (!missing.TryGetValue(item.Item.Path, out var index))
            {
                throw target.Errors.Create(ErrorIds.RestoreFailed, $"the item '{item.Item.Path}' was not announced, or was sent twice. Start the restore again");
            }

            await TouchAsync(cancellationToken).ConfigureAwait(false);
            if (item.Item.Type != ItemType.Directory && !work.Unchanged.ContainsKey(item.Item.Path))
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"n/{index}");
                await upload.SendAsync(name, item, content, SshSwapPlan.OwnerOf(item.Item.Path, work.State.Entries), cancellationToken).ConfigureAwait(false);
            }

            missing.Remove(item.Item.Path);
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    public async Task<RestoreCommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isEnded, this);
            if (missing.Count > 0)
            {
                throw target.Errors.Create(
                    ErrorIds.RestoreFailed,
                    $"the restore cannot be committed: {missing.Count} items are missing, the first is '{missing.Keys.Order(StringComparer.Ordinal).First()}'. Start it again");
            }

            var used = shell ??= await openAsync(cancellationToken).ConfigureAwait(false);
            var plan = await CompleteStageAsync(used, cancellationToken).ConfigureAwait(false);
            // The last moment at which the device can be asked: its type may stop the very service that answers.
            await opener.RefuseUnlessIdleAsync(used, cancellationToken).ConfigureAwait(false);
            if (Commands.BeforeRestore.Count > 0)
            {
                // They may stop what the device is for: whoever comes after a power failure must know that it is to be started again.
                await stages.MarkPreparedAsync(used, work.Stage, cancellationToken).ConfigureAwait(false);
            }

            isPrepared = true;
            await SshCommands.RunAsync(used, target, Commands.BeforeRestore, ErrorIds.RestoreFailed, "before a restore", cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();

            // From here on it is done or undone, not given up: cancelling in the middle of a swap would only leave more to recover.
            await SwapAsync(plan).ConfigureAwait(false);
            await EndAsync(isDone: true).ConfigureAwait(false);
            return RestoreCommitOutcome.Completed;
        }
        catch (InvalidDataException exception)
        {
            throw target.Errors.Create(ErrorIds.RestoreFailed, $"it was not restored and holds its old state: it cannot be listed: {exception.Message}", exception);
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    public async Task AbortAsync(CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!isEnded)
            {
                await EndAsync(isDone: false).ConfigureAwait(false);
            }
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await AbortAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            target.Options.Trace?.Invoke($"{exception.Message} The stage {work.Stage} is left for the next restore.");
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
            oneAtATime.Dispose();
        }
    }

    /// <summary>Ends ssh and leaves everything as it is, as the death of the process would.</summary>
    internal async Task KillAsync()
    {
        isEnded = true;
        shell?.Kill();
        await upload.DisposeAsync().ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Sends the journal of the swap behind everything else, and hears that all has arrived.</summary>
    private async Task<SshSwapPlan> CompleteStageAsync(SshShell used, CancellationToken cancellationToken)
    {
        var now = await opener.ListAsync(used, cancellationToken).ConfigureAwait(false);
        foreach (var (path, entry) in work.Unchanged)
        {
            if (!now.Entries.TryGetValue(path, out var still) || !still.IsSameAs(entry))
            {
                throw target.Errors.Create(
                    ErrorIds.RestoreFailed,
                    $"'{path}' was written to while it was restored. Nothing was changed; stop what writes to it, for instance with commands before the restore in its type, then try again");
            }
        }

        SshSwapPlan.Check(work.Plan, now.Entries, target.Errors.Device);
        var paths = work.Plan.Items.Select(item => item.Saved.Item.Path);
        var folders = await SshRestoreOpener.FindFoldersAsync(used, paths, now, cancellationToken).ConfigureAwait(false);
        var plan = SshSwapPlan.Make(work.Plan, work.Unchanged.Keys.ToHashSet(StringComparer.Ordinal), now.Entries, now.Items, folders.Keys.ToHashSet(StringComparer.Ordinal));
        await upload.SendAsync("journal", SshSwapPlan.Journal(plan.Steps), cancellationToken).ConfigureAwait(false);
        await upload.SendAsync("undo", SshSwapPlan.Journal(plan.Steps.Reverse()), cancellationToken).ConfigureAwait(false);
        await upload.SendAsync("folders-before.tar", await plan.FoldersBeforeAsync().ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await upload.SendAsync("folders.tar", await plan.FoldersAsync().ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await upload.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return plan;
    }

    private async Task SwapAsync(SshSwapPlan plan)
    {
        var swap = new SshSwap(target, stages, openAsync, work, shell!);
        try
        {
            await swap.RunAsync(plan, OnSwapBroken).ConfigureAwait(false);
        }
        catch when (swap.IsLeftToOthers)
        {
            // Nothing of the stage may go: it holds the old state, and the next contact brings it back.
            isEnded = true;
            throw;
        }
        finally
        {
            shell = swap.Shell;
            isPrepared &= !swap.IsEnded;
        }
    }

    /// <summary>Removes the stage, lets the device's services work on, and forgets the session.</summary>
    private async Task EndAsync(bool isDone)
    {
        isEnded = true;
        await upload.DisposeAsync().ConfigureAwait(false);
        if (shell is null || shell.IsBroken)
        {
            await CloseAsync().ConfigureAwait(false);
            shell = await openAsync(CancellationToken.None).ConfigureAwait(false);
        }

        try
        {
            if (!isDone && isPrepared)
            {
                await stages.WorkOnAsync(shell, work.Stage, CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            if (await SshStages.DiscardAsync(shell, work.Stage, CancellationToken.None, isDone).ConfigureAwait(false) is { } words)
            {
                stages.TraceLeft(work.Stage, words);
            }
            else
            {
                await work.Journal.ClosedAsync(work.Session, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Shows others that the session lives.</summary>
    private async Task TouchAsync(CancellationToken cancellationToken)
    {
        if (target.Clock.GetElapsedTime(touched) > TouchEvery && shell is not null)
        {
            touched = target.Clock.GetTimestamp();
            await shell.SendAsync("touch", [work.Stage + "/lock"], cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CloseAsync()
    {
        if (shell is not null)
        {
            await shell.DisposeAsync().ConfigureAwait(false);
            shell = null;
        }
    }
}
