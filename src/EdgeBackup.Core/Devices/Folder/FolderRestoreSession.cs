using System.Security.Cryptography;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>What a session works with.</summary>
internal sealed record FolderRestoreContext(
    FolderPaths Paths,
    RestorePlan Plan,
    ItemRuleSet Rules,
    IRestoreJournal Journal,
    FolderStages Stages,
    bool IsCaseSensitive,
    IPlatform Platform,
    TimeProvider TimeProvider,
    Func<CancellationToken, Task<DeviceStatus>> ReadStatusAsync,
    Action<string>? Trace,
    Action<string>? OnSwapStep);

/// <summary>Builds the whole new state beside the folder, then swaps.</summary>
internal sealed class FolderRestoreSession : IRestoreSession
{
    private static readonly TimeSpan TouchEvery = TimeSpan.FromSeconds(30);

    private readonly FolderRestoreContext context;
    private readonly string session;
    private readonly FileStream held;
    private readonly FolderTreeWriter writer;
    private readonly string root;
    private readonly HashSet<string> missing;
    private readonly Dictionary<string, FileEntry> linked = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim oneAtATime = new(1, 1);
    private DateTimeOffset touched;
    private bool isEnded;

    public FolderRestoreSession(FolderRestoreContext context, string session, FileStream held)
    {
        this.context = context;
        this.session = session;
        this.held = held;
        root = context.Paths.Root;
        writer = new FolderTreeWriter(context.Paths.Stage(session), context.Platform, new FolderTreeWriterOptions { IsDurable = true, IsStage = true });
        missing = context.Plan.Items.Select(item => item.Saved.Item.Path).ToHashSet(StringComparer.Ordinal);
    }

