using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>What to write, and where.</summary>
public sealed record RestoreToFolderOptions
{
    public required string Backup { get; init; }

    /// <summary>An absolute folder, new or empty.</summary>
    public required string Destination { get; init; }

    /// <summary>Only these items; empty for all.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Null: everything that the backup holds.</summary>
    public RestoreContent? Content { get; init; }

    /// <summary>Write into a folder that is not empty: overwrite by name, remove nothing.</summary>
    public bool Force { get; init; }
}

/// <summary>Writes a backup's items to a folder and touches no device: <c>Restore-EdgeBackup -Destination</c>.</summary>
public sealed class RestoreToFolder
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public RestoreToFolder(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Says item by item what would be written.</summary>
    /// <exception cref="EdgeBackupException">As for writing, save what only happens while writing.</exception>
    public async Task<RestorePreview> PlanAsync(RestoreToFolderOptions options, CancellationToken cancellationToken)
    {
        var (record, selection) = await PrepareAsync(options, cancellationToken).ConfigureAwait(false);
        var steps = selection.Items.Where(item => !item.Item.IsContainer).Select(item => new RestoreStep(item.Item.Path, RestoreAction.Restore, item.Item.Length))
            .Concat(selection.NotRestored.Select(item => new RestoreStep(item.Path, RestoreAction.NotRestored, 0, item.Reason)))
            .OrderBy(step => step.Path, StringComparer.Ordinal);
        return new RestorePreview(record.Id, record.Device, options.Destination, steps.ToList(), IsCompared: false);
    }

    /// <summary>Writes the items: into a new folder all or nothing, into an existing one item by item.</summary>
    /// <exception cref="EdgeBackupException">
    /// BackupNotFound, BackupDamaged, ItemPathInvalid, DestinationNotEmpty, RestoreTargetMismatch (names that the folder cannot
    /// hold), RestoreFailed.
    /// </exception>
    public async Task<RestoreResult> RunAsync(RestoreToFolderOptions options, CancellationToken cancellationToken)
    {
        var started = context.Clock.GetTimestamp();
        var reading = await context.Repository.BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using var readingLease = reading.ConfigureAwait(false);
        var (record, selection) = await PrepareAsync(options, cancellationToken).ConfigureAwait(false);
        var parent = Path.GetDirectoryName(options.Destination);
        var isFresh = parent is not null && !HasEntries(options.Destination);
        var root = isFresh ? Path.Combine(parent!, $".{Path.GetFileName(options.Destination)}.edgebackup-{BackupIds.New(context.Clock.GetUtcNow(), context.Random)}") : options.Destination;
        try
        {
            Directory.CreateDirectory(root);
            await WriteAsync(root, isFresh, record, selection, options, cancellationToken).ConfigureAwait(false);
            if (isFresh)
            {
                if (Directory.Exists(options.Destination))
                {
                    Directory.Delete(options.Destination);
                }

                Directory.Move(root, options.Destination);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreFailed,
                $"The backup {record.Id} could not be written to '{options.Destination}': {exception.Message} The backup is unharmed; choose another destination or make room.",
                options.Destination,
                exception);
        }
        finally
        {
            if (isFresh && Directory.Exists(root))
            {
                Directory.Delete(root, recursive: true);
            }
        }

        await context.NoteReadingAsync(observer, EdgeEventCategory.Restore, "RestoredToFolder", $"The backup {record.Id} of '{record.Device}' was written to the folder '{options.Destination}'.", record.Device, record.Id).ConfigureAwait(false);
        return new RestoreResult
        {
            Backup = record.Id,
            Device = record.Device,
            Restored = selection.Items.Where(item => !item.Item.IsContainer).Select(item => item.Item.Path).ToList(),
            Unchanged = [],
            Removed = [],
            NotRestored = selection.NotRestored,
            IsCompared = false,
            Verified = true,
            Duration = context.Clock.GetElapsedTime(started),
        };
    }

    private static bool HasEntries(string folder) => Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();

    private async Task<(BackupRecord Record, RestoreSelection Selection)> PrepareAsync(RestoreToFolderOptions options, CancellationToken cancellationToken)
    {
        var listed = await new FindBackups(context).RequireOneAsync(options.Backup, device: null, cancellationToken).ConfigureAwait(false);
        var record = await context.Repository.ReadBackupAsync(listed.ObjectName, cancellationToken).ConfigureAwait(false);
        CheckDestination(options);
        Suspicion.WarnOfRestore(record, observer);
        var content = options.Content ?? RestoreContent.All;
        var selection = await RestoreSelection.MakeAsync(context.Repository, record, record.Device, content, options.Paths, cancellationToken).ConfigureAwait(false);
        FileNameRules.Check(selection.Items.Select(item => item.Item.Path), NearestFolder(options.Destination), context.Platform);
        return (record, selection);
    }

    private static void CheckDestination(RestoreToFolderOptions options)
    {
        var folder = options.Destination;
        if (File.Exists(folder))
        {
            throw new EdgeBackupException(ErrorIds.DestinationNotEmpty, $"'{folder}' is a file. Give a folder that is new or empty.", folder);
        }

        if (FolderDevice.LooksLikeRepository(folder))
        {
            throw new EdgeBackupException(ErrorIds.DestinationNotEmpty, $"'{folder}' is an EdgeBackup repository. Nothing is written into it; give another folder.", folder);
        }

        if (!options.Force && HasEntries(folder))
        {
            throw new EdgeBackupException(ErrorIds.DestinationNotEmpty, $"The folder '{folder}' is not empty. Give a new or empty one, or -Force to overwrite by name (nothing is removed).", folder);
        }
    }

    private static string NearestFolder(string path)
    {
        var folder = path;
        while (!Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new EdgeBackupException(ErrorIds.RestoreFailed, $"No folder on the way to '{path}' exists. Check the path.", path);
        }

        return folder;
    }

    private async Task WriteAsync(string root, bool isFresh, BackupRecord record, RestoreSelection selection, RestoreToFolderOptions options, CancellationToken cancellationToken)
    {
        var writer = new FolderTreeWriter(root, context.Platform, new FolderTreeWriterOptions { Overwrite = options.Force, AreStreamsProven = true, IsStage = isFresh });
        var progress = new RestoreProgress(observer, $"Writing {record.Id} to {options.Destination}", selection.Items.Count, selection.Items.Sum(item => item.Item.Length));
        foreach (var item in selection.Items.Where(item => item.Item.Type != ItemType.File))
        {
            await writer.WriteAsync(item, Stream.Null, cancellationToken).ConfigureAwait(false);
            progress.Add(item);
        }

        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 2, 8) };
        await Parallel.ForEachAsync(selection.Items.Where(item => item.Item.Type == ItemType.File), parallel, async (item, token) =>
        {
            var content = context.Repository.OpenItem(record, item);
            await using var contentLease = content.ConfigureAwait(false);
            await writer.WriteAsync(item, content, token).ConfigureAwait(false);
            progress.Add(item);
        }).ConfigureAwait(false);
        writer.Finish();
    }
}
