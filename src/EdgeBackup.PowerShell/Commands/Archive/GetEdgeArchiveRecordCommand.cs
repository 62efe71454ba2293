using System.Management.Automation;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Reads events and trend records out of archives.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeArchiveRecord")]
[OutputType(typeof(ArchiveEvent), typeof(ArchiveTrendRecord))]
public sealed class GetEdgeArchiveRecordCommand : ArchiveCommand
{
    /// <summary>Objects that are handed to the pipeline at once: one hand-over each would cost more than reading.</summary>
    private const int BatchSize = 256;

    /// <summary>Event, Trend; both without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ArchiveContent[] Content { get; set; } = [];

    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
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
    protected override void ProcessRecord()
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
        RunForPaths(
            async (context, path, pipeline, cancellationToken) =>
            {
                var folders = ArchiveFolder.Find(path);
                var archives = new List<ArchiveFolder>();
                foreach (var folder in folders)
                {
                    await pipeline.GuardAsync(
                        () =>
                        {
                            archives.Add(ArchiveFolder.Open(folder));
                            return Task.CompletedTask;
                        },
                        folder).ConfigureAwait(false);
                }

                foreach (var archive in WithoutRepetition(archives, path, pipeline))
                {
                    await pipeline.GuardAsync(() => ReadAsync(context, archive, query, pipeline, cancellationToken), archive.Path).ConfigureAwait(false);
                }
            },
            usesSession: false);
    }

    /// <summary>What an extract holds, the runs beside it hold too: each record is to be given once.</summary>
    private static List<ArchiveFolder> WithoutRepetition(List<ArchiveFolder> archives, string path, OperationPipeline pipeline)
    {
        var devices = archives.Where(archive => archive.Manifest.Kind == Core.Archives.ArchiveKind.Run).Select(archive => archive.Manifest.Device).ToHashSet(StringComparer.Ordinal);
        var repeating = archives.Where(archive => archive.Manifest.Kind == Core.Archives.ArchiveKind.Extract && devices.Contains(archive.Manifest.Device)).ToList();
        if (repeating.Count > 0)
        {
            pipeline.Observer.Warning($"'{path}': {repeating.Count} extracts are left out, since what they hold is also in the archives of runs beside them. To read an extract, give its own folder.");
        }

        return [.. archives.Except(repeating)];
    }

    private static async Task ReadAsync(RepositoryContext? context, ArchiveFolder archive, ArchiveQuery query, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var folder = archive.Path;
        if (context is not null && (await context.Archives.FindKeyAsync(cancellationToken).ConfigureAwait(false))?.PublicKey != archive.Manifest.PublicKey)
        {
            throw new EdgeBackupException(
                ErrorIds.ArchiveDamaged,
                $"The archive '{folder}' is not signed with the key of the repository '{context.Location}', and nothing of it is shown. Leave -Repository out to read it all the same.",
                folder);
        }

        var reader = new ArchiveReader(archive, query);
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
