namespace EdgeBackup.Core.Devices;

/// <summary>What a secret is made into.</summary>
public enum DeviceSecretKind
{
    /// <summary>A user and a password.</summary>
    Credential,

    /// <summary>A bearer token.</summary>
    Token,
}

/// <summary>The name of a secret that is kept elsewhere; never the secret itself.</summary>
/// <param name="Kind">What it is made into.</param>
/// <param name="Name">As it is called in its vault.</param>
/// <param name="Vault">The vault; null for the first that has such a secret.</param>
public sealed record DeviceSecretName(DeviceSecretKind Kind, string Name, string? Vault)
{
    /// <summary>For messages.</summary>
    public override string ToString() => Vault is null ? $"the secret '{Name}'" : $"the secret '{Name}' in the vault '{Vault}'";
}

/// <summary>Fetches secrets by their names at the moment of use. Thread-safe.</summary>
public interface ISecretSource
{
    /// <summary>Fetches a secret; several devices may ask for the same one.</summary>
    /// <param name="secret">Which.</param>
    /// <param name="device">The device that it is for: an id, or an address while no id is known.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="Errors.EdgeBackupException">DeviceSecretUnavailable, naming the device and the secret.</exception>
    Task<DeviceCredential> GetAsync(DeviceSecretName secret, string device, CancellationToken cancellationToken);
}
