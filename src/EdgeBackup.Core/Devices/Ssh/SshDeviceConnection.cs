using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// A device that is reached by the system's OpenSSH client and has a POSIX shell: keys, agents, jump hosts, known hosts
/// and ciphers are OpenSSH's business. Its files, links, folders, times and modes are its state, as with a folder; its
/// type says which of them, and how it tells who it is and what runs on it.
/// </summary>
public sealed class SshDeviceConnection : IDeviceConnection
{
    private readonly SshTarget target;
    private readonly SshScope scope;
    private readonly SshStatus status;
    private readonly SshStages stages;

    /// <param name="options">The address is an <c>ssh://</c> URI; its path is the folder that holds the items.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="settings">How ssh is run; the system's own where null.</param>
    /// <param name="random">For the names of restore sessions; the system's generator where null.</param>
    /// <exception cref="EdgeBackupException">DeviceUnreachable: the address names no folder. DeviceAuthenticationFailed: a password was given.</exception>
    public SshDeviceConnection(ConnectionOptions options, TimeProvider timeProvider, SshSettings? settings = null, IRandomSource? random = null)
    {
        target = new SshTarget(options, settings ?? new SshSettings(), timeProvider, random ?? new SystemRandom());
        if (options.Credential is not null)
        {
            throw target.Errors.Create(
                ErrorIds.DeviceAuthenticationFailed,
                "-Credential and -Token are not for ssh:// addresses, because nobody is there to type a password into ssh. Use a key: the user's own, one in the ssh agent, or one named with -KeyFilePath");
        }

        scope = SshScope.Of(target);
        status = new SshStatus(target, scope);
        stages = new SshStages(target, scope);
    }

    public async Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        var shell = await OpenAsync("asking for its state", cancellationToken).ConfigureAwait(false);
        await using var lease = shell.ConfigureAwait(false);
        await RecoverAsync(shell, cancellationToken).ConfigureAwait(false);
        return await status.ReadAsync(shell, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>Always null: a device that is reached by a shell has no hold.</returns>
    public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => Task.FromResult<IDeviceHold?>(null);

    public async Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken) =>
        await SshCapture.BeginAsync(target, scope, content, RecoverAsync, token => OpenAsync("capturing it", token), cancellationToken).ConfigureAwait(false);

    public Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken) =>
        new SshRestoreOpener(target, scope, status, stages, token => OpenAsync("restoring it", token)).OpenAsync(plan, journal, cancellationToken);

    public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) =>
        throw target.Errors.Create(
            ErrorIds.DeviceResponseInvalid,
            "a device that is reached by ssh cannot stop transactions: it only tells which ones run. Stop the transaction on the device itself");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Ends a restore that died in the middle; the device's services work with the old state again.</summary>
    private Task RecoverAsync(SshShell shell, CancellationToken cancellationToken) =>
        target.Options.IsTrial ? Task.CompletedTask : stages.RecoverAsync(shell, status, cancellationToken);

    private Task<SshShell> OpenAsync(string doing, CancellationToken cancellationToken) => SshShell.OpenAsync(target, scope.Root, doing, cancellationToken);
}