    public async Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isEnded, this);
            if (!missing.Contains(item.Item.Path))
            {
                throw new EdgeBackupException(
                    ErrorIds.RestoreFailed,
                    $"The item '{item.Item.Path}' was not announced, or was sent twice. Start the restore again.",
                    item.Item.Path);
            }

            Touch();
            if (item.Item.Type != ItemType.File || !await TryLinkUnchangedAsync(item, cancellationToken).ConfigureAwait(false))
            {
                await writer.WriteAsync(item, content, cancellationToken).ConfigureAwait(false);
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
                throw new EdgeBackupException(
                    ErrorIds.RestoreFailed,
                    $"The restore of '{root}' cannot be committed: {missing.Count} items are missing, the first is '{missing.Order(StringComparer.Ordinal).First()}'. Start it again.",
                    root);
            }

            await RefuseUnlessIdleAsync(cancellationToken).ConfigureAwait(false);
            await CompleteStageAsync(cancellationToken).ConfigureAwait(false);
            var transactions = await TakeOverTransactionsAsync(cancellationToken).ConfigureAwait(false);
            RefuseChangedLinks();
            await RefuseUnlessIdleAsync(cancellationToken).ConfigureAwait(false);

            // From here on it is done, not given up: cancelling in the middle of a swap would only leave more to recover.
            Swap(transactions);
            await EndAsync().ConfigureAwait(false);
            return RestoreCommitOutcome.Completed;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failed(exception);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.CaptureFailed)
        {
            throw Failed(exception);
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
                var swap = new FolderSwap(context.Paths, context.Platform);
                if (swap.Interrupted() is { } journal && journal.Session == session)
                {
                    swap.Recover(journal);
                }

                await EndAsync().ConfigureAwait(false);
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
        finally
        {
            await ReleaseLockAsync().ConfigureAwait(false);
            oneAtATime.Dispose();
        }
    }

    /// <summary>Lets the lock go and leaves everything as it is, as the death of the process would.</summary>
    internal ValueTask ReleaseLockAsync() => held.DisposeAsync();

    /// <summary>
    /// A file that is the same already keeps being the same file. Only where its times and mode are the same too: they
    /// belong to the file and not to its name, and nothing may change on the device before the commit.
    /// </summary>
    private async Task<bool> TryLinkUnchangedAsync(SavedItem item, CancellationToken cancellationToken)
    {
        var path = item.Item.Path;
        var live = FolderWalker.FullPath(root, path);
        if (HasLinkedParent(path)
            || context.Platform.Stat(live) is not { Type: FileEntryType.File } entry
            || entry.Length != item.Item.Length
            || (item.Item.Modified is { } modified && modified != entry.Modified)
            || (item.Item.UnixMode is { } mode && entry.UnixMode is { } liveMode && mode != liveMode)
            || (context.Platform.HasWindowsNames && entry.ReadOnly != item.Item.ReadOnly))
        {
            return false;
        }

        try
        {
            var stream = new FileStream(live, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            await using (stream.ConfigureAwait(false))
            {
                var digest = await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false);
                if (Convert.ToHexStringLower(digest) != item.Digest)
                {
                    return false;
                }
            }

            // Looked at under the new name: whatever happened to the old one meanwhile, this is the file that was linked.
            var staged = FolderWalker.FullPath(writer.Root, path);
            if (!writer.TryLink(live, path))
            {
                return false;
            }

            if (context.Platform.Stat(staged) is { } now && now.FileId == entry.FileId && now.Length == entry.Length && now.Modified == entry.Modified)
            {
                linked[path] = entry;
                return true;
            }

            File.Delete(staged);
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not readable here and now: the bytes from the backup will do.
            context.Trace?.Invoke($"'{path}' cannot be compared ({exception.Message.TrimEnd('.')}), so that it is written anew.");
            return false;
        }
    }

    private bool HasLinkedParent(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (context.Platform.Stat(FolderWalker.FullPath(root, path[..slash])) is not { Type: FileEntryType.Directory })
            {
                return true;
            }
        }

        return false;
    }

    private void RefuseChangedLinks()
    {
        foreach (var (path, entry) in linked)
        {
            var now = context.Platform.Stat(FolderWalker.FullPath(writer.Root, path));
            if (now is null || now.Length != entry.Length || now.Modified != entry.Modified)
            {
                throw new EdgeBackupException(
                    ErrorIds.RestoreFailed,
                    $"'{path}' was written to while it was restored. Nothing was changed; stop what writes to '{root}', then try again.",
                    path);
            }
        }
    }

    private async Task RefuseUnlessIdleAsync(CancellationToken cancellationToken)
    {
        var status = await context.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin);
        if (!decision.IsIdle)
        {
            throw decision.ToException(status.Identity.Id);
        }
    }

    private async Task CompleteStageAsync(CancellationToken cancellationToken)
    {
        var carryOver = new FolderCarryOver(root, context.Plan, context.Rules, context.IsCaseSensitive, writer, context.Platform);
        await carryOver.RunAsync(cancellationToken).ConfigureAwait(false);
        writer.Finish();
    }

    /// <summary>The last thing before the swap, so that the device's list is as fresh as can be.</summary>
    /// <returns>The signature of what was taken over.</returns>
    private async Task<string?> TakeOverTransactionsAsync(CancellationToken cancellationToken)
    {
        if (context.Platform.Stat(Path.Combine(root, FolderDevice.TransactionsFile)) is { } entry)
        {
            var carryOver = new FolderCarryOver(root, context.Plan, context.Rules, context.IsCaseSensitive, writer, context.Platform);
            await carryOver.CarryAsync(FolderDevice.TransactionsFile, entry, cancellationToken).ConfigureAwait(false);
        }

        var live = context.Platform.Stat(root) ?? throw new IOException($"The folder '{root}' is gone.");
        context.Platform.FlushDirectory(writer.Root);
        if (!OperatingSystem.IsWindows() && live.UnixMode is { } mode)
        {
            File.SetUnixFileMode(writer.Root, (UnixFileMode)mode);
        }

        Directory.SetLastWriteTimeUtc(writer.Root, live.Modified.UtcDateTime);
        return FolderSwap.SignatureOf(writer.Root, context.Platform);
    }

    private void Swap(string? transactions)
    {
        var swap = new FolderSwap(context.Paths, context.Platform, context.OnSwapStep);
        try
        {
            swap.Run(session, transactions);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            bool isDone;
            try
            {
                isDone = swap.Interrupted() is { } journal && swap.Recover(journal);
            }
            catch (Exception second) when (second is (IOException or UnauthorizedAccessException) && !Directory.Exists(root))
            {
                throw new EdgeBackupException(
                    ErrorIds.RestoreFailed,
                    $"The folder '{root}' could not be put back in its place ({second.Message.TrimEnd('.')}). Its old state is whole at '{context.Paths.Old(session)}'; the next command that contacts the device moves it back, or rename it by hand.",
                    root,
                    second);
            }

            if (!isDone)
            {
                throw;
            }

            context.Trace?.Invoke($"The swap was completed after an error: {exception.Message}");
        }
    }

    /// <summary>Removes what is left and forgets the session. The state is decided: what cannot be removed is told and left for the next restore.</summary>
    private async Task EndAsync()
    {
        isEnded = true;
        try
        {
            context.Stages.Remove(session);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            context.Trace?.Invoke($"'{context.Paths.Stage(session)}' could not be removed ({exception.Message.TrimEnd('.')}); the next restore will try again.");
            await ReleaseLockAsync().ConfigureAwait(false);
            return;
        }

        await ReleaseLockAsync().ConfigureAwait(false);
        context.Stages.RemoveLock(session);
        await context.Journal.ClosedAsync(session, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Shows others that the session lives.</summary>
    private void Touch()
    {
        var now = context.TimeProvider.GetUtcNow();
        if (now - touched > TouchEvery)
        {
            File.SetLastWriteTimeUtc(held.SafeFileHandle, now.UtcDateTime);
            touched = now;
        }
    }

    private EdgeBackupException Failed(Exception exception) => new(
        ErrorIds.RestoreFailed,
        $"The folder '{root}' was not restored and holds its old state: {exception.Message.TrimEnd('.')}. "
        + "The folder must not be a mount point, no program may keep files in it to itself, and the folder above it must be writable; then try again.",
        root,
        exception);
}
