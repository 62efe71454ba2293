using System.Management.Automation;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Writes the events and trend records of devices into signed archives.</summary>
[Cmdlet(VerbsCommon.New, "EdgeArchive", SupportsShouldProcess = true)]
[OutputType(typeof(ArchiveInfo))]
public sealed class NewEdgeArchiveCommand : DeviceCommand
{
    /// <summary>The folder in which each run makes a folder.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Records of this time or later: an extract.</summary>
    [Parameter]
    public DateTime? From { get; set; }

    /// <summary>Records before this time: an extract.</summary>
    [Parameter]
    public DateTime? To { get; set; }

    /// <summary>Event, Trend; both without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ArchiveContent[] Content { get; set; } = [];

    /// <summary>Only events of these categories; wildcards allowed: an extract.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ArchiveCategoryCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Category { get; set; } = [];

    /// <summary>Csv or Xml.</summary>
    [Parameter]
    public ArchiveFormat Format { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var parent = ResolvePath(Path);
        var tried = new List<string>();
        var options = new WriteArchiveOptions
        {
            Device = "",
            Parent = parent,
            From = LocalTime.ToInstant(From),
            To = LocalTime.ToInstant(To),
            Contents = Array.ConvertAll(Content, content => content.ToCore()),
            Categories = Category,
            Format = Format.ToCore(),
        };
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            try
            {
                await RunForDevicesAsync(context, Devices, ArchiveAsync, passOverReplaced: true, pipeline, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (tried.Count > 0)
                {
                    await new Notifier(context, pipeline.Observer).TellAtEndAsync(tried, cancellationToken).ConfigureAwait(false);
                }
            }
        });

        async Task ArchiveAsync(RepositoryContext context, string device, OperationPipeline pipeline, CancellationToken cancellationToken)
        {
            if (await ConfirmAsync(pipeline, device, $"Archive its history in '{parent}'").ConfigureAwait(false))
            {
                tried.Add(device);
                var archive = await new WriteArchive(context, pipeline.Observer).RunAsync(options with { Device = device }, cancellationToken).ConfigureAwait(false);
                await pipeline.WriteAsync(archive.ToOutput(isOwnKey: true)).ConfigureAwait(false);
            }
        }
    }
}
