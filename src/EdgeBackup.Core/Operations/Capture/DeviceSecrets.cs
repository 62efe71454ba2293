using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>Gives connections the credentials that are fetched at the moment of use.</summary>
internal static class DeviceSecrets
{
    /// <summary>Stands where a secret would, for checks that need none.</summary>
    private static readonly DeviceCredential Placeholder = new() { Token = "placeholder" };

    /// <summary>The options with the credential that a name stands for.</summary>
    /// <exception cref="EdgeBackupException">DeviceSecretUnavailable; DeviceRegistrationMismatch: the device takes none.</exception>
    public static async Task<ConnectionOptions> FetchAsync(RepositoryContext context, ConnectionOptions options, DeviceSecretName? secret, CancellationToken cancellationToken)
    {
        if (secret is null)
        {
            return options;
        }

        var device = options.Id ?? options.Address.Text;
        CheckKind(options.Address, device);
        var source = context.Secrets ?? throw new EdgeBackupException(
            ErrorIds.DeviceSecretUnavailable,
            $"The device '{device}' is reached with {secret}, and nothing here can fetch secrets. Use the PowerShell module.",
            device);
        return options with { Credential = await source.GetAsync(secret, device, cancellationToken).ConfigureAwait(false) };
    }

    /// <summary>The options as if the secret had been fetched: what forbids sending it can be told without it.</summary>
    public static ConnectionOptions Pretend(ConnectionOptions options, DeviceSecretName? secret)
    {
        if (secret is null)
        {
            return options;
        }

        CheckKind(options.Address, options.Id ?? options.Address.Text);
        return options with { Credential = Placeholder };
    }

    /// <summary>
    /// Refuses what the first contact would refuse without asking the device: a credential that may not be sent, or an
    /// address that no connection speaks. Nothing is sent.
    /// </summary>
    /// <exception cref="EdgeBackupException">DeviceAuthenticationFailed, DeviceRegistrationMismatch, DeviceUnreachable.</exception>
    public static async Task CheckUntriedAsync(RepositoryContext context, ConnectionOptions options, DeviceSecretName? secret)
    {
        var pretended = Pretend(options, secret);
        if (options.Address.Kind == ConnectionKind.Http)
        {
            _ = DeviceAuthentication.CreateHeader(pretended, new Uri(options.Address.Text));
        }

        await context.Connections.Connect(pretended).DisposeAsync().ConfigureAwait(false);
    }

    private static void CheckKind(DeviceAddress address, string device)
    {
        if (address.Kind is not (ConnectionKind.Http or ConnectionKind.Bacnet))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceRegistrationMismatch,
                $"-CredentialSecret and -TokenSecret are for http://, https:// and bacnet:// addresses, and '{device}' is at {address.Text}. Leave them out; ssh:// addresses take keys.",
                device);
        }
    }
}
