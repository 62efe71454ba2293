using System.Collections.Concurrent;
using System.Globalization;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Keeps the open restore sessions of a device in the device's log, each with the process that opened it.</summary>
internal sealed class RegistryRestoreJournal : IRestoreJournal, IDisposable
{
    /// <summary>A device drops an open session by itself after so long without a call (docs/device-api.md).</summary>
    private static readonly TimeSpan DeviceDropsAfter = TimeSpan.FromMinutes(15);

    /// <summary>Well below the time after which other machines take a session for one that nobody uses.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(4);

    /// <summary>Nothing can be known of a process elsewhere, and no restore takes so long.</summary>
    private static readonly TimeSpan ForeignNotesLast = TimeSpan.FromDays(1);

    private const int CloseAttempts = 50;

    private readonly RepositoryContext context;
    private readonly string device;
    private readonly IOperationObserver observer;
    private readonly bool isNeeded;
    private readonly List<string> opened = [];
    private readonly HashSet<string> unnoted = [];
    private readonly ConcurrentDictionary<string, bool?> noted = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim notes = new(1);
    private readonly CancellationTokenSource over = new();
    private readonly TimeSpan renewal;
    private Task renewing = Task.CompletedTask;

    /// <param name="context">The repository.</param>
    /// <param name="device">The target.</param>
    /// <param name="observer">Is warned.</param>
    /// <param name="isNeeded">False: where nothing can be written to the repository, a session is opened without being noted.</param>
    /// <param name="renewal">So often an open session is noted again; null for the usual.</param>
    public RegistryRestoreJournal(RepositoryContext context, string device, IOperationObserver observer, bool isNeeded = true, TimeSpan? renewal = null)
    {
        this.renewal = renewal ?? Renewal;
        this.isNeeded = isNeeded;
        this.context = context;
        this.device = device;
        this.observer = observer;
    }

