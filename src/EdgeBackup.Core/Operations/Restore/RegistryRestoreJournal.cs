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

    /// <summary>Nothing can be known of a process elsewhere, and no restore takes so long.</summary>
    private static readonly TimeSpan ForeignNotesLast = TimeSpan.FromDays(1);

    private const int CloseAttempts = 50;

    private readonly RepositoryContext context;
    private readonly string device;
    private readonly IOperationObserver observer;
    private readonly bool isNeeded;
    private readonly List<string> opened = [];
    private readonly HashSet<string> unnoted = [];

    /// <param name="context">The repository.</param>
    /// <param name="device">The target.</param>
    /// <param name="observer">Is warned.</param>
    /// <param name="isNeeded">False: where nothing can be written to the repository, a session is opened without being noted.</param>
    public RegistryRestoreJournal(RepositoryContext context, string device, IOperationObserver observer, bool isNeeded = true)
    {
        this.isNeeded = isNeeded;
        this.context = context;
        this.device = device;
        this.observer = observer;
    }

    /// <summary>Ours, and left behind: a session whose command still runs, here or perhaps elsewhere, is somebody else's.</summary>
    public Task<bool> IsOwnAsync(string sessionId, CancellationToken cancellationToken) => IsOwnAsync(sessionId, TimeSpan.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> IsOwnAsync(string sessionId, TimeSpan life, CancellationToken cancellationToken)
    {
        var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
        return state.OpenRestores.TryGetValue(sessionId, out var open) && !MayLive(sessionId, open) && context.Clock.GetUtcNow() - open.Time <= life;
    }

    /// <summary>Whether an error says that nothing can be written to the repository now: it was taken back, or its store does not take anything.</summary>
    public static bool IsUnwritable(RepositoryContext context, EdgeBackupException exception) =>
        exception.ErrorId == ErrorIds.RepositoryNotWritable || (exception.ErrorId == ErrorIds.RepositoryDamaged && context.Repository.Notice is not null);

    public Task OpenedAsync(string sessionId, CancellationToken cancellationToken) => NoteOpenedAsync(sessionId, inPlace: null, cancellationToken);

    public Task OpenedInPlaceAsync(string sessionId, CancellationToken cancellationToken) => NoteOpenedAsync(sessionId, inPlace: true, cancellationToken);

    private async Task NoteOpenedAsync(string sessionId, bool? inPlace, CancellationToken cancellationToken)
    {
        opened.Add(sessionId);
        context.RunningRestores.TryAdd(sessionId, 0);
        try
        {
            await context.Devices.AppendAsync(
                device,
                DeviceLogEntryKind.RestoreOpened,
                entry => entry with { Session = sessionId, Owner = Describe(ProcessIdentity.Current()), InPlace = inPlace },
                cancellationToken).ConfigureAwait(false);
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

        try
        {
            await context.Devices.AppendAsync(device, DeviceLogEntryKind.RestoreClosed, entry => entry with { Session = sessionId, End = end }, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{device}: the end of the restore session {sessionId} could not be noted: {exception.Message}");
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
        foreach (var session in opened)
        {
            context.RunningRestores.TryRemove(session, out _);
        }
    }

    private static string Describe(ProcessIdentity process) =>
        string.Create(CultureInfo.InvariantCulture, $"{ProcessIdentity.Shorten(process.Scope)}/{process.Pid}/{process.Start}");

    private bool IsDead(string sessionId, OpenRestore open) =>
        !MayLive(sessionId, open) && (IsOfThisMachine(open) || context.Clock.GetUtcNow() - open.Time >= ForeignNotesLast);

    private static bool IsOfThisMachine(OpenRestore open) =>
        open.Owner?.Split('/')[0] == ProcessIdentity.Shorten(ProcessIdentity.Current().Scope);

    private bool MayLive(string sessionId, OpenRestore open)
    {
        var self = ProcessIdentity.Current();
        if (open.Owner is null || open.Owner == Describe(self))
        {
            return context.RunningRestores.ContainsKey(sessionId);
        }

        var parts = open.Owner.Split('/');
        if (parts.Length != 3 || parts[0] != ProcessIdentity.Shorten(self.Scope) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            // Another machine: nothing can be known of its process, but a device drops a session that nobody uses.
            return context.Clock.GetUtcNow() - open.Time < DeviceDropsAfter;
        }

        return new ProcessIdentity(self.Scope, pid, parts[2]).Look() == ProcessState.Alive;
    }
}
