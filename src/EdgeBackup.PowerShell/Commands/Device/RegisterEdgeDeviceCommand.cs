using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Inventory;
using EdgeBackup.PowerShell.Inventory;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Registers devices after asking each who it is.</summary>
[Cmdlet(VerbsLifecycle.Register, "EdgeDevice", SupportsShouldProcess = true)]
[OutputType(typeof(DeviceInfo))]
public sealed class RegisterEdgeDeviceCommand : InventoryCommand
{
    private readonly List<Wanted> wanted = [];

    /// <summary>An http(s) or ssh address, or a folder.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string Address { get; set; } = "";

    /// <summary>The id; a device that tells another one is refused.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Id { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var row = TakeRow(takesDevices: true);
        try
        {
            var input = Read(row, Address);
            if (input.Address is null)
            {
                throw new InputFaultException("AddressInvalid", "There is no address. Give where the device is reached: http://, https://, ssh:// or a folder's path.", null);
            }

            RefuseEmpty(nameof(Id), Id);
            if (ShouldProcess(input.Address.Text, "Register device"))
            {
                wanted.Add(new Wanted(row, ToOptions(input, Choose(nameof(Id), Id, row))));
            }
        }
        catch (Exception exception) when (!Errors.EdgeErrors.IsFlowControl(exception))
        {
            WriteError(ToError(exception, row, Address));
        }
    }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (wanted.Count == 0)
        {
            return;
        }

        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                var register = new RegisterDevice(context, pipeline.Observer);
                var seen = new Dictionary<string, Wanted>(StringComparer.Ordinal);
                var run = new InventoryRun<Wanted, (Wanted Row, IdentifiedDevice Device)>(
                    context,
                    async (row, token) => (row, await register.IdentifyAsync(row.Options, token).ConfigureAwait(false)),
                    async (found, token) =>
                    {
                        var id = found.Device.Identity.Id;
                        if (seen.TryGetValue(id, out var first) && first != found.Row)
                        {
                            throw new InputFaultException("InventoryRowRepeated", $"'{id}' is in the list twice: {first.Row?.Label ?? "once"} was taken. Leave one of them out.", id);
                        }

                        await register.WriteAsync(found.Device, token).ConfigureAwait(false);
                        seen[id] = found.Row;
                        return id;
                    },
                    (row, id, error) => error is null
                        ? DeviceOutput.WriteAsync(context, pipeline, id!, cancellationToken)
                        : pipeline.WriteErrorAsync(ToError(error, row.Row, row.Options.Address.Text)));
                await run.RunAsync(wanted, ThrottleLimit, cancellationToken).ConfigureAwait(false);
            },
            wanted.Count == 1 ? wanted[0].Options.Address.Text : null);
    }

    /// <summary>Here an empty text says nothing: there is nothing to clear.</summary>
    private RegisterDeviceOptions ToOptions(DeviceInput input, string? id) => new()
    {
        Address = input.Address!,
        Id = id,
        Name = Given(input.Name),
        Type = Given(input.Type),
        TypeFile = input.TypeFile,
        Version = Given(input.Version),
        Tags = input.Tags ?? TextList.Empty,
        Site = Given(input.Site),
        Owner = Given(input.Owner),
        Parent = Given(input.Parent),
        Credential = input.Credential,
        Secret = input.Secret,
        CertificateThumbprint = Given(input.CertificateThumbprint),
        AllowUnencryptedAuthentication = input.AllowUnencryptedAuthentication == true,
        SkipContact = SkipContact,
        KeyFilePath = Given(input.KeyFilePath),
        HostKeyPolicy = input.HostKeyPolicy,
    };

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private sealed record Wanted(InventoryRow? Row, RegisterDeviceOptions Options);
}
