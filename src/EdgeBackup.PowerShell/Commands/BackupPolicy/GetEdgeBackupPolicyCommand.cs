using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows the policies that were set, or the one that holds for a device and where each value comes from.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeBackupPolicy")]
[OutputType(typeof(PolicyInfo))]
public sealed class GetEdgeBackupPolicyCommand : EdgeRepositoryCommand
{
    private bool wasWarned;

    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Device.Length == 0)
        {
            RunInRepository(async (context, pipeline, cancellationToken) =>
            {
                var book = await LoadAsync(context, pipeline, cancellationToken).ConfigureAwait(false);
                foreach (var (scope, key, values) in book.Entries)
                {
                    await pipeline.WriteAsync(PolicyInfo.From(scope, key, values)).ConfigureAwait(false);
                }
            });
            return;
        }

        RunForDevices(Device, async (context, id, pipeline, cancellationToken) =>
        {
            var book = await LoadAsync(context, pipeline, cancellationToken).ConfigureAwait(false);
            var registration = (await RegisteredDevices.RequireAsync(context, id, cancellationToken).ConfigureAwait(false)).Registration!;
            await pipeline.WriteAsync(PolicyInfo.From(id, book.For(id, registration.Type, registration.Tags, registration.Site), TimeZones.LocalId(context.Clock))).ConfigureAwait(false);
        });
    }

    /// <summary>Says once a command which policies cannot be read, however many devices it is asked of.</summary>
    private async Task<PolicyBook> LoadAsync(RepositoryContext context, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var book = await PolicyBook.LoadAsync(context.Repository, wasWarned ? null : pipeline.Observer.Warning, cancellationToken).ConfigureAwait(false);
        wasWarned = true;
        return book;
    }
}
