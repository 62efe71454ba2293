using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Devices.Types.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Errors;
using EdgeBackup.PowerShell.Inventory;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Says what is wrong with files of device types, with line and property; or tries a type on a live device.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeDeviceType", DefaultParameterSetName = FileSet)]
[OutputType(typeof(DeviceTypeTest), ParameterSetName = [FileSet])]
[OutputType(typeof(DeviceTypeTrial), ParameterSetName = [DeviceSet])]
public sealed class TestEdgeDeviceTypeCommand : EdgeRepositoryCommand
{
    private const string FileSet = "File";
    private const string DeviceSet = "Device";

    /// <summary>Files; wildcards allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = FileSet, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The address of a live device, on which the type is tried: http(s)://, ssh:// or a folder.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DeviceSet)]
    [ValidateNotNullOrEmpty]
    public string Device { get; set; } = "";

    /// <summary>The type, or a file that is one; without it, what the device says.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string? Type { get; set; }

    /// <summary>The id of a device that tells none.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>User and password.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>A bearer token.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    public SecureString? Token { get; set; }

    /// <summary>A private key for ssh:// addresses.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>What is done with an unknown host key (ssh://).</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [ValidateSet("Strict", "AcceptNew")]
    public string? HostKeyPolicy { get; set; }

    /// <summary>The thumbprint of the certificate to accept instead of the system's trust.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    [ValidateNotNullOrEmpty]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Allows the credential to go over plain http.</summary>
    [Parameter(ParameterSetName = DeviceSet)]
    public SwitchParameter AllowUnencryptedAuthentication { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ParameterSetName != DeviceSet)
        {
            return;
        }

        try
        {
            var address = AddressParameter.Parse(Device, ResolvePath);
            AddressParameter.RefuseKeyFile(KeyFilePath, address);
            AddressParameter.RefuseHostKeyPolicy(HostKeyPolicy, address);
            var (id, file) = TypeParameter.Read(Type, path => DeviceTypeLibrary.ReadFile(ResolvePath(path)));
            RunEach((writer, cancellationToken) => TryAsync(new OperationPipeline(writer), address, id, file, cancellationToken), Device);
        }
        catch (Exception exception) when (exception is EdgeBackupException or InputFaultException)
        {
            WriteError(EdgeErrors.ToErrorRecord(exception, Device));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var file in Path.SelectMany(ExpandFiles))
        {
            try
            {
                WriteObject(Test(file));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                WriteError(EdgeErrors.ToErrorRecord(exception, file));
            }
        }
    }

    private async Task TryAsync(OperationPipeline pipeline, DeviceAddress address, string? id, DeviceTypeEntry? file, CancellationToken cancellationToken)
    {
        var (catalog, _, _) = await KnownTypes.ReadAsync(RepositoryPath, cancellationToken).ConfigureAwait(false);
        var given = file?.Type ?? (id is null ? null : catalog.Find(id, address.Kind));
        if (file is not null ? !file.Type.Connections.Contains(address.Kind) : id is not null && given is null)
        {
            throw new EdgeBackupException(ErrorIds.DeviceRegistrationMismatch, $"The device type '{id}' is not known for {address.Text}. Get-EdgeDeviceType lists the known ones, and the connections of each.", address.Text);
        }

        var options = new ConnectionOptions
        {
            Address = address,
            Id = Id,
            Type = id,
            Credential = DeviceSecret.Read(Credential, Token),
            CertificateThumbprint = CertificateThumbprint,
            AllowUnencryptedAuthentication = AllowUnencryptedAuthentication,
            KeyFilePath = KeyFilePath is null ? null : ResolvePath(KeyFilePath),
            HostKeyPolicy = AddressParameter.ReadHostKeyPolicy(HostKeyPolicy) ?? Core.Devices.HostKeyPolicy.Strict,
            Trace = line => pipeline.Observer.Verbose($"{address.Text}: {line}"),
        };
        var trial = await new TryDeviceType(RepositorySession.Surroundings().Connections)
            .RunAsync(options, given, (type, _) => Task.FromResult(catalog.Find(type, address.Kind)), cancellationToken).ConfigureAwait(false);
        await pipeline.WriteAsync(trial.ToOutput(address.Text)).ConfigureAwait(false);
    }

    private static DeviceTypeTest Test(string file)
    {
        var reading = DeviceTypeReader.Read(DeviceTypeFolder.ReadFile(file));
        var problems = reading.Type is { } type && DeviceTypeCatalog.IsBuiltIn(type.Id)
            ? [new Core.Devices.Types.DeviceTypeProblem(1, 1, "id", $"'{type.Id}' is the id of a type shipped with EdgeBackup; give yours another")]
            : reading.Problems;
        return new DeviceTypeTest
        {
            Path = file,
            Id = reading.Type?.Id,
            Valid = problems.Count == 0,
            Problem = [.. problems.Select(problem => new DeviceTypeProblem { Line = problem.Line, Column = problem.Column, Property = problem.Property, Message = problem.Message })],
        };
    }
}
