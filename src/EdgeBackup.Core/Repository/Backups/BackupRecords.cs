using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>The records of backups, each in the folder of its device, and the item lists that they lead to.</summary>
internal sealed class BackupRecords(RepositoryCore core)
{
    public const string Folder = "backups/";

    private const int ParallelDeletions = 8;

    /// <summary>Where a backup's record is.</summary>
    public static string ToName(RepositoryCore core, string device, string backupId)
    {
        var name = $"{ToFolder(core, device)}{backupId}";
        return ObjectName.IsValid(backupId) && !backupId.Contains('/', StringComparison.Ordinal)
            ? name
            : throw new ArgumentException($"'{backupId}' is no backup id.", nameof(backupId));
    }

    /// <summary>The names of the records of a device, or of all, in no particular order.</summary>
    public async IAsyncEnumerable<string> ListAsync(string? device, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in core.Store.ListAsync(device is null ? Folder : ToFolder(core, device), cancellationToken).ConfigureAwait(false))
        {
            yield return entry.Name;
        }
    }

    /// <exception cref="EdgeBackupException">BackupDamaged.</exception>
    public async Task<BackupRecord> ReadAsync(string objectName, CancellationToken cancellationToken)
    {
        try
        {
            return await core.TryOpenAsync(objectName, RepositoryJson.Default.BackupRecord, cancellationToken).ConfigureAwait(false)
                ?? throw new ObjectDamagedException(objectName, "it is missing");
        }
        catch (ObjectDamagedException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.BackupDamaged,
                $"The backup record '{objectName}' cannot be read: {exception.Reason}. Other backups are not touched; bring the object back from a copy of the repository.",
                objectName,
                exception);
        }
    }

    /// <summary>The items of a backup in ascending ordinal order of their paths.</summary>
    /// <exception cref="EdgeBackupException">BackupDamaged.</exception>
    public async IAsyncEnumerable<SavedItem> ReadItemsAsync(BackupRecord record, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = ManifestReader.ReadAsync(core, record.Manifest, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (items.ConfigureAwait(false))
        {
            while (true)
            {
                try
                {
                    if (!await items.MoveNextAsync().ConfigureAwait(false))
                    {
                        break;
                    }
                }
                catch (ObjectDamagedException exception)
                {
                    throw exception.ToBackupError(record.Device, record.Id, path: null);
                }

                yield return items.Current;
            }
        }
    }

    /// <summary>See <see cref="EdgeRepository.DeleteBackupsAsync(IReadOnlyList{string}, Action{string}?, CancellationToken)"/>.</summary>
    public async Task DeleteAsync(IReadOnlyList<string> objectNames, Action<string>? onRemoved, CancellationToken cancellationToken)
    {
        if (objectNames.FirstOrDefault(name => !name.StartsWith(Folder, StringComparison.Ordinal)) is { } stray)
        {
            throw new ArgumentException($"'{stray}' is no backup record.", nameof(objectNames));
        }

        if (objectNames.Count == 0)
        {
            return;
        }

        // Named first: whoever finds them gone finds out why.
        var since = core.Chain?.Head?.Position;
        await (core.Chain?.AppendAsync(new ChainChange { Removing = objectNames }) ?? Task.CompletedTask).ConfigureAwait(false);

        // Side by side, so that their folders' flushes share the file system's journal commits.
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletions, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(objectNames, options, async (name, token) =>
        {
            await core.Store.DeleteAsync(name, token).ConfigureAwait(false);
            core.Chain?.NoteRemoved([name]);
            onRemoved?.Invoke(name);
        }).ConfigureAwait(false);
        if (since is not null)
        {
            await core.Returns!.SettleAsync(since, objectNames).ConfigureAwait(false);
        }
    }

    private static string ToFolder(RepositoryCore core, string device) => $"{Folder}{core.Master.ToFolder(device)}/";
}
