using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Errors;
using EdgeBackup.PowerShell.Inventory;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>
/// Base of the cmdlets that say how devices are registered, for one device by parameters or for many by the rows of a list.
/// A parameter that is given holds for all rows; a row's own cells count for the others.
/// </summary>
public abstract class InventoryCommand : EdgeRepositoryCommand
{
    private readonly HashSet<string> given = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DeviceTypeEntry> typeFiles = new(StringComparer.Ordinal);

    private protected int Rows { get; private set; }

    /// <summary>
    /// A row of Import-Csv, or a device. The row is read as a whole (<see cref="InventoryRow"/>): an empty cell must pass,
    /// and what is wrong in one must be told with its row. Parameters of such names say in the help that they are read;
    /// -Id and -Name bind from no pipeline anywhere in the module, and are cells here all the same.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>What people call it.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>The device type, or a file that is one; a device that tells another one is refused.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string? Type { get; set; }

    /// <summary>The version of a device that tells none.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Version { get; set; }

    /// <summary>Words to select it by.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyCollection]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(LiteralTagCompleter))]
    public string[]? Tag { get; set; }

    /// <summary>Where it stands.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(LiteralSiteCompleter))]
    public string? Site { get; set; }

    /// <summary>Who looks after it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(LiteralOwnerCompleter))]
    public string? Owner { get; set; }

    /// <summary>The id of the server above it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
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

    /// <summary>The name of a SecretManagement secret that is a user and a password.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? CredentialSecret { get; set; }

    /// <summary>The name of a SecretManagement secret that is a bearer token.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? TokenSecret { get; set; }

    /// <summary>The vault that the secret is in.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Vault { get; set; }

    /// <summary>A private key for ssh:// addresses.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? KeyFilePath { get; set; }

    /// <summary>What is done with an unknown host key (ssh://).</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(HostKeyPolicyCompleter))]
    public string? HostKeyPolicy { get; set; }

    /// <summary>The thumbprint of the certificate to accept instead of the system's trust.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Allows the credential to go over plain http.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [FlagText]
    public SwitchParameter AllowUnencryptedAuthentication { get; set; }

    /// <summary>Does not ask the device.</summary>
    [Parameter]
    public SwitchParameter SkipContact { get; set; }

