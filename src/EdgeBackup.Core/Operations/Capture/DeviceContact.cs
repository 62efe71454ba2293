using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using NodaTime;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>A connection to a registered device that has proved to be that device.</summary>
internal sealed class DeviceContact : IAsyncDisposable
{
    private DeviceContact(IDeviceConnection connection, DeviceRegistration registration, DeviceType type, DeviceStatus status)
    {
        Connection = connection;
        Registration = registration;
        Type = type;
        Status = status;
    }

    public IDeviceConnection Connection { get; }

    public DeviceRegistration Registration { get; }

    public string Id => Registration.Id;

    public DeviceType Type { get; }

    /// <summary>The first look.</summary>
    public DeviceStatus Status { get; private set; }

    /// <summary>What the device tells now; what it told long ago says nothing of what runs on it (R1).</summary>
    public string? Version => Status.Identity.Version;

    /// <summary>Connects and looks.</summary>
    /// <param name="context">The repository.</param>
    /// <param name="registration">The device's.</param>
    /// <param name="observer">Is told what happens.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="definition">The device's type where it is not yet one that the repository knows.</param>
    /// <param name="zone">Where the device stands, for the times in its logs.</param>
    /// <param name="onLeft">Told, with the observer, what is left behind on the device.</param>
    /// <exception cref="EdgeBackupException">
    /// DeviceUnreachable, DeviceAuthenticationFailed, DeviceResponseInvalid; DeviceIdChanged: other hardware answers;
    /// DeviceRegistrationMismatch: the device is of another type than registered.
    /// </exception>
    public static async Task<DeviceContact> OpenAsync(RepositoryContext context, DeviceRegistration registration, IOperationObserver observer, CancellationToken cancellationToken, DeviceType? definition = null, DateTimeZone? zone = null, Action<string>? onLeft = null)
    {
        var options = await DeviceSecrets.FetchAsync(context, Options(registration, observer) with { Warn = Warn, Zone = zone }, registration.Secret, cancellationToken).ConfigureAwait(false);
        var type = definition ?? (await context.Types.FindAsync(registration.Type, options.Address.Kind, cancellationToken).ConfigureAwait(false))?.Type;
        var connection = context.Connections.Connect(options with { Definition = type });
        try
        {
            var status = await connection.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            CheckIdentity(registration, status.Identity);
            if (type is null)
            {
                throw new EdgeBackupException(
                    ErrorIds.DeviceResponseInvalid,
                    $"The device '{registration.Id}' is of type '{registration.Type}', which is not known for its kind of address. Get-EdgeDeviceType lists the known ones.",
                    registration.Id);
            }

            observer.Verbose($"{registration.Id}: answers as {type.Id}, version {status.Identity.Version ?? "unknown"}.");
            return new DeviceContact(connection, registration, type, status);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        void Warn(string line)
        {
            observer.Warning($"{registration.Id}: {line}");
            onLeft?.Invoke(line);
        }
    }

    public static ConnectionOptions Options(DeviceRegistration registration, IOperationObserver observer) => new()
    {
        Address = DeviceAddress.Parse(registration.Address, Path.GetPathRoot(Environment.CurrentDirectory)!),
        Id = registration.Id,
        Name = registration.Name,
        Type = registration.Type,
        Version = registration.Version,
        Credential = registration.Credential,
        CertificateThumbprint = registration.CertificateThumbprint,
        AllowUnencryptedAuthentication = registration.AllowUnencryptedAuthentication,
        KeyFilePath = registration.KeyFilePath,
        HostKeyPolicy = registration.HostKeyPolicy ?? HostKeyPolicy.Strict,
        Trace = line => observer.Verbose($"{registration.Id}: {line}"),
    };

    /// <summary>Takes a device out of a restore that a killed command of ours left open on it, so that it is not found busy with that.</summary>
    /// <exception cref="EdgeBackupException">DeviceBusy: somebody else's restore is open.</exception>
    public async Task DropLeftoversAsync(IRestoreJournal journal, CancellationToken cancellationToken)
    {
        if (await Connection.DropLeftoversAsync(journal, cancellationToken).ConfigureAwait(false))
        {
            Status = await LookAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Looks again and checks that the same hardware still answers.</summary>
    public async Task<DeviceStatus> LookAsync(CancellationToken cancellationToken)
    {
        var status = await Connection.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        CheckIdentity(Registration, status.Identity);
        return status;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private static void CheckIdentity(DeviceRegistration registration, DeviceIdentity identity)
    {
        if (!string.Equals(identity.Id, registration.Id, StringComparison.Ordinal))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceIdChanged,
                $"At {registration.Address} the device '{identity.Id}' answers, but '{registration.Id}' is registered there: the hardware was swapped. Register the new device, then hand it the old one's state: Switch-EdgeDevice -Device '{identity.Id}' -Replaces '{registration.Id}'.",
                registration.Id);
        }

        if (!string.Equals(identity.Type, registration.Type, StringComparison.Ordinal))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceRegistrationMismatch,
                $"The device '{registration.Id}' says that it is of type '{identity.Type}', but it is registered as '{registration.Type}'. Check the address; if the device is right, unregister it and register it again.",
                registration.Id);
        }
    }
}
