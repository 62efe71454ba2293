using NodaTime;

namespace EdgeBackup.Core.Devices;

/// <summary>What a connection needs to know, from the device's registration.</summary>
public sealed record ConnectionOptions
{
    public required DeviceAddress Address { get; init; }

    /// <summary>The registered id, used where the device does not tell its own (a folder without edge-device.json).</summary>
    public string? Id { get; init; }

    public string? Name { get; init; }

    /// <summary>The registered type, used like <see cref="Id"/>.</summary>
    public string? Type { get; init; }

    /// <summary>
    /// What <see cref="Type"/> says: where items are, what they are, how the device tells who it is. Null where the type
    /// is not known before the device was asked.
    /// </summary>
    public DeviceType? Definition { get; init; }

    /// <summary>The registered version, used where the device tells none.</summary>
    public string? Version { get; init; }

    public DeviceCredential? Credential { get; init; }

    /// <summary>SHA-1 or SHA-256 thumbprint of the certificate to accept instead of the system's trust, hex; null to verify as usual.</summary>
    public string? CertificateThumbprint { get; init; }

    /// <summary>Whether the credential may be sent over plain http to other than loopback.</summary>
    public bool AllowUnencryptedAuthentication { get; init; }

    /// <summary>The private key for ssh://; null: as the user's ssh configuration and agent have it.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>What is done with a host key that this machine does not know (ssh://).</summary>
    public HostKeyPolicy HostKeyPolicy { get; init; }

    /// <summary>A device that stays silent for so long is given up.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a device may be away after a commit that it accepted.</summary>
    public TimeSpan RestartLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The zone in which the device stands, for devices that log local times; null where nobody has said it.</summary>
    public DateTimeZone? Zone { get; init; }

    /// <summary>True: nothing on the device is changed, not even to undo a restore that was interrupted. It can only be looked at then.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Called with one line where the connection does something worth telling: a retry, a wait. Never a secret.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Called with what the user is to hear although the work has ended already: what was left behind on the device, and what to do. Never a secret.</summary>
    public Action<string>? Warn { get; init; }
}

/// <summary>A device credential; its <c>ToString</c> never shows the secret.</summary>
public sealed record DeviceCredential
{
    /// <summary>The user of HTTP Basic; null with a token.</summary>
    public string? UserName { get; init; }

    public string? Password { get; init; }

    /// <summary>A bearer token; null with a user and password.</summary>
    public string? Token { get; init; }

    public override string ToString() => Token is null ? $"user {UserName}" : "token";
}
