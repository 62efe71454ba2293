using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>What is known of a device that is to be registered.</summary>
public sealed record RegisterDeviceOptions
{
    public required DeviceAddress Address { get; init; }

    public string? Id { get; init; }

    public string? Name { get; init; }

    public string? Type { get; init; }

    /// <summary>A type given as a file, whose id is <see cref="Type"/>; it is kept in the repository. Null: the type is a known one.</summary>
    public DeviceTypeEntry? TypeFile { get; init; }

    public string? Version { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Site { get; init; }

    public string? Parent { get; init; }

    public DeviceCredential? Credential { get; init; }

    public string? CertificateThumbprint { get; init; }

    public bool AllowUnencryptedAuthentication { get; init; }

    /// <summary>The private key for ssh://, absolute.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>What is done with a host key that this machine does not know (ssh://); null for Strict.</summary>
    public HostKeyPolicy? HostKeyPolicy { get; init; }

    /// <summary>Register without asking the device; needs <see cref="Id"/> and <see cref="Type"/>.</summary>
    public bool SkipContact { get; init; }

    /// <summary>Who looks after it.</summary>
    public string? Owner { get; init; }

    /// <summary>Where the credential is fetched from at each use, instead of <see cref="Credential"/>.</summary>
    public DeviceSecretName? Secret { get; init; }
}

/// <summary>A device that has told who it is, and is not registered yet.</summary>
/// <param name="Options">What was said of it.</param>
/// <param name="Identity">What it tells.</param>
/// <param name="Type">Its type.</param>
public sealed record IdentifiedDevice(RegisterDeviceOptions Options, DeviceIdentity Identity, DeviceTypeEntry Type);

/// <summary>Registers a device: <c>Register-EdgeDevice</c>.</summary>
public sealed class RegisterDevice
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public RegisterDevice(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Asks the device who it is, checks that against what was said, and writes the registration.</summary>
    /// <returns>The device's id.</returns>
    /// <exception cref="EdgeBackupException">As <see cref="IdentifyAsync"/> and <see cref="WriteAsync"/>.</exception>
    public async Task<string> RunAsync(RegisterDeviceOptions options, CancellationToken cancellationToken)
    {
        var identified = await IdentifyAsync(options, cancellationToken).ConfigureAwait(false);
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        return await WriteAsync(identified, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks a device who it is, and checks that against what was said. Many may be asked at once.</summary>
    /// <exception cref="EdgeBackupException">
    /// DeviceUnreachable, DeviceAuthenticationFailed, DeviceResponseInvalid, DeviceRegistrationMismatch, DeviceSecretUnavailable.
    /// </exception>
    public async Task<IdentifiedDevice> IdentifyAsync(RegisterDeviceOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckFolder(options.Address);
        var given = options.Type is null ? null : await FindTypeAsync(options, options.Type, cancellationToken).ConfigureAwait(false);
        var connection = ToConnectionOptions(options) with { Definition = given?.Type };
        var identity = options.SkipContact ? await BelieveAsync(options, connection).ConfigureAwait(false) : await AskAsync(options, connection, cancellationToken).ConfigureAwait(false);
        var type = (given?.Type.Id == identity.Type ? given : await FindTypeAsync(options, identity.Type, cancellationToken).ConfigureAwait(false))
            ?? throw new EdgeBackupException(
                options.SkipContact ? ErrorIds.DeviceRegistrationMismatch : ErrorIds.DeviceResponseInvalid,
                $"The device type '{identity.Type}' is not known for {options.Address.Text}. Get-EdgeDeviceType lists the known ones.",
                options.Address.Text);

        if (FindIdFault(identity.Id) is { } fault)
        {
            // It is shown in every table and typed as -Device from now on.
            throw new EdgeBackupException(
                options.Id is null ? ErrorIds.DeviceResponseInvalid : ErrorIds.DeviceRegistrationMismatch,
                $"The id of the device at {options.Address.Text} {fault}. Give the device an id that can be shown and typed.",
                options.Address.Text);
        }

        return new IdentifiedDevice(options, identity, type);
    }

    /// <summary>Writes the registration, unless the same is registered already. One at a time: parents are checked against what is there.</summary>
    /// <returns>The device's id.</returns>
    /// <exception cref="EdgeBackupException">DeviceIdDuplicate, DeviceNotFound (the parent), DeviceRegistrationMismatch (the parent stands below the device).</exception>
    public async Task<string> WriteAsync(IdentifiedDevice identified, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identified);
        var (options, identity, type) = identified;
        var before = await context.Devices.GetAsync(identity.Id, cancellationToken).ConfigureAwait(false);
        CheckDuplicate(options, identity, before);
        if (options.Parent is not null)
        {
            await RegisteredDevices.CheckParentAsync(context, identity.Id, options.Parent, cancellationToken).ConfigureAwait(false);
        }

        // Before the registration: whoever finds the device must find its type.
        await KeptTypes.KeepAsync(context, observer, type, cancellationToken).ConfigureAwait(false);
        var old = before.Registration;
        var registration = new DeviceRegistration
        {
            Id = identity.Id,
            Name = options.Name ?? identity.Name ?? old?.Name,
            Type = identity.Type,
            Address = options.Address.Text,
            Version = identity.Version ?? options.Version ?? old?.Version,
            Tags = options.Tags.Count > 0 ? options.Tags : old?.Tags ?? [],
            Site = options.Site ?? old?.Site,
            Parent = options.Parent ?? old?.Parent,
            Credential = options.Secret is null ? options.Credential ?? old?.Credential : null,
            CertificateThumbprint = options.CertificateThumbprint ?? old?.CertificateThumbprint,
            AllowUnencryptedAuthentication = options.AllowUnencryptedAuthentication || old?.AllowUnencryptedAuthentication == true,
            KeyFilePath = options.KeyFilePath ?? old?.KeyFilePath,
            HostKeyPolicy = options.HostKeyPolicy ?? old?.HostKeyPolicy,
            Registered = old?.Registered ?? context.Clock.GetUtcNow(),
            Owner = options.Owner ?? old?.Owner,
            Secret = options.Credential is null ? options.Secret ?? old?.Secret : null,
        };
        if (registration.IsSameAs(old))
        {
            observer.Verbose($"{identity.Id}: is registered so already.");
            return identity.Id;
        }

        await context.Devices.AppendAsync(identity.Id, DeviceLogEntryKind.Registered, entry => entry with { Registration = registration }, cancellationToken).ConfigureAwait(false);
        await context.NoteAsync(
            observer,
            EdgeEventCategory.Device,
            "Registered",
            $"'{identity.Id}' was registered{(old is null ? "" : " again")} as {identity.Type} at {options.Address.Text}{(registration.Credential is null && registration.Secret is null ? "" : ", with a credential")}.",
            identity.Id).ConfigureAwait(false);
        if (old is not null && (old.Credential ?? (object?)old.Secret) is not null && (old.Credential != registration.Credential || old.Secret != registration.Secret))
        {
            await context.NoteAsync(observer, EdgeEventCategory.Device, "CredentialChanged", $"'{identity.Id}' has another credential.", identity.Id).ConfigureAwait(false);
        }

        await context.Catalog.RefreshDevicesAsync([identity.Id], cancellationToken).ConfigureAwait(false);
        observer.Verbose($"{identity.Id}: registered as {identity.Type} at {options.Address.Text}.");
        if (type.Type.Policy.Window is not null)
        {
            var policies = await PolicyBook.LoadAsync(context.Repository, cancellationToken).ConfigureAwait(false);
            var policy = policies.For(registration.Id, registration.Type, registration.Tags, registration.Site);
            WindowZones.Warn(WindowZones.IsGuessed(policy) ? [(registration.Id, registration.Site)] : [], context.Clock, observer);
        }

        return identity.Id;
    }

    private static string? FindIdFault(string id) =>
        id.Any(char.IsControl) ? "contains control characters"
        : id.Contains('*', StringComparison.Ordinal) || id.Contains('?', StringComparison.Ordinal) ? "contains '*' or '?', so that it would stand for other devices too"
        : null;

    private async Task<DeviceTypeEntry?> FindTypeAsync(RegisterDeviceOptions options, string id, CancellationToken cancellationToken) =>
        options.TypeFile is { } file && file.Type.Id == id
            ? file.Type.Connections.Contains(options.Address.Kind) ? file : null
            : await context.Types.FindAsync(id, options.Address.Kind, cancellationToken).ConfigureAwait(false);

    private async Task<DeviceIdentity> BelieveAsync(RegisterDeviceOptions options, ConnectionOptions connection)
    {
        if (string.IsNullOrWhiteSpace(options.Id) || string.IsNullOrWhiteSpace(options.Type))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceRegistrationMismatch,
                $"-SkipContact registers {options.Address.Text} without asking it, so its identity must be given: use -Id and -Type.",
                options.Address.Text);
        }

        // Nobody is asked, so nothing else would say it before the first night.
        await DeviceSecrets.CheckUntriedAsync(context, connection, options.Secret).ConfigureAwait(false);
        return new DeviceIdentity { Id = options.Id, Type = options.Type, Version = options.Version };
    }

