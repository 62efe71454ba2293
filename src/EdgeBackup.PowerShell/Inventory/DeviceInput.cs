using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;

namespace EdgeBackup.PowerShell.Inventory;

/// <summary>What is said of a device by parameters and by a row together. Null says nothing; an empty text clears where the command can.</summary>
internal sealed record DeviceInput
{
    public DeviceAddress? Address { get; init; }

    public string? Name { get; init; }

    public string? Type { get; init; }

    public DeviceTypeEntry? TypeFile { get; init; }

    public string? Version { get; init; }

    public TextList? Tags { get; init; }

    public string? Site { get; init; }

    public string? Owner { get; init; }

    public string? Parent { get; init; }

    public DeviceCredential? Credential { get; init; }

    public DeviceSecretName? Secret { get; init; }

    public string? KeyFilePath { get; init; }

    public HostKeyPolicy? HostKeyPolicy { get; init; }

    public string? CertificateThumbprint { get; init; }

    public bool? AllowUnencryptedAuthentication { get; init; }
}
