using System.Globalization;
using System.Net;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>
/// A conversation over the edge device API (docs/device-api.md). Everything is streamed but JSON, which is bounded.
/// Whether the device is the one that was registered is for the caller to compare.
/// </summary>
public sealed class HttpDeviceConnection : IDeviceConnection, IServerConnection
{
    private readonly DeviceHttpClient client;
    private readonly ConnectionOptions options;
    private readonly ItemRuleSet rules;
    private readonly HttpDeviceHistory history;

    /// <param name="options">An <see cref="ConnectionKind.Http"/> address and what belongs to it.</param>
    /// <param name="clock">For time-outs, pauses and the renewal of holds.</param>
    /// <exception cref="ArgumentException">The address is not http or https.</exception>
    public HttpDeviceConnection(ConnectionOptions options, TimeProvider clock)
    {
        if (options.Address.Kind != ConnectionKind.Http)
        {
            throw new ArgumentException($"'{options.Address.Text}' is no http:// or https:// address.", nameof(options));
        }

        this.options = options;
        client = new DeviceHttpClient(options, clock);
        history = new HttpDeviceHistory(client);
        rules = new ItemRuleSet(options.Definition?.Items ?? []);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Charge points that cannot be read are <see cref="DeviceStatus.GateFault"/> (R2); a device that cannot be reached or
    /// lets nobody in throws.
    /// </remarks>
    public async Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        DeviceIdentity identity;
        using (var answer = await client.GetAsync("device", cancellationToken).ConfigureAwait(false))
        {
            identity = answer.Status == HttpStatusCode.OK
                ? DeviceAnswers.ReadIdentity(client.Fault, "GET device", answer.Body)
                : throw client.Fault.Status("GET device", answer);
        }

        try
        {
            using var answer = await client.GetAsync("chargepoints", cancellationToken).ConfigureAwait(false);
            return answer.Status == HttpStatusCode.OK
                ? new DeviceStatus
                {
                    Identity = identity,
                    ChargePoints = DeviceAnswers.ReadChargePoints(client.Fault, "GET chargepoints", answer.Body),
                }
                : Unknown(client.Fault.Status("GET chargepoints", answer));
        }
        catch (EdgeBackupException exception) when (
            exception.ErrorId == ErrorIds.DeviceResponseInvalid
            || exception.InnerException is NoAnswerException { Kind: NoAnswerKind.Broken })
        {
            return Unknown(exception);
        }

        DeviceStatus Unknown(EdgeBackupException exception) => new() { Identity = identity, GateFault = exception.Message };
    }

    /// <inheritdoc/>
    public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) =>
        HttpDeviceHold.TakeAsync(client, duration, cancellationToken);

    /// <inheritdoc/>
    public Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(RuledCapture.Wrap(new HttpCapture(client, rules.IsEmpty ? content : BackupContent.All), rules, content));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The device itself removes what is not sent, by its own word for what is configuration. Where the type's rules want
    /// some of that left alone, a restore of everything is RestoreTargetMismatch.
    /// </remarks>
    public async Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        if (plan.Mode == RestoreMode.Replace && !rules.IsEmpty)
        {
            await RefuseLossAsync(plan, cancellationToken).ConfigureAwait(false);
        }

        return await new HttpRestoreOpener(client, options).OpenAsync(plan, journal, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"chargepoints/{DevicePath.Segment(chargePoint)}/connectors/{connector}/stop");
        using var answer = await client.CallAsync(HttpMethod.Post, path, cancellationToken).ConfigureAwait(false);
        if (answer.Status == HttpStatusCode.NotFound)
        {
            throw client.Fault.Create(
                ErrorIds.DeviceResponseInvalid,
                $"it cannot stop transactions, or has no connector {connector} at charge point '{chargePoint}'. Look at Get-EdgeTransaction, or stop it at the charge point");
        }

        if (!answer.IsSuccess)
        {
            throw client.Fault.Status("POST stop", answer);
        }
    }

    /// <inheritdoc/>
    public IDeviceHistory History => history;

    /// <inheritdoc/>
    public IServerConnection Server => this;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChildDevice>> ReadChildrenAsync(CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync("children", cancellationToken).ConfigureAwait(false);
        return answer.Status == HttpStatusCode.OK
            ? DeviceAnswers.ReadChildren(client.Fault, "GET children", answer.Body)
            : throw client.Fault.Status("GET children", answer);
    }

    /// <inheritdoc/>
    public Task PersistAsync(CancellationToken cancellationToken) => new HttpPersist(client).RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<long> CountQueuedChangesAsync(CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync("changes", cancellationToken).ConfigureAwait(false);
        return answer.Status == HttpStatusCode.OK
            ? DeviceAnswers.ReadQueued(client.Fault, "GET changes", answer.Body)
            : throw client.Fault.Status("GET changes", answer);
    }

    private async Task RefuseLossAsync(RestorePlan plan, CancellationToken cancellationToken)
    {
        const int Shown = 5;
        var sent = plan.Items.Select(item => item.Saved.Item.Path).ToHashSet(StringComparer.Ordinal);
        var lost = new List<string>();
        var capture = new HttpCapture(client, BackupContent.All);
        await using var lease = capture.ConfigureAwait(false);
        await foreach (var item in capture.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (item.Kind == ItemKind.Configuration && item.Retain != RetainLevel.None && !sent.Contains(item.Path) && rules.IsKept(item.Path))
            {
                lost.Add(item.Path);
            }
        }

        if (lost.Count > 0)
        {
            throw client.Fault.Create(
                ErrorIds.RestoreTargetMismatch,
                $"the rules of its type keep {lost.Count} of its items out of backups ({string.Join(", ", lost.Take(Shown))}{(lost.Count > Shown ? ", ..." : "")}), and the device would remove them in a restore of everything. Restore what you need with -Path");
        }
    }

    /// <summary>Closes the connections; holds and restore sessions are disposed by those who took them.</summary>
    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}
