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
}

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
    /// <exception cref="EdgeBackupException">DeviceNotFound, DeviceRegistrationMismatch, and what a contact may throw.</exception>
    public async Task SetAsync(string device, ChangeDeviceOptions options, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var state = await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        var old = state.Registration!;
        var changed = old with
        {
            Address = options.Address?.Text ?? old.Address,
            Name = Change(options.Name, old.Name),
            Type = options.Type ?? old.Type,
            Version = Change(options.Version, old.Version),
            Tags = options.Tags ?? old.Tags,
            Site = Change(options.Site, old.Site),
            Parent = Change(options.Parent, old.Parent),
            Credential = options.Credential ?? old.Credential,
            CertificateThumbprint = Change(options.CertificateThumbprint, old.CertificateThumbprint),
            AllowUnencryptedAuthentication = options.AllowUnencryptedAuthentication ?? old.AllowUnencryptedAuthentication,
            KeyFilePath = Change(options.KeyFilePath, old.KeyFilePath),
            HostKeyPolicy = options.HostKeyPolicy ?? old.HostKeyPolicy,
        };
        if (!string.IsNullOrEmpty(options.Parent))
        {
            await RegisteredDevices.CheckParentAsync(context, device, options.Parent, cancellationToken).ConfigureAwait(false);
        }

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

        var reachedAnew = options.Address is not null || options.Type is not null || options.Credential is not null || options.CertificateThumbprint is not null
            || options.KeyFilePath is not null || options.HostKeyPolicy is not null;
        if (reachedAnew && !options.SkipContact)
        {
            var contact = await DeviceContact.OpenAsync(context, changed, observer, cancellationToken, type.Type).ConfigureAwait(false);
            await contact.DisposeAsync().ConfigureAwait(false);
        }

        await KeptTypes.KeepAsync(context, observer, type, cancellationToken).ConfigureAwait(false);
        if (changed != old)
        {
            await context.Devices.AppendAsync(device, DeviceLogEntryKind.Registered, entry => entry with { Registration = changed }, cancellationToken).ConfigureAwait(false);
            if (RegistrationChange.Describe(old, changed) is { Length: > 0 } what)
            {
                await context.NoteAsync(observer, EdgeEventCategory.Device, "Changed", $"Of '{device}' {what}.", device).ConfigureAwait(false);
            }

            if (changed.Credential != old.Credential)
            {
                await context.NoteAsync(observer, EdgeEventCategory.Device, "CredentialChanged", $"'{device}' has another credential.", device).ConfigureAwait(false);
            }
        }

        if (options.LiftFence && state.Fence is { } fence)
        {
            await context.Devices.AppendAsync(device, DeviceLogEntryKind.FenceLifted, entry => entry, cancellationToken).ConfigureAwait(false);
            await context.NoteAsync(observer, EdgeEventCategory.Device, "FenceLifted", $"'{device}', replaced by '{fence.ReplacedBy}', is active again.", device).ConfigureAwait(false);
        }

        await context.Catalog.RefreshDevicesAsync([device], cancellationToken).ConfigureAwait(false);
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

    private static string? Change(string? wanted, string? old) => wanted is null ? old : wanted.Length == 0 ? null : wanted;
}