    /// <summary>Devices that are asked at once.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int ThrottleLimit { get; set; } = 32;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // What is bound now was given as a parameter; what comes by the pipeline is bound later.
        given.UnionWith(MyInvocation.BoundParameters.Keys);
    }

    /// <summary>Counts one input, and says whether it is a row.</summary>
    /// <param name="takesDevices">Whether a device says how it is, and not only which is meant.</param>
    private protected InventoryRow? TakeRow(bool takesDevices)
    {
        Rows++;
        return InputObject is { } source && (takesDevices || InventoryRow.IsRow(source)) ? new InventoryRow(source, Rows) : null;
    }

    private protected bool IsGiven(string parameter) => given.Contains(parameter);

    /// <summary>A parameter that is given, else the row's cell.</summary>
    private protected string? Choose(string name, string? parameter, InventoryRow? row) => IsGiven(name) ? parameter : row?.Text(name);

    /// <exception cref="InputFaultException">Something cannot be meant.</exception>
    private protected DeviceInput Read(InventoryRow? row, string? address)
    {
        RefuseEmpty(nameof(Type), Type);
        var place = string.IsNullOrEmpty(address) ? null : AddressParameter.Parse(address, ResolvePath);
        var keyFile = Choose(nameof(KeyFilePath), KeyFilePath, row);
        var policy = Choose(nameof(HostKeyPolicy), HostKeyPolicy, row);
        if (place is not null)
        {
            AddressParameter.RefuseKeyFile(keyFile, place);
            AddressParameter.RefuseHostKeyPolicy(policy, place);
        }

        var (type, typeFile) = TypeParameter.Read(Choose(nameof(Type), Type, row), ReadTypeFile);
        return new DeviceInput
        {
            Address = place,
            Name = Choose(nameof(Name), Name, row),
            Type = type,
            TypeFile = typeFile,
            Version = Choose(nameof(Version), Version, row),
            Tags = IsGiven(nameof(Tag)) ? TextList.Split(Tag ?? []) : row?.Words(nameof(Tag)),
            Site = Choose(nameof(Site), Site, row),
            Owner = Choose(nameof(Owner), Owner, row),
            Parent = Choose(nameof(Parent), Parent, row),
            Credential = DeviceSecret.Read(Credential, Token),
            Secret = ReadSecret(row),
            KeyFilePath = string.IsNullOrEmpty(keyFile) ? keyFile : ResolvePath(keyFile),
            HostKeyPolicy = AddressParameter.ReadHostKeyPolicy(policy),
            CertificateThumbprint = Choose(nameof(CertificateThumbprint), CertificateThumbprint, row),
            AllowUnencryptedAuthentication = IsGiven(nameof(AllowUnencryptedAuthentication)) ? AllowUnencryptedAuthentication.IsPresent : row?.Flag(nameof(AllowUnencryptedAuthentication)),
        };
    }

    private protected void RefuseEmpty(string parameter, string? value)
    {
        if (IsGiven(parameter) && string.IsNullOrEmpty(value))
        {
            throw new InputFaultException("ArgumentInvalid", $"-{parameter} is empty. Give a value, or leave it out.", parameter);
        }
    }

    /// <summary>An error of one input; where there are rows, its message begins with the row's number and the device.</summary>
    private protected static ErrorRecord ToError(Exception exception, InventoryRow? row, object? target)
    {
        var record = EdgeErrors.ToErrorRecord(exception, target);
        if (row is not null)
        {
            record.ErrorDetails = new ErrorDetails($"{row.Label}: {record.ErrorDetails?.Message ?? record.Exception.Message}");
        }

        return record;
    }

    private DeviceSecretName? ReadSecret(InventoryRow? row)
    {
        // A sealed credential that is given as a parameter holds for all rows, whatever their cells name.
        var isSealed = Credential is not null || Token is not null;
        var isNamed = IsGiven(nameof(CredentialSecret)) || IsGiven(nameof(TokenSecret));
        RefuseEmpty(nameof(CredentialSecret), CredentialSecret);
        RefuseEmpty(nameof(TokenSecret), TokenSecret);
        if (isSealed && isNamed)
        {
            throw new InputFaultException("SecretAmbiguous", "-Credential and -Token are sealed in the repository, -CredentialSecret and -TokenSecret name a secret that is kept elsewhere. Give one of them.", null);
        }

        var cells = isSealed || isNamed ? null : row;
        var credential = Choose(nameof(CredentialSecret), CredentialSecret, cells);
        var token = Choose(nameof(TokenSecret), TokenSecret, cells);
        var vault = IsGiven(nameof(Vault)) ? Vault : cells?.Text(nameof(Vault));
        return (credential, token) switch
        {
            (not null, not null) => throw new InputFaultException("SecretAmbiguous", $"CredentialSecret names '{credential}' and TokenSecret names '{token}', and a device takes one of them. Leave one out.", null),
            (not null, _) => new DeviceSecretName(DeviceSecretKind.Credential, credential, string.IsNullOrEmpty(vault) ? null : vault),
            (_, not null) => new DeviceSecretName(DeviceSecretKind.Token, token, string.IsNullOrEmpty(vault) ? null : vault),
            _ when IsGiven(nameof(Vault)) => throw new InputFaultException("SecretNameMissing", "-Vault says where a secret is, and no secret is named. Give -CredentialSecret or -TokenSecret too.", Vault),
            _ => null,
        };
    }

    private DeviceTypeEntry ReadTypeFile(string path)
    {
        if (!typeFiles.TryGetValue(path, out var file))
        {
            typeFiles[path] = file = DeviceTypeLibrary.ReadFile(ResolvePath(path));
        }

        return file;
    }
}
