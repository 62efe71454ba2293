using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>What to change; null leaves a property as it is, an empty text clears it.</summary>
public sealed record ChangeDeviceOptions
{
    public DeviceAddress? Address { get; init; }

    public string? Name { get; init; }

    /// <summary>A device that answers must be of this type.</summary>
    public string? Type { get; init; }

    /// <summary>A type given as a file, whose id is <see cref="Type"/>; it is kept in the repository. Null: the type is a known one.</summary>
    public DeviceTypeEntry? TypeFile { get; init; }

    public string? Version { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    public string? Site { get; init; }

    public string? Parent { get; init; }

    public DeviceCredential? Credential { get; init; }

    public string? CertificateThumbprint { get; init; }

    public bool? AllowUnencryptedAuthentication { get; init; }

    /// <summary>The private key for ssh://, absolute.</summary>
    public string? KeyFilePath { get; init; }

    public HostKeyPolicy? HostKeyPolicy { get; init; }

    /// <summary>Lifts the fence of a replaced device (R8).</summary>
    public bool LiftFence { get; init; }

    /// <summary>Take a new address or credential without trying it.</summary>
    public bool SkipContact { get; init; }

    public string? Owner { get; init; }

    /// <summary>Where the credential is fetched from at each use, instead of a sealed one.</summary>
    public DeviceSecretName? Secret { get; init; }
}

/// <summary>A change that was worked out and is not written yet.</summary>
/// <param name="State">The device as it was read.</param>
/// <param name="Changed">Its registration from now on.</param>
/// <param name="Type">Its type.</param>
/// <param name="Options">What was asked for.</param>
/// <param name="WasTried">Whether the device has answered to it.</param>
public sealed record PreparedChange(DeviceState State, DeviceRegistration Changed, DeviceTypeEntry Type, ChangeDeviceOptions Options, bool WasTried);

/// <summary>Changes, and ends, registrations: <c>Set-EdgeDevice</c> and <c>Unregister-EdgeDevice</c>.</summary>
public sealed class ChangeDevice
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ChangeDevice(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Changes a registration. A new way to reach the device is tried first.</summary>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="EdgeBackupException">DeviceNotFound, DeviceRegistrationMismatch, and what a contact may throw.</exception>
    public async Task<bool> SetAsync(string device, ChangeDeviceOptions options, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        return await WriteAsync(await PrepareAsync(device, options, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Works out a change, and tries a new way to reach the device. Many may be tried at once.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound, DeviceRegistrationMismatch, and what a contact may throw.</exception>
    public async Task<PreparedChange> PrepareAsync(string device, ChangeDeviceOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var state = await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        var old = state.Registration!;
        var changed = Apply(options, old);
        var address = options.Address ?? DeviceAddress.Parse(old.Address, Path.GetPathRoot(Environment.CurrentDirectory)!);
        var type = options.TypeFile is { } file
            ? file.Type.Connections.Contains(address.Kind) ? file : null
            : await context.Types.FindAsync(changed.Type, address.Kind, cancellationToken).ConfigureAwait(false);
        if (type is null)
        {
            throw new EdgeBackupException(ErrorIds.DeviceRegistrationMismatch, $"The device type '{changed.Type}' is not known for {address.Text}. Get-EdgeDeviceType lists the known ones.", device);
        }

        if (address.Kind != ConnectionKind.Ssh && (options.KeyFilePath is not null || options.HostKeyPolicy is not null))
        {
            throw new EdgeBackupException(ErrorIds.DeviceRegistrationMismatch, $"-KeyFilePath and -HostKeyPolicy are for ssh:// addresses, and '{device}' is at {address.Text}. Leave them out.", device);
        }

        if (!IsReachedAnew(options, old, changed))
        {
            return new PreparedChange(state, changed, type, options, WasTried: false);
        }

        if (options.SkipContact)
        {
            await DeviceSecrets.CheckUntriedAsync(context, DeviceContact.Options(changed, observer) with { Definition = type.Type }, changed.Secret).ConfigureAwait(false);
            return new PreparedChange(state, changed, type, options, WasTried: false);
        }

        var contact = await DeviceContact.OpenAsync(context, changed, observer, cancellationToken, type.Type).ConfigureAwait(false);
        await contact.DisposeAsync().ConfigureAwait(false);
        return new PreparedChange(state, changed, type, options, WasTried: true);
    }

    /// <summary>
    /// Writes a change, where it is one. One at a time: parents are checked against what is there. What somebody else has
    /// changed since it was worked out stays, and the fence that is lifted is the one that stood then.
    /// </summary>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="EdgeBackupException">
    /// DeviceNotFound: the parent, or the device itself meanwhile; DeviceRegistrationMismatch: the parent stands below the
    /// device; DeviceReplaced: another fence was put up meanwhile; and, where it must be tried anew, what a contact may throw.
    /// </exception>
    public async Task<bool> WriteAsync(PreparedChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var device = change.State.Id;
        var fence = change.Options.LiftFence ? change.State.Fence : null;
        var isNew = await WriteRegistrationAsync(change, fence, cancellationToken).ConfigureAwait(false);
        var isLifted = fence is not null && await LiftAsync(device, fence, cancellationToken).ConfigureAwait(false);
        if (!isNew && !isLifted)
        {
            observer.Verbose($"{device}: nothing to change.");
            return false;
        }

        await context.Catalog.RefreshDevicesAsync([device], cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Ends a registration; the device's backups stay.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound.</exception>
    public async Task UnregisterAsync(string device, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        await context.Devices.AppendAsync(device, DeviceLogEntryKind.Unregistered, entry => entry, cancellationToken).ConfigureAwait(false);
        await context.NoteAsync(observer, EdgeEventCategory.Device, "Unregistered", $"'{device}' is no longer registered; its backups stay.", device).ConfigureAwait(false);
        await context.Catalog.RefreshDevicesAsync([device], cancellationToken).ConfigureAwait(false);
        observer.Verbose($"{device}: unregistered; its backups stay.");
    }

    /// <returns>Whether it says anything new.</returns>
    private async Task<bool> WriteRegistrationAsync(PreparedChange change, Fence? fence, CancellationToken cancellationToken)
    {
        var device = change.State.Id;
        while (true)
        {
            var state = await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
            RefuseOtherFence(state, fence);
            var old = state.Registration!;
            if (!old.IsSameAs(change.State.Registration))
            {
                // It was worked out, and tried, upon what no longer stands.
                change = await PrepareAsync(device, change.Options, cancellationToken).ConfigureAwait(false);
                state = change.State;
                old = state.Registration!;
            }

            var changed = change.Changed;
            if (changed.Parent is not null && changed.Parent != old.Parent)
            {
                await RegisteredDevices.CheckParentAsync(context, device, changed.Parent, cancellationToken).ConfigureAwait(false);
            }

            await KeptTypes.KeepAsync(context, observer, change.Type, cancellationToken).ConfigureAwait(false);
            if (changed.IsSameAs(old))
            {
                return false;
            }

            if (await context.Devices.TryAppendAsync(state, DeviceLogEntryKind.Registered, entry => entry with { Registration = changed }, cancellationToken).ConfigureAwait(false) is not null)
            {
                await NoteAsync(change, old).ConfigureAwait(false);
                await WarnOfEndedHoldAsync(old, changed, cancellationToken).ConfigureAwait(false);
                return true;
            }
        }
    }

    /// <summary>A legal hold on a site or a tag ends for a device that is moved or loses the tag, and nobody may learn of that by what has expired.</summary>
    private async Task WarnOfEndedHoldAsync(DeviceRegistration old, DeviceRegistration changed, CancellationToken cancellationToken)
    {
        if (old.Type == changed.Type && old.Site == changed.Site && old.Tags.SequenceEqual(changed.Tags, StringComparer.Ordinal))
        {
            return;
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, cancellationToken).ConfigureAwait(false);
        var before = policies.For(old.Id, old.Type, old.Tags, old.Site);
        if (before.LegalHold && !policies.For(changed.Id, changed.Type, changed.Tags, changed.Site).LegalHold)
        {
            observer.Warning($"{old.Id}: with this change the device is no longer under the legal hold that the policy for {before.Sources[nameof(PolicyValues.LegalHold)]} puts on it: its backups and archives may expire. To keep them, change it back, or: Set-EdgeBackupPolicy -Device '{old.Id.Replace("'", "''", StringComparison.Ordinal)}' -LegalHold $true.");
        }
    }

    private async Task NoteAsync(PreparedChange change, DeviceRegistration old)
    {
        if (RegistrationChange.Describe(old, change.Changed) is { Length: > 0 } what)
        {
            await context.NoteAsync(observer, EdgeEventCategory.Device, "Changed", $"Of '{old.Id}' {what}.", old.Id).ConfigureAwait(false);
        }

        if (change.Changed.Credential != old.Credential || change.Changed.Secret != old.Secret)
        {
            await context.NoteAsync(observer, EdgeEventCategory.Device, "CredentialChanged", Describe(change), old.Id).ConfigureAwait(false);
        }
    }

    /// <returns>False: somebody else has lifted it.</returns>
    private async Task<bool> LiftAsync(string device, Fence fence, CancellationToken cancellationToken)
    {
        while (true)
        {
            var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
            RefuseOtherFence(state, fence);
            if (state.Fence is null)
            {
                return false;
            }

            if (await context.Devices.TryAppendAsync(state, DeviceLogEntryKind.FenceLifted, entry => entry, cancellationToken).ConfigureAwait(false) is not null)
            {
                await context.NoteAsync(observer, EdgeEventCategory.Device, "FenceLifted", $"'{device}', replaced by '{fence.ReplacedBy}', is active again.", device).ConfigureAwait(false);
                return true;
            }
        }
    }

    /// <summary>Who lifts a fence has seen that one, and knows nothing of a switch since.</summary>
    private static void RefuseOtherFence(DeviceState state, Fence? fence)
    {
        if (fence is not null && state.Fence is { } now && now != fence)
        {
            throw RegisteredDevices.Replaced(state.Id, now);
        }
    }

    private static DeviceRegistration Apply(ChangeDeviceOptions options, DeviceRegistration old) => old with
    {
        Address = options.Address?.Text ?? old.Address,
        Name = Change(options.Name, old.Name),
        Type = options.Type ?? old.Type,
        Version = Change(options.Version, old.Version),
        Tags = options.Tags ?? old.Tags,
        Site = Change(options.Site, old.Site),
        Parent = Change(options.Parent, old.Parent),
        Credential = options.Secret is null ? options.Credential ?? old.Credential : null,
        CertificateThumbprint = Change(options.CertificateThumbprint, old.CertificateThumbprint),
        AllowUnencryptedAuthentication = options.AllowUnencryptedAuthentication ?? old.AllowUnencryptedAuthentication,
        KeyFilePath = Change(options.KeyFilePath, old.KeyFilePath),
        HostKeyPolicy = options.HostKeyPolicy ?? old.HostKeyPolicy,
        Owner = Change(options.Owner, old.Owner),
        Secret = options.Credential is null ? options.Secret ?? old.Secret : null,
    };

    /// <summary>A type given as a file, or a credential given once more, is tried although its name is the same.</summary>
    private static bool IsReachedAnew(ChangeDeviceOptions options, DeviceRegistration old, DeviceRegistration changed) =>
        options.Credential is not null || options.TypeFile is not null
        || (changed.Address, changed.Type, changed.Secret, changed.CertificateThumbprint, changed.AllowUnencryptedAuthentication, changed.KeyFilePath, changed.HostKeyPolicy)
            != (old.Address, old.Type, old.Secret, old.CertificateThumbprint, old.AllowUnencryptedAuthentication, old.KeyFilePath, old.HostKeyPolicy);

    private static string Describe(PreparedChange change)
    {
        var what = change.Changed.Secret is { } secret ? $"is reached with {secret} of SecretManagement from now on"
            : $"has another {(change.Changed.Credential?.Token is null ? "user or password" : "token")} from now on";
        return $"'{change.State.Id}' {what}; {(change.WasTried ? "the device has accepted it" : "it was not tried")}.";
    }

    private static string? Change(string? wanted, string? old) => wanted is null ? old : wanted.Length == 0 ? null : wanted;
}
