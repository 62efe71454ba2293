using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Begins restore sessions: looks at what is there, refuses what cannot be, and makes a stage.</summary>
internal sealed class SshRestoreOpener(SshTarget target, SshScope scope, SshStatus status, SshStages stages, Func<CancellationToken, Task<SshShell>> openAsync)
{
    private const int Together = 200;

    /// <inheritdoc cref="IDeviceConnection.BeginRestoreAsync"/>
    public async Task<IRestoreSession> OpenAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        var shell = await openAsync(cancellationToken).ConfigureAwait(false);
        var isOpen = false;
        try
        {
            var session = await OpenAsync(shell, plan, journal, cancellationToken).ConfigureAwait(false);
            isOpen = true;
            return session;
        }
        catch (InvalidDataException exception)
        {
            throw target.Errors.Create(ErrorIds.RestoreFailed, $"it cannot be listed: {exception.Message}. Nothing was changed", exception);
        }
        finally
        {
            if (!isOpen)
            {
                await shell.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Refuses a device on which something runs (R2).</summary>
    /// <exception cref="EdgeBackupException">DeviceBusy, DeviceStateUnknown.</exception>
    public async Task RefuseUnlessIdleAsync(SshShell shell, CancellationToken cancellationToken)
    {
        var look = await status.ReadAsync(shell, cancellationToken).ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(look, TransactionGate.DefaultSeenWithin);
        if (!decision.IsIdle)
        {
            throw decision.ToException(look.Identity.Id);
        }
    }

    /// <summary>Everything that stands on the device, and the items among it.</summary>
    public async Task<RemoteState> ListAsync(SshShell shell, CancellationToken cancellationToken)
    {
        var starts = await scope.FindStartsAsync(shell, target.Errors, cancellationToken).ConfigureAwait(false);
        var entries = await RemoteListing.ListAsync(shell, starts, cancellationToken).ConfigureAwait(false);
        return new RemoteState(entries, SshItems.Of(entries, scope, BackupContent.All, shell.Greeting.Time, target.Errors.Device));
    }

    /// <summary>The existing folders into which items come, by path.</summary>
    public static async Task<IReadOnlyDictionary<string, RemoteEntry>> FindFoldersAsync(SshShell shell, IEnumerable<string> paths, RemoteState state, CancellationToken cancellationToken)
    {
        var folders = new Dictionary<string, RemoteEntry>(StringComparer.Ordinal);
        var unknown = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (var path in paths)
        {
            for (var folder = SshItems.Parent(path); folder.Length > 0 && !folders.ContainsKey(folder); folder = SshItems.Parent(folder))
            {
                if (!state.Entries.TryGetValue(folder, out var entry))
                {
                    unknown.Add(folder);
                }
                else if (entry.Type == FileEntryType.Directory)
                {
                    folders[folder] = entry;
                }
            }
        }

        foreach (var some in unknown.Chunk(Together))
        {
            foreach (var (path, entry) in await RemoteListing.LookAsync(shell, some, cancellationToken).ConfigureAwait(false))
            {
                if (entry.Type == FileEntryType.Directory)
                {
                    folders[path] = entry;
                }
            }
        }

        return folders;
    }

    private async Task<SshRestoreSession> OpenAsync(SshShell shell, RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        await stages.RecoverAsync(shell, status, cancellationToken).ConfigureAwait(false);
        await RefuseUnlessIdleAsync(shell, cancellationToken).ConfigureAwait(false);
        var state = await ListAsync(shell, cancellationToken).ConfigureAwait(false);
        SshSwapPlan.Check(plan, state.Entries, target.Errors.Device);
        RefuseOutside(plan);

        var bytes = new byte[8];
        target.Random.Fill(bytes);
        var session = Convert.ToHexStringLower(bytes);

        // Noted first, so that whatever a killed command leaves on the device is known to be ours.
        await journal.OpenedAsync(session, cancellationToken).ConfigureAwait(false);
        string? stage = null;
        var mayStand = false;
        var isOpen = false;
        try
        {
            await stages.DropDeadAsync(shell, session, journal, cancellationToken).ConfigureAwait(false);
            var unchanged = await FindUnchangedAsync(shell, plan, state, cancellationToken).ConfigureAwait(false);
            var changed = plan.Items.Select(item => item.Saved.Item.Path).Where(path => !unchanged.ContainsKey(path)).ToList();
            var folders = await FindFoldersAsync(shell, changed, state, cancellationToken).ConfigureAwait(false);
            mayStand = true;
            stage = await stages.PrepareAsync(shell, session, OneVolume(changed, folders), cancellationToken).ConfigureAwait(false);
            var upload = await SshUpload.OpenAsync(target, scope.Root, stage, cancellationToken).ConfigureAwait(false);
            isOpen = true;
            return new SshRestoreSession(target, stages, this, openAsync, new SshRestoreWork(plan, journal, session, stage, state, unchanged), shell, upload);
        }
        finally
        {
            if (!isOpen)
            {
                // The note of a stage that stays, or may stand though nobody heard of it, is kept: by it the next restore
                // knows that the stage is ours, and forgets it where there is none.
                if (stage is null ? !mayStand : await TryDiscardAsync(shell, stage).ConfigureAwait(false))
                {
                    await journal.ClosedAsync(session, CancellationToken.None).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task<bool> TryDiscardAsync(SshShell shell, string stage)
    {
        string? words;
        try
        {
            words = await SshStages.DiscardAsync(shell, stage, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            words = exception.Message.TrimEnd('.');
        }

        if (words is not null)
        {
            stages.TraceLeft(stage, words);
        }

        return words is null;
    }

    /// <summary>What nobody will look at again is not restored: its read-back could never succeed.</summary>
    private void RefuseOutside(RestorePlan plan)
    {
        var outside = scope.IsFixed ? plan.Items.Select(item => item.Saved.Item.Path).Where(path => !scope.Includes(path)).ToList() : [];
        if (outside.Count > 0)
        {
            throw target.Errors.Create(
                ErrorIds.RestoreTargetMismatch,
                $"nothing was restored, because its type does not look at {outside.Count} of the items: '{string.Join("', '", outside.Take(10))}'. Leave them out with -Path, or add them to the type's paths");
        }
    }

    /// <summary>Files and links that are the same already: they are neither sent nor touched.</summary>
    private static async Task<Dictionary<string, RemoteEntry>> FindUnchangedAsync(SshShell shell, RestorePlan plan, RemoteState state, CancellationToken cancellationToken)
    {
        var unchanged = new Dictionary<string, RemoteEntry>(StringComparer.Ordinal);
        var candidates = new Dictionary<string, SavedItem>(StringComparer.Ordinal);
        foreach (var saved in plan.Items.Select(item => item.Saved))
        {
            if (!state.Entries.TryGetValue(saved.Item.Path, out var entry))
            {
                continue;
            }

            if (saved.Item.Type == ItemType.SymbolicLink && entry.Type == FileEntryType.SymbolicLink && entry.LinkTarget == saved.Item.LinkTarget)
            {
                unchanged[saved.Item.Path] = entry;
            }
            else if (saved.Item.Type == ItemType.File && entry.Type == FileEntryType.File && entry.Length == saved.Item.Length
                && (saved.Item.UnixMode is null || saved.Item.UnixMode == entry.UnixMode))
            {
                candidates[saved.Item.Path] = saved;
            }
        }

        foreach (var (path, digest) in await SshDigests.AskAsync(shell, candidates.Keys, cancellationToken).ConfigureAwait(false))
        {
            if (candidates.TryGetValue(path, out var saved) && saved.Digest == digest)
            {
                unchanged[path] = state.Entries[path];
            }
        }

        return unchanged;
    }

    /// <summary>Everything moves into place by renames, which do not lead from one file system to another.</summary>
    private string OneVolume(IReadOnlyList<string> changed, IReadOnlyDictionary<string, RemoteEntry> folders)
    {
        string VolumeOf(string path)
        {
            var folder = SshItems.Parent(path);
            while (!folders.ContainsKey(folder) && folder.Length > 0)
            {
                folder = SshItems.Parent(folder);
            }

            return folders.TryGetValue(folder, out var entry) ? entry.Volume : "";
        }

        var volumes = changed.GroupBy(VolumeOf, StringComparer.Ordinal).ToList();
        return volumes.Count switch
        {
            0 => folders.TryGetValue("", out var root) ? root.Volume : "",
            1 => volumes[0].Key,
            _ => throw target.Errors.Create(
                ErrorIds.RestoreTargetMismatch,
                $"nothing was restored, because the items are on {volumes.Count} file systems of the device and could not be put in place in one go: for instance '{volumes[0].First()}' and '{volumes[1].First()}'. Restore them one after the other with -Path"),
        };
    }
}

/// <summary>What stands on a device.</summary>
/// <param name="Entries">Everything, by path.</param>
/// <param name="Items">The items among it.</param>
internal sealed record RemoteState(IReadOnlyDictionary<string, RemoteEntry> Entries, IReadOnlyList<Item> Items);
