using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>
/// A local or UNC folder as a device. Files, links (as links), empty folders, times, Unix modes and the read-only
/// attribute are its state; owners, access lists, hard links between files and alternate streams are not.
/// </summary>
public sealed class FolderDeviceConnection : IDeviceConnection
{
    private readonly ConnectionOptions options;
    private readonly IPlatform platform;
    private readonly TimeProvider timeProvider;
    private readonly IRandomSource random;
    private readonly FolderTransactions transactions;
    private readonly ItemRuleSet rules;

    /// <param name="options">The address is a folder's absolute path; id, type and version stand in where the folder tells none.</param>
    /// <param name="platform">The system that the folder is on.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="random">For the names of restore sessions; the system's generator where null.</param>
    public FolderDeviceConnection(ConnectionOptions options, IPlatform platform, TimeProvider timeProvider, IRandomSource? random = null)
    {
        this.options = options;
        this.platform = platform;
        this.timeProvider = timeProvider;
        this.random = random ?? new SystemRandom();
        transactions = new FolderTransactions(platform, timeProvider);
        rules = new ItemRuleSet(options.Definition?.Items ?? []);
    }

    /// <summary>Told each step of a swap; a test throws from it where a crash would strike.</summary>
    internal Action<string>? OnSwapStep { get; set; }

    public async Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        var (paths, _) = await ContactAsync(cancellationToken).ConfigureAwait(false);
        return await ReadStatusAsync(paths.Root, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>Always null: a folder has no hold.</returns>
    public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => Task.FromResult<IDeviceHold?>(null);

    public async Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken)
    {
        // Only a type's rules make history items of files; else both contents are the same.
        var (paths, entry) = await ContactAsync(cancellationToken).ConfigureAwait(false);
        return RuledCapture.Wrap(new FolderCapture(paths.Root, entry, platform, timeProvider, rules), rules, content);
    }

    public async Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        var (paths, _) = await ContactAsync(cancellationToken).ConfigureAwait(false);
        if (paths.Parent is null)
        {
            throw Refused(paths, "is the root of a volume, so that nothing can be staged beside it", cause: null);
        }