    private async Task<DeviceIdentity> AskAsync(RegisterDeviceOptions options, ConnectionOptions connectionOptions, CancellationToken cancellationToken)
    {
        var reached = await DeviceSecrets.FetchAsync(context, connectionOptions, options.Secret, cancellationToken).ConfigureAwait(false);
        var connection = context.Connections.Connect(reached with { Trace = line => observer.Verbose($"{options.Address.Text}: {line}") });
        await using var lease = connection.ConfigureAwait(false);
        var status = await connection.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var identity = status.Identity;
        CheckClaim("id", options.Id, identity.Id, options.Address.Text);
        CheckClaim("type", options.Type, identity.Type, options.Address.Text);
        return identity;
    }

    private static ConnectionOptions ToConnectionOptions(RegisterDeviceOptions options) => new()
    {
        Address = options.Address,
        Id = options.Id,
        Name = options.Name,
        Type = options.Type,
        Version = options.Version,
        Credential = options.Credential,
        CertificateThumbprint = options.CertificateThumbprint,
        AllowUnencryptedAuthentication = options.AllowUnencryptedAuthentication,
        KeyFilePath = options.KeyFilePath,
        HostKeyPolicy = options.HostKeyPolicy ?? HostKeyPolicy.Strict,
    };

    private static void CheckClaim(string what, string? claimed, string told, string address)
    {
        if (claimed is not null && !string.Equals(claimed, told, StringComparison.Ordinal))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceRegistrationMismatch,
                $"The device at {address} says that its {what} is '{told}', not '{claimed}'. Check the address, or leave -{(what == "id" ? "Id" : "Type")} out to take the device's word.",
                address);
        }
    }

    private static void CheckDuplicate(RegisterDeviceOptions options, DeviceIdentity identity, DeviceState before)
    {
        if (before.Registration is not { } registered || options.Address.IsSamePlace(DeviceAddress.Parse(registered.Address, Path.GetPathRoot(Environment.CurrentDirectory)!)))
        {
            return;
        }

        throw new EdgeBackupException(
            ErrorIds.DeviceIdDuplicate,
            $"The device at {options.Address.Text} says that it is '{identity.Id}', but '{identity.Id}' is registered at {registered.Address}. If it has moved: Set-EdgeDevice -Device '{identity.Id}' -Address '{options.Address.Text}'. If these are two devices, {(identity.IsOwnId ? "one of them needs an id of its own" : "give this one an id of its own with -Id")}.",
            identity.Id);
    }

    private void CheckFolder(DeviceAddress address)
    {
        if (address.Kind != ConnectionKind.Folder)
        {
            return;
        }

        if (FolderDevice.LooksLikeRepository(address.Text))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceResponseInvalid,
                $"'{address.Text}' is an EdgeBackup repository, not a device. Give the device's folder; to work with the repository use Connect-EdgeRepository.",
                address.Text);
        }

        if (IsInside(context.Location, address.Text))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceResponseInvalid,
                $"The folder '{address.Text}' contains the repository at '{context.Location}', which would then be backed up into itself. Move the repository elsewhere, or register a folder beside it.",
                address.Text);
        }
    }

    private static bool IsInside(string path, string folder)
    {
        var relative = Path.GetRelativePath(folder, path);
        return relative == "." || (!relative.StartsWith("..", StringComparison.Ordinal) && !Path.IsPathRooted(relative));
    }
}