    /// <summary>Ours, and left behind: a session whose command still runs, here or perhaps elsewhere, is somebody else's.</summary>
    public Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken) => IsOwnAsync(sessionId, TimeSpan.MaxValue, DeviceDropsAfter, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>Of a command on another machine nothing is known, and such a session may be as old as it gets: it is never ours.</remarks>
    public Task<bool> IsOwnAsync(string sessionId, TimeSpan life, CancellationToken cancellationToken) => IsOwnAsync(sessionId, life, TimeSpan.MaxValue, cancellationToken);

    /// <param name="sessionId">The session.</param>
    /// <param name="life">So long ago it may have been noted last.</param>
    /// <param name="foreignLife">So long ago it may have been noted last by another machine and live.</param>
    /// <param name="cancellationToken">Stops.</param>
    private async Task<bool> IsOwnAsync(string sessionId, TimeSpan life, TimeSpan foreignLife, CancellationToken cancellationToken)
    {
        var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
        return state.OpenRestores.TryGetValue(sessionId, out var open) && !MayLive(sessionId, open, foreignLife) && context.Clock.GetUtcNow() - open.Time <= life;
    }

    /// <summary>Whether an error says that nothing can be written to the repository now: it was taken back, or its store does not take anything.</summary>
    public static bool IsUnwritable(RepositoryContext context, EdgeBackupException exception) =>
        exception.ErrorId == ErrorIds.RepositoryNotWritable || (exception.ErrorId == ErrorIds.RepositoryDamaged && context.Repository.Notice is not null);

    public Task OpenedAsync(string sessionId, CancellationToken cancellationToken) => NoteOpenedAsync(sessionId, inPlace: null, cancellationToken);

    public Task OpenedInPlaceAsync(string sessionId, CancellationToken cancellationToken) => NoteOpenedAsync(sessionId, inPlace: true, cancellationToken);

    private async Task NoteOpenedAsync(string sessionId, bool? inPlace, CancellationToken cancellationToken)
    {
        opened.Add(sessionId);
        context.RunningRestores.Add(device, sessionId);
        try
        {
            await WriteOpenedAsync(sessionId, inPlace, cancellationToken).ConfigureAwait(false);
            noted[sessionId] = inPlace;
            renewing = renewing.IsCompleted ? RenewAsync() : renewing;
        }
        catch (EdgeBackupException exception) when (!isNeeded && IsUnwritable(context, exception))
        {
            unnoted.Add(sessionId);
            observer.Warning($"{device}: the restore goes on without being noted in the repository; if it is killed, what it leaves on the device is taken for somebody else's restore until it ends by itself. {exception.Message}");
        }
    }

    /// <summary>The session is over whether or not that can be noted; a note that is missing only lets the next restore drop a session that is gone.</summary>
    public Task ClosedAsync(string sessionId, CancellationToken cancellationToken) => NoteClosedAsync(sessionId, end: null, cancellationToken);

    public Task ClosedUntouchedAsync(string sessionId, CancellationToken cancellationToken) => NoteClosedAsync(sessionId, RestoreEnd.Untouched, cancellationToken);

    private async Task NoteClosedAsync(string sessionId, RestoreEnd? end, CancellationToken cancellationToken)
    {
        if (unnoted.Contains(sessionId))
        {
            return;
        }

        await notes.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            noted.TryRemove(sessionId, out _);
            await context.Devices.AppendAsync(device, DeviceLogEntryKind.RestoreClosed, entry => entry with { Session = sessionId, End = end }, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{device}: the end of the restore session {sessionId} could not be noted: {exception.Message}");
        }
        finally
        {
            notes.Release();
        }
    }

    /// <inheritdoc/>
    public async Task ClosedAllButAsync(IReadOnlyCollection<string> left, CancellationToken cancellationToken)
    {
        if (unnoted.Count > 0)
        {
            return;
        }

        try
        {
            // A share that lists late may never show what others have written; another restore will close what is open then.
            for (var attempt = 0; attempt < CloseAttempts; attempt++)
            {
                var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
                if (state.OpenRestores.Where(note => !left.Contains(note.Key) && !opened.Contains(note.Key) && IsDead(note.Key, note.Value)).Select(note => note.Key).FirstOrDefault() is not { } session)
                {
                    return;
                }

                // Right behind what was looked at: where a device's sessions have one name, another command may just have noted its own.
                await context.Devices.TryAppendAsync(state, DeviceLogEntryKind.RestoreClosed, entry => entry with { Session = session }, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{device}: the notes of earlier restores could not be closed: {exception.Message}");
        }
    }

    /// <summary>The command is over: what is left of its sessions on the device is a left-over.</summary>
    public void Dispose()
    {
        over.Cancel();
        foreach (var session in opened)
        {
            context.RunningRestores.Remove(device, session);
        }
    }

    /// <summary>Notes again what is open, as long as this lives.</summary>
    private async Task RenewAsync()
    {
        while (!over.IsCancellationRequested)
        {
            await Task.Delay(renewal, context.Clock, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await notes.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                foreach (var (session, inPlace) in over.IsCancellationRequested ? [] : noted.ToList())
                {
                    await WriteOpenedAsync(session, inPlace, over.Token).ConfigureAwait(false);
                }
            }
            catch (Exception exception) when (exception is EdgeBackupException or IOException or OperationCanceledException)
            {
                // The note that is there holds for a while yet, and the next one may do.
                observer.Verbose($"{device}: the restore could not be noted once more: {exception.Message}");
            }
            finally
            {
                notes.Release();
            }
        }
    }

    private Task<DeviceLogEntry> WriteOpenedAsync(string sessionId, bool? inPlace, CancellationToken cancellationToken) => context.Devices.AppendAsync(
        device,
        DeviceLogEntryKind.RestoreOpened,
        entry => entry with { Session = sessionId, Owner = Describe(ProcessIdentity.Current()), InPlace = inPlace },
        cancellationToken);

    private static string Describe(ProcessIdentity process) =>
        string.Create(CultureInfo.InvariantCulture, $"{ProcessIdentity.Shorten(process.Scope)}/{process.Pid}/{process.Start}");

    private bool IsDead(string sessionId, OpenRestore open) => !MayLive(sessionId, open, ForeignNotesLast);

    private bool MayLive(string sessionId, OpenRestore open, TimeSpan foreignLife)
    {
        var self = ProcessIdentity.Current();
        if (open.Owner is null || open.Owner == Describe(self))
        {
            return context.RunningRestores.Contains(device, sessionId);
        }

        var parts = open.Owner.Split('/');
        if (parts.Length != 3 || parts[0] != ProcessIdentity.Shorten(self.Scope) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            // Another machine: nothing can be known of its process, but a device drops a session that nobody uses, and one that
            // is used is noted again.
            return context.Clock.GetUtcNow() - open.Time < foreignLife;
        }

        return new ProcessIdentity(self.Scope, pid, parts[2]).Look() == ProcessState.Alive;
    }
}