        var status = await ReadStatusAsync(paths.Root, cancellationToken).ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin);
        if (!decision.IsIdle)
        {
            throw decision.ToException(status.Identity.Id);
        }

        var isCaseSensitive = FileNameRules.IsCaseSensitive(paths.Root, platform);
        FolderRestorePlan.Check(plan, paths.Root, isCaseSensitive, platform);
        var stages = new FolderStages(paths, platform, timeProvider, options.Trace);
        var context = new FolderRestoreContext(
            paths,
            plan,
            rules,
            journal,
            stages,
            isCaseSensitive,
            platform,
            timeProvider,
            token => ReadStatusAsync(paths.Root, token),
            options.Trace,
            OnSwapStep);
        return await OpenAsync(context, cancellationToken).ConfigureAwait(false);
    }

    public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) =>
        throw new EdgeBackupException(
            ErrorIds.DeviceResponseInvalid,
            $"The folder '{options.Address.Text}' cannot stop transactions: it only tells which ones run. Stop the transaction on the device itself.",
            options.Address.Text);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<IRestoreSession> OpenAsync(FolderRestoreContext context, CancellationToken cancellationToken)
    {
        var bytes = new byte[8];
        random.Fill(bytes);
        var session = Convert.ToHexStringLower(bytes);

        // Noted first, so that whatever a killed command leaves beside the folder is known to be ours.
        await context.Journal.OpenedAsync(session, cancellationToken).ConfigureAwait(false);
        FileStream? held = null;
        var isOpen = false;
        try
        {
            held = context.Stages.TryLock(session) ?? throw new IOException($"'{context.Paths.Lock(session)}' is locked.");
            File.SetLastWriteTimeUtc(held.SafeFileHandle, timeProvider.GetUtcNow().UtcDateTime);
            await context.Stages.DropDeadAsync(session, context.Journal, cancellationToken).ConfigureAwait(false);
            CreateStage(context.Paths, session);
            isOpen = true;
            return new FolderRestoreSession(context, session, held);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refused(context.Paths, "cannot be staged beside", exception);
        }
        finally
        {
            if (!isOpen)
            {
                await CloseAsync(context, session, held).ConfigureAwait(false);
            }
        }
    }

    private static async Task CloseAsync(FolderRestoreContext context, string session, FileStream? held)
    {
        if (held is not null)
        {
            await using (held.ConfigureAwait(false))
            {
                try
                {
                    context.Stages.Remove(session);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // Why it could not begin counts. The note is kept: by it the next restore knows that what is left is ours.
                    context.Trace?.Invoke($"'{context.Paths.Stage(session)}' could not be removed ({exception.Message.TrimEnd('.')}); the next restore will try again.");
                    return;
                }
            }

            context.Stages.RemoveLock(session);
        }

        await context.Journal.ClosedAsync(session, CancellationToken.None).ConfigureAwait(false);
    }

    private void CreateStage(FolderPaths paths, string session)
    {
        var stage = paths.Stage(session);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(stage);
        }
        else
        {
            // Ours alone until it takes the folder's mode: nobody plants a link in it.
            Directory.CreateDirectory(stage, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        if (VolumeOf(stage) != VolumeOf(paths.Root))
        {
            throw new IOException("the folder is a mount point, and what is staged beside it is on another volume");
        }
    }

    /// <summary>The part of a file id before the file's own number; null where there are no ids.</summary>
    private string? VolumeOf(string path) =>
        platform.Stat(path)?.FileId is { } id && id.LastIndexOf(':') is > 0 and var colon ? id[..colon] : null;

    /// <summary>Finds the folder; first completes or rolls back a swap that a crash interrupted.</summary>
    private async Task<(FolderPaths Paths, FileEntry Entry)> ContactAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var address = options.Address.Text;
        FolderPaths paths;
        FileEntry? entry;
        try
        {
            paths = FolderPaths.Of(address, platform);
            if (!options.IsTrial)
            {
                await new FolderStages(paths, platform, timeProvider, options.Trace).RecoverAsync(cancellationToken).ConfigureAwait(false);
            }

            entry = platform.Stat(paths.Root);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceUnreachable,
                $"The folder '{address}' cannot be reached: {exception.Message.TrimEnd('.')}. Check the network, the share and the rights, then try again.",
                address,
                exception);
        }

        return entry is { Type: FileEntryType.Directory }
            ? (paths, entry)
            : throw new EdgeBackupException(
                ErrorIds.DeviceUnreachable,
                entry is null
                    ? $"The folder '{address}' does not exist. Check the path and whether its volume or share is connected."
                    : $"'{address}' is not a folder. Give the folder that holds the device's files.",
                address);
    }

    private async Task<DeviceStatus> ReadStatusAsync(string root, CancellationToken cancellationToken)
    {
        var identity = await FolderIdentity.ReadAsync(root, options, platform, timeProvider.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        var answer = await transactions.ReadAsync(root, cancellationToken).ConfigureAwait(false);
        return new DeviceStatus
        {
            // Taken after the charge points, which are as old as the file was then.
            Identity = identity with { Time = timeProvider.GetUtcNow() },
            ChargePoints = answer.ChargePoints,
            GateFault = answer.Fault,
            TransactionsStamp = answer.Stamp,
        };
    }

    private static EdgeBackupException Refused(FolderPaths paths, string why, Exception? cause) => new(
        ErrorIds.RestoreFailed,
        $"The folder '{paths.Root}' cannot be restored, because it {(cause is null ? why : $"{why}: {cause.Message.TrimEnd('.')}")}. "
        + "A restore stages beside the folder and swaps: the folder must not be a mount point, and the folder above it must be writable. Nothing was changed; restore with -Destination and copy, or move the device's folder one level down.",
        paths.Root,
        cause);
}
