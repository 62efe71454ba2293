using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Records;

/// <summary>What is registered of a device. Sealed in the repository, its credential with it.</summary>
public sealed record DeviceRegistration
{
    public required string Id { get; init; }

    public string? Name { get; init; }

    public required string Type { get; init; }

    /// <summary>See <see cref="DeviceAddress"/>.</summary>
    public required string Address { get; init; }

    /// <summary>The version the device last told; a registered one where it tells none.</summary>
    public string? Version { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Site { get; init; }

    /// <summary>The id of the server that this device is under.</summary>
    public string? Parent { get; init; }

    public DeviceCredential? Credential { get; init; }

    public string? CertificateThumbprint { get; init; }

    public bool AllowUnencryptedAuthentication { get; init; }

    /// <summary>The private key for ssh://, a path on the machine that takes the backups; the key itself is never kept.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>Null means <see cref="Devices.HostKeyPolicy.Strict"/>.</summary>
    public HostKeyPolicy? HostKeyPolicy { get; init; }

    /// <summary>When the device was first registered, UTC.</summary>
    public required DateTimeOffset Registered { get; init; }

    /// <summary>Who looks after it.</summary>
    public string? Owner { get; init; }

    /// <summary>Where <see cref="Credential"/> is fetched from at each use, when it is not sealed here; one of the two at most.</summary>
    public DeviceSecretName? Secret { get; init; }

    /// <summary>Everything but the secret, for the catalog and for output.</summary>
    public DeviceRegistration WithoutSecrets() => this with { Credential = null };

    /// <summary>Whether another registration says the same; lists are compared by what is in them.</summary>
    public bool IsSameAs(DeviceRegistration? other) =>
        other is not null && Tags.SequenceEqual(other.Tags, StringComparer.Ordinal) && this with { Tags = other.Tags } == other;
}

/// <summary>A fence: the device was replaced and is neither backed up nor restored until somebody lifts it (R8).</summary>
/// <param name="ReplacedBy">The id of the replacement.</param>
/// <param name="Time">UTC.</param>
/// <param name="Author">Who: user@machine.</param>
/// <param name="Reason">Why, as its user said.</param>
/// <param name="Backup">The backup that was restored onto the replacement.</param>
public sealed record Fence(string ReplacedBy, DateTimeOffset Time, string Author, string? Reason, string? Backup);

/// <summary>A protection: the backup neither expires nor counts (R9).</summary>
/// <param name="Time">UTC.</param>
/// <param name="Author">Who: user@machine.</param>
/// <param name="Reason">Why, as its user said.</param>
public sealed record Protection(DateTimeOffset Time, string Author, string? Reason);
