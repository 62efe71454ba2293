using System.Management.Automation;
using EdgeBackup.Core.Operations.Metrics;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Writes how devices and repository stand as Prometheus text.</summary>
[Cmdlet(VerbsData.Export, "EdgeBackupMetric", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class ExportEdgeBackupMetricCommand : EdgeRepositoryCommand
{
    private const string Extension = ".prom";

    private readonly List<string> named = [];

    /// <summary>A file for node_exporter's textfile collector; without it the text goes to the pipeline.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Ids of devices; wildcards allowed. Without it, all that are in service.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[] Device { get; set; } = [];

    private bool IsForAll => !MyInvocation.BoundParameters.ContainsKey(nameof(Device)) && !MyInvocation.ExpectingInput;

    /// <inheritdoc/>
    protected override void ProcessRecord() => named.AddRange(Device);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = Path is null ? null : ResolvePath(Path);
        if (path is not null && !path.EndsWith(Extension, StringComparison.Ordinal))
        {
            WriteWarning($"The textfile collector reads only files whose names end in {Extension}, and '{path}' does not.");
        }

        if (path is not null && !ShouldProcess(path, "Write metrics"))
        {
            return;
        }

        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                var export = new ExportMetrics(context, pipeline.Observer);
                var text = await export.RunAsync(IsForAll ? null : named, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false);
                if (path is null)
                {
                    await pipeline.WriteAsync(text).ConfigureAwait(false);
                }
                else
                {
                    export.Write(path, text);
                }
            },
            path);
    }
}
