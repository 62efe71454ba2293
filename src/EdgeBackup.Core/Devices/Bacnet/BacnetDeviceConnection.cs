using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// A device that is backed up and restored by the procedure of ASHRAE 135, clause 19.1: whole, as its configuration
/// files (R13). It holds nothing between two procedures; a restore's files wait on this machine until all are there.
/// </summary>
public sealed class BacnetDeviceConnection : IDeviceConnection
{
    private readonly BacnetConversation link;
    private readonly BacnetProcedureLocks locks;
    private readonly IPlatform platform;
    private readonly IRandomSource random;
    private readonly string? password;

    /// <param name="options">The address is a <c>bacnet://</c> URI.</param>
    /// <param name="platform">For the files of a restore.</param>
    /// <param name="clock">For time-outs and pauses.</param>
    /// <param name="locks">Shared by all connections of a process.</param>
    /// <param name="random">For names; the system's generator where null.</param>
    /// <param name="client">How messages are sent; the usual way where null.</param>
    /// <param name="times">How long a device is waited for; the usual times where null.</param>
    /// <exception cref="EdgeBackupException">DeviceAuthenticationFailed: the password is too long, or would be sent in clear to another machine.</exception>
    public BacnetDeviceConnection(
        ConnectionOptions options,
        IPlatform platform,
        TimeProvider clock,
        BacnetProcedureLocks locks,
        IRandomSource? random = null,
        BacnetClientOptions? client = null,
        BacnetTimes? times = null)
    {
        var address = BacnetDeviceAddress.Parse(options.Address.Text);
        password = BacnetPassword.From(options, BacnetConversation.IsLoopback(address));
        this.platform = platform;
        this.locks = locks;
        this.random = random ?? new SystemRandom();
        link = new BacnetConversation(options, address, (client ?? new BacnetClientOptions()) with { Clock = clock, Trace = options.Trace, Ears = locks.Ears }, times ?? new BacnetTimes(), clock);
    }

    /// <inheritdoc/>
    public bool RestoresWhole => true;

    /// <inheritdoc/>
    public bool RestoresInPlace => true;

    /// <inheritdoc/>
    public bool IsBusyWithLeftovers => true;

    /// <inheritdoc/>
    public bool IsDisturbedByCapture => true;

    /// <inheritdoc/>
    public IDeviceHistory? History => new BacnetHistory(link);

    /// <inheritdoc/>
    /// <remarks>A backup, a restore or a download that is under way is <see cref="DeviceStatus.RunningWork"/>.</remarks>
    public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken) => BacnetStatus.ReadAsync(link, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// By what Find-EdgeDevice goes by too; where the device does not say which services it has, a backup has to try.
    /// Whether the password is right only a procedure tells.
    /// </remarks>
    public async Task<EdgeBackupException?> FindCaptureObstacleAsync(CancellationToken cancellationToken)
    {
        try
        {
            var told = await link.WhileBusyAsync(() => AskAbilityAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
            return told[BacnetProperty.ProtocolServicesSupported].Value?.AsBits is not null && BacnetBackupAbility.WhyNot(told) is { } reason
                ? link.Errors.Create(ErrorIds.DeviceResponseInvalid, $"it cannot be backed up by BACnet. {reason} {BacnetDeviceErrors.OtherWays}")
                : null;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading what it can do");
        }
    }

    /// <returns>Always null: a BACnet device has no hold; its own procedure keeps others off.</returns>
    public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => Task.FromResult<IDeviceHold?>(null);

    /// <inheritdoc/>
    /// <remarks>Begins the device's backup procedure. All content is its configuration files: what its logs hold goes into archives.</remarks>
    public Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken) =>
        BacnetCapture.BeginAsync(link, new BacnetProcedure(link, BacnetProcedureKind.Backup, password), locks, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>The device learns of it with the commit; until then everything waits on this machine.</remarks>
    public async Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var restore = new BacnetRestore(link, new BacnetProcedure(link, BacnetProcedureKind.Restore, password), locks, journal);
        BacnetRestorePlan.Check(link.Errors, plan);
        await restore.DropLeftoverAsync(cancellationToken).ConfigureAwait(false);
        return new BacnetRestoreSession(link, restore, plan, CreateSpool());
    }

    /// <inheritdoc/>
    public Task<bool> DropLeftoversAsync(IRestoreJournal journal, CancellationToken cancellationToken) =>
        new BacnetRestore(link, new BacnetProcedure(link, BacnetProcedureKind.Restore, password), locks, journal).DropLeftoverAsync(cancellationToken);

    public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) =>
        throw link.Errors.Create(ErrorIds.DeviceResponseInvalid, "a BACnet device has no transactions. Name the controller of the charge point");

    public ValueTask DisposeAsync() => link.DisposeAsync();

    private async Task<Dictionary<BacnetProperty, BacnetPropertyResult>> AskAbilityAsync(CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var results = await client.ReadPropertiesAsync(
            peer, [.. BacnetBackupAbility.Asked.Select(property => (link.DeviceObject, property))], cancellationToken).ConfigureAwait(false);
        return results.FirstOrDefault(result => result.Error is { } error && BacnetDeviceErrors.IsBusy(error))?.Error is { } busy
            ? throw busy
            : results.ToDictionary(result => result.Property);
    }

    private RestoreSpool CreateSpool()
    {
        try
        {
            return RestoreSpool.Create(platform, random);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"its files cannot be kept on this machine until all are there ({exception.Message.TrimEnd('.')}). Nothing was changed; see that the folder for temporary files can be written and has room, then try again",
                exception);
        }
    }
}
