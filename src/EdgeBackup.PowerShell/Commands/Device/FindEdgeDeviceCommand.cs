using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Finds BACnet devices and says which can be backed up.</summary>
[Cmdlet(VerbsCommon.Find, "EdgeDevice")]
[OutputType(typeof(FoundDevice))]
public sealed class FindEdgeDeviceCommand : EdgeRepositoryCommand
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly List<string> networks = [];

    /// <summary>Broadcast addresses, hosts or routers, each with :port where it is not 47808.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[] BacnetNetwork { get; set; } = [];

    /// <summary>A broadcast management device to ask through.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Bbmd { get; set; }

    /// <summary>Lowest device instance.</summary>
    [Parameter]
    [ValidateRange(0, 4194302)]
    public int LowInstance { get; set; }

    /// <summary>Highest device instance.</summary>
    [Parameter]
    [ValidateRange(0, 4194302)]
    public int HighInstance { get; set; } = 4194302;

    /// <summary>How long answers are waited for.</summary>
    [Parameter]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (LowInstance > HighInstance)
        {
            throw new PSArgumentException($"-LowInstance {LowInstance} is higher than -HighInstance {HighInstance}: no device has such an instance. Give the lower one as -LowInstance.");
        }

        if (Timeout < Shortest || Timeout > Longest)
        {
            throw new PSArgumentException($"-Timeout must be from a tenth of a second to an hour, and {Timeout:c} is not. Give it as 00:00:05 for five seconds; a number alone counts units of 100 nanoseconds.");
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => networks.AddRange(BacnetNetwork);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var isLimited = MyInvocation.BoundParameters.ContainsKey(nameof(LowInstance)) || MyInvocation.BoundParameters.ContainsKey(nameof(HighInstance));
        var options = new FindBacnetDevicesOptions
        {
            Networks = networks,
            Bbmd = Bbmd,
            LowInstance = isLimited ? (uint)LowInstance : null,
            HighInstance = isLimited ? (uint)HighInstance : null,
            Timeout = Timeout,
        };
        var repository = RepositoryPath;
        RunEach(async (writer, cancellationToken) =>
        {
            var pipeline = new OperationPipeline(writer);
            var borrowed = await BorrowIfAnyAsync(repository, "It is not known which are registered: there is no repository at hand.", pipeline, cancellationToken).ConfigureAwait(false);
            try
            {
                if (borrowed?.Context.TakeNotice() is { } notice)
                {
                    pipeline.Observer.Warning(notice);
                }

                await FindAsync(borrowed?.Context, options, pipeline, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (borrowed is not null)
                {
                    await borrowed.DisposeAsync().ConfigureAwait(false);
                }
            }
        }, target: null);
    }

    private static async Task FindAsync(RepositoryContext? context, FindBacnetDevicesOptions options, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var found = new FindBacnetDevices(context, pipeline.Observer, context?.Clock ?? TimeProvider.System).RunAsync(options, pipeline.WriteErrorAsync, cancellationToken);
        await foreach (var device in found.ConfigureAwait(false))
        {
            await pipeline.WriteAsync(new FoundDevice
            {
                Device = device.Id,
                Address = device.Address.Text,
                Instance = device.Found.Instance,
                Name = device.Found.Name,
                Vendor = device.Found.Vendor,
                Model = device.Found.Model,
                Version = device.Found.Version,
                Type = device.Type,
                CanBackup = device.Found.CanBackup,
                Reason = device.Found.Reason,
                Registered = device.IsRegistered,
            }).ConfigureAwait(false);
        }
    }
}
