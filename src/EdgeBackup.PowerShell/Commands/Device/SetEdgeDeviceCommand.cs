using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Operations;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Changes what is registered of devices, and lifts fences.</summary>
[Cmdlet(VerbsCommon.Set, "EdgeDevice", SupportsShouldProcess = true)]
[OutputType(typeof(DeviceInfo))]
public sealed class SetEdgeDeviceCommand : DeviceCommand
{
    /// <summary>A new address; the device there must tell the registered id.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Address { get; set; }

    /// <summary>What people call it; empty for no name.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>The device type, or a file that is one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string? Type { get; set; }

    /// <summary>The version of a device that tells none.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Version { get; set; }

    /// <summary>Words to select it by, instead of those there are.</summary>
    [Parameter]
    [AllowEmptyCollection]
    [ArgumentCompleter(typeof(LiteralTagCompleter))]
    public string[]? Tag { get; set; }

    /// <summary>Where it stands; empty for nowhere.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Site { get; set; }

    /// <summary>The id of the server above it; empty for none.</summary>
    [Parameter]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(LiteralDeviceIdCompleter))]
    public string? Parent { get; set; }

    /// <summary>User and password.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>A bearer token.</summary>
    [Parameter]
    public SecureString? Token { get; set; }

    /// <summary>A private key for ssh:// addresses; empty for the user's own.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? KeyFilePath { get; set; }

    /// <summary>What is done with an unknown host key (ssh://).</summary>
    [Parameter]
    [ValidateSet("Strict", "AcceptNew")]
    public string? HostKeyPolicy { get; set; }

    /// <summary>The thumbprint of the certificate to accept; empty for the system's trust.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Allows the credential to go over plain http.</summary>
    [Parameter]
    public SwitchParameter AllowUnencryptedAuthentication { get; set; }

    /// <summary>Takes a new address or credential without trying it.</summary>
    [Parameter]
    public SwitchParameter SkipContact { get; set; }

    /// <summary>Active lifts the fence of a replaced device.</summary>
    [Parameter]
    [ValidateSet("Active")]
    public string? State { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var address = Address is null ? null : AddressParameter.Parse(this, Address, ResolvePath);
        if (Address is not null && address is null)
        {
            return;
        }

        if (address is not null)
        {
            AddressParameter.RefuseKeyFile(this, KeyFilePath, address);
            AddressParameter.RefuseHostKeyPolicy(this, HostKeyPolicy, address);
        }

        if (!TypeParameter.TryRead(this, Type, ResolvePath, out var type, out var typeFile))
        {
            return;
        }

        var options = new ChangeDeviceOptions
        {
            Address = address,
            Name = Name,
            Type = type,
            TypeFile = typeFile,
            Version = Version,
            Tags = Tag,
            Site = Site,
            Parent = Parent,
            Credential = DeviceSecret.Read(Credential, Token),
            CertificateThumbprint = CertificateThumbprint,
            AllowUnencryptedAuthentication = MyInvocation.BoundParameters.ContainsKey(nameof(AllowUnencryptedAuthentication)) ? AllowUnencryptedAuthentication.IsPresent : null,
            LiftFence = State is not null,
            SkipContact = SkipContact,
            KeyFilePath = string.IsNullOrEmpty(KeyFilePath) ? KeyFilePath : ResolvePath(KeyFilePath),
            HostKeyPolicy = AddressParameter.ReadHostKeyPolicy(HostKeyPolicy),
        };
        var action = State is null ? "Change device" : "Change device and lift its fence";
        RunForDevices(Devices, async (context, id, pipeline, cancellationToken) =>
        {
            if (await ConfirmAsync(pipeline, id, action).ConfigureAwait(false))
            {
                await new ChangeDevice(context, pipeline.Observer).SetAsync(id, options, cancellationToken).ConfigureAwait(false);
                await DeviceOutput.WriteAsync(context, pipeline, id, cancellationToken).ConfigureAwait(false);
            }
        });
    }
}
