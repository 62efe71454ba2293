using System.Management.Automation;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads events and trend records out of archives.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeArchiveRecord")]
[OutputType(typeof(ArchiveEvent), typeof(ArchiveTrendRecord))]
public sealed class GetEdgeArchiveRecordCommand : ArchiveCommand
{
    /// <summary>Objects that are handed to the pipeline at once: one hand-over each would cost more than reading.</summary>
    private const int BatchSize = 256;

    private readonly List<string> paths = [];

    /// <summary>Event, Trend; both without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ArchiveContent[] Content { get; set; } = [];

    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Device { get; set; } = [];

    /// <summary>At this time or later.</summary>
    [Parameter]
    public DateTime? After { get; set; }

    /// <summary>Before this time.</summary>
    [Parameter]
    public DateTime? Before { get; set; }

    /// <summary>Categories of events; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ArchiveCategoryCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Category { get; set; } = [];

    /// <summary>Who did it; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] User { get; set; } = [];

    /// <summary>What events are about; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Source { get; set; } = [];

    /// <summary>Messages of events; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Message { get; set; } = [];

    /// <summary>The old or the new value of events, the value of trend records; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Value { get; set; } = [];

    /// <summary>Ids or names of trend logs; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Trend { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => paths.AddRange(Path.SelectMany(ExpandFiles));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var query = new ArchiveQuery
        {
            Contents = Array.ConvertAll(Content, content => content.ToCore()),
            Devices = Device,
            After = LocalTime.ToInstant(After),
            Before = LocalTime.ToInstant(Before),
            Categories = Category,
            Users = User,
            Sources = Source,
            Messages = Message,
            Values = Value,
            Trends = Trend,
        };
        Run(
            async (context, pipeline, cancellationToken) =>
            {
                var archives = await OpenAsync(pipeline, cancellationToken).ConfigureAwait(false);
                var repeated = FindRepeated(archives, pipeline);
                foreach (var archive in archives)
                {
                    await pipeline.GuardAsync(() => ReadAsync(context, archive, query, repeated.GetValueOrDefault(archive), pipeline, cancellationToken), archive.Path).ConfigureAwait(false);
                }
            },
            usesSession: false,
            target: null);
    }

    /// <summary>The archives of all paths, each once: what an extract repeats may come by another path.</summary>
    private async Task<List<ArchiveFolder>> OpenAsync(OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var archives = new List<ArchiveFolder>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await pipeline.GuardAsync(
                async () =>
                {
                    foreach (var folder in ArchiveFolder.Find(path).Where(known.Add))
                    {
                        await pipeline.GuardAsync(
                            () =>
                            {
                                archives.Add(ArchiveFolder.Open(folder));
                                return Task.CompletedTask;
                            },
                            folder).ConfigureAwait(false);
                    }
                },
                path).ConfigureAwait(false);
        }

        return archives;
    }

    /// <summary>What an extract holds, the runs at hand mostly hold too: each record is to be given once, and none kept back.</summary>
    private static Dictionary<ArchiveFolder, IReadOnlySet<string>> FindRepeated(List<ArchiveFolder> archives, OperationPipeline pipeline)
    {
        var cover = new ArchiveCover(archives);
        var repeated = new Dictionary<ArchiveFolder, IReadOnlySet<string>>();
        foreach (var archive in archives)
        {
            var files = cover.FindRepeated(archive, out var overlapping);
            if (files.Count > 0)
            {
                repeated[archive] = files;
            }

            if (overlapping > 0)
            {
                pipeline.Observer.Warning($"'{archive.Path}': this extract holds records that the archives of runs at hand do not have, and perhaps some that they have: those come twice.");
            }
        }

        if (repeated.Count > 0)
        {
            pipeline.Observer.Warning($"{repeated.Count} extracts are left out, as far as what they hold is also in the archives of runs at hand. To read an extract, give its own folder alone.");
        }

        return repeated;
    }

    private static async Task ReadAsync(RepositoryContext? context, ArchiveFolder archive, ArchiveQuery query, IReadOnlySet<string>? without, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var folder = archive.Path;
        if (context is not null && (await context.Archives.FindKeyAsync(cancellationToken).ConfigureAwait(false))?.PublicKey != archive.Manifest.PublicKey)
        {
            throw new EdgeBackupException(
                ErrorIds.ArchiveDamaged,
                $"The archive '{folder}' is not signed with the key of the repository '{context.Location}', and nothing of it is shown. Leave -Repository out to read it all the same.",
                folder);
        }

        var reader = new ArchiveReader(archive, query, without);
        var batch = new List<object>(BatchSize);
        try
        {
            foreach (var record in reader.Read(cancellationToken))
            {
                batch.Add(record.ToOutput(folder));
                if (batch.Count == BatchSize)
                {
                    await pipeline.WriteAllAsync(batch).ConfigureAwait(false);
                    batch.Clear();
                }
            }
        }
        finally
        {
            await pipeline.WriteAllAsync(batch).ConfigureAwait(false);
        }

        pipeline.Observer.Verbose($"'{folder}': {reader.Seen} records were looked at.");
    }
}
