using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Registers a device after asking it who it is.</summary>
[Cmdlet(VerbsLifecycle.Register, "EdgeDevice", SupportsShouldProcess = true)]
[OutputType(typeof(DeviceInfo))]
public sealed class RegisterEdgeDeviceCommand : EdgeRepositoryCommand
{
    /// <summary>An http(s) address or a folder.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>The id; a device that tells another one is refused.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>What people call it.</summary>
    [Parameter]
    public string? Name { get; set; }

    /// <summary>The device type, or a file that is one; a device that tells another one is refused.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string? Type { get; set; }

    /// <summary>The version of a device that tells none.</summary>
    [Parameter]
    public string? Version { get; set; }

    /// <summary>Words to select it by.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(LiteralTagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Where it stands.</summary>
    [Parameter]
    public string? Site { get; set; }

    /// <summary>The id of the server above it.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(LiteralDeviceIdCompleter))]
    public string? Parent { get; set; }

    /// <summary>User and password.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>A bearer token.</summary>
    [Parameter]
    public SecureString? Token { get; set; }

    /// <summary>A private key for ssh:// addresses.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>What is done with an unknown host key (ssh://).</summary>
    [Parameter]
    [ValidateSet("Strict", "AcceptNew")]
    public string? HostKeyPolicy { get; set; }

    /// <summary>The thumbprint of the certificate to accept instead of the system's trust.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Allows the credential to go over plain http.</summary>
    [Parameter]
    public SwitchParameter AllowUnencryptedAuthentication { get; set; }

    /// <summary>Registers without asking the device; needs -Id and -Type.</summary>
    [Parameter]
    public SwitchParameter SkipContact { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (AddressParameter.Parse(this, Address, ResolvePath) is not { } address)
        {
            return;
        }

        AddressParameter.RefuseKeyFile(this, KeyFilePath, address);
        AddressParameter.RefuseHostKeyPolicy(this, HostKeyPolicy, address);
        if (!ShouldProcess(address.Text, "Register device"))
        {
            return;
        }

        if (!TypeParameter.TryRead(this, Type, ResolvePath, out var type, out var typeFile))
        {
            return;
        }

        var options = new RegisterDeviceOptions
        {
            Address = address,
            Id = Id,
            Name = Name,
            Type = type,
            TypeFile = typeFile,
            Version = Version,
            Tags = Tag,
            Site = Site,
            Parent = Parent,
            Credential = DeviceSecret.Read(Credential, Token),
            CertificateThumbprint = CertificateThumbprint,
            AllowUnencryptedAuthentication = AllowUnencryptedAuthentication,
            SkipContact = SkipContact,
            KeyFilePath = KeyFilePath is null ? null : ResolvePath(KeyFilePath),
            HostKeyPolicy = AddressParameter.ReadHostKeyPolicy(HostKeyPolicy),
        };
        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                var id = await new RegisterDevice(context, pipeline.Observer).RunAsync(options, cancellationToken).ConfigureAwait(false);
                await DeviceOutput.WriteAsync(context, pipeline, id, cancellationToken).ConfigureAwait(false);
            },
            Address);
    }
}
