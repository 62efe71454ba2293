using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Inventory;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Inventory;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Changes what is registered of devices, and lifts fences.</summary>
[Cmdlet(VerbsCommon.Set, "EdgeDevice", SupportsShouldProcess = true)]
[OutputType(typeof(DeviceInfo))]
public sealed class SetEdgeDeviceCommand : InventoryCommand
{
    private readonly List<Wanted> wanted = [];
    private ChangeDeviceOptions? common;

    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [SupportsWildcards]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <summary>A new address; the device there must tell the registered id.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Address { get; set; }

    /// <summary>Active lifts the fence of a replaced device.</summary>
    [Parameter]
    [ValidateSet("Active")]
    public string? State { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var row = IsGiven(nameof(Device)) ? null : TakeRow(takesDevices: false);
        try
        {
            RefuseEmpty(nameof(Address), Address);
            if (row is null)
            {
                common ??= ToOptions(Read(row: null, IsGiven(nameof(Address)) ? Address : null));
                wanted.AddRange(Device.Where(text => text.Length > 0).Select(text => new Wanted(null, text, common)));
                if (Device.Any(text => text.Length == 0))
                {
                    throw new InputFaultException("ArgumentInvalid", "-Device holds an empty text. Give the ids of devices.", nameof(Device));
                }

                return;
            }

            var id = row.Text(nameof(Device)) ?? row.Text("Id")
                ?? throw new InputFaultException("InventoryRowInvalid", "It names no device. Give its id in a column Device or Id.", InputObject);

            // A cell means what it says: with a star in it, it is no device's id and not many devices.
            wanted.Add(new Wanted(row, WildcardPattern.Escape(id), ToOptions(Read(row, Choose(nameof(Address), Address, row)))));
        }
        catch (Exception exception) when (!Errors.EdgeErrors.IsFlowControl(exception))
        {
            var error = ToError(exception, row, target: null);
            if (row is null)
            {
                // What is wrong with a parameter is wrong for every device.
                ThrowTerminatingError(error);
            }

            WriteError(error);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (wanted.Count > 0)
        {
            RunInRepository(RunAsync);
        }
    }

    private async Task RunAsync(RepositoryContext context, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var change = new ChangeDevice(context, pipeline.Observer);
        var run = new InventoryRun<Chosen, PreparedChange>(
            context,
            (row, token) => change.PrepareAsync(row.Id, row.Options, token),
            async (prepared, token) =>
            {
                await change.WriteAsync(prepared, token).ConfigureAwait(false);
                return prepared.State.Id;
            },
            (row, id, error) => error is null
                ? DeviceOutput.WriteAsync(context, pipeline, id!, cancellationToken)
                : pipeline.WriteErrorAsync(ToError(error, row.Row, row.Id)));
        await run.RunAsync(await ChooseAsync(context, pipeline, cancellationToken).ConfigureAwait(false), ThrottleLimit, cancellationToken).ConfigureAwait(false);
    }

    private async Task<List<Chosen>> ChooseAsync(RepositoryContext context, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var action = State is null ? "Change device" : "Change device and lift its fence";
        var chosen = new Dictionary<string, Chosen>(StringComparer.Ordinal);
        var texts = wanted.Select(row => row.Device).Distinct(StringComparer.Ordinal).ToList();
        var found = (await RegisteredDevices.ResolveAsync(context, texts, cancellationToken).ConfigureAwait(false)).ToLookup(outcome => outcome.Text, StringComparer.Ordinal);
        foreach (var row in wanted)
        {
            foreach (var (text, id, error) in found[row.Device])
            {
                if (error is not null)
                {
                    await pipeline.WriteErrorAsync(ToError(error, row.Row, text)).ConfigureAwait(false);
                }
                else if (chosen.TryGetValue(id!, out var first))
                {
                    if (first.Options != row.Options)
                    {
                        var fault = new InputFaultException("InventoryRowRepeated", $"'{id}' is in the list twice: {first.Row?.Label ?? "once"} is taken. Leave one of them out.", id);
                        await pipeline.WriteErrorAsync(ToError(fault, row.Row, id)).ConfigureAwait(false);
                    }
                }
                else if (await ConfirmAsync(pipeline, id!, action).ConfigureAwait(false))
                {
                    chosen[id!] = new Chosen(row.Row, id!, row.Options);
                }
            }
        }

        return [.. chosen.Values];
    }

    private ChangeDeviceOptions ToOptions(DeviceInput input) => new()
    {
        Address = input.Address,
        Name = input.Name,
        Type = input.Type,
        TypeFile = input.TypeFile,
        Version = input.Version,
        Tags = input.Tags,
        Site = input.Site,
        Owner = input.Owner,
        Parent = input.Parent,
        Credential = input.Credential,
        Secret = input.Secret,
        CertificateThumbprint = input.CertificateThumbprint,
        AllowUnencryptedAuthentication = input.AllowUnencryptedAuthentication,
        LiftFence = State is not null,
        SkipContact = SkipContact,
        KeyFilePath = input.KeyFilePath,
        HostKeyPolicy = input.HostKeyPolicy,
    };

    private sealed record Wanted(InventoryRow? Row, string Device, ChangeDeviceOptions Options);

    private sealed record Chosen(InventoryRow? Row, string Id, ChangeDeviceOptions Options);
}
