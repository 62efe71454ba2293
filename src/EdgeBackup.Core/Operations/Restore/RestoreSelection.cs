using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>Which items of a backup are sent to a target, and which are not and why.</summary>
/// <param name="Items">Ascending ordinal order of paths, folders included.</param>
/// <param name="NotRestored">By path.</param>
internal sealed record RestoreSelection(IReadOnlyList<SavedItem> Items, IReadOnlyList<NotSavedItem> NotRestored)
{
    /// <summary>Chooses the items.</summary>
    /// <param name="repository">Holds the backup.</param>
    /// <param name="record">The backup.</param>
    /// <param name="target">The target device's id.</param>
    /// <param name="content">What is sent.</param>
    /// <param name="paths">Literal paths or wildcards; empty for all.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">ItemPathInvalid: a literal path is not in the backup, or a stored path leads out; BackupDamaged.</exception>
    public static async Task<RestoreSelection> MakeAsync(EdgeRepository repository, BackupRecord record, string target, RestoreContent content, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var filter = new ItemPathFilter(paths);
        var items = new List<SavedItem>();
        var notRestored = new List<NotSavedItem>();
        await foreach (var saved in repository.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            var item = saved.Item;
            if (ItemPath.FindFault(item.Path) is { } fault)
            {
                throw new EdgeBackupException(ErrorIds.ItemPathInvalid, $"The backup {record.Id} holds the item '{item.Path}', which is refused: {fault}. Nothing was restored.", item.Path);
            }

            if (!filter.Includes(item))
            {
                continue;
            }

            if (item.Kind == ItemKind.Identity && !string.Equals(record.Device, target, StringComparison.Ordinal))
            {
                notRestored.Add(new NotSavedItem(item.Path, $"It is the identity of '{record.Device}' and returns to that hardware only; '{target}' keeps its own (R8)."));
            }
            else if (item.Kind == ItemKind.History && content == RestoreContent.Configuration)
            {
                notRestored.Add(new NotSavedItem(item.Path, "It is history, which would overwrite newer history on the device; -Content All restores it too."));
            }
            else if (item.Kind != ItemKind.History && content == RestoreContent.History)
            {
                if (!item.IsContainer)
                {
                    notRestored.Add(new NotSavedItem(item.Path, "It is not history, and only that was asked for; -Content All restores it too."));
                }
            }
            else
            {
                items.Add(saved);
            }
        }

        filter.CheckAllUsed(record);
        notRestored.AddRange(record.NotSaved.Where(item => paths.Count == 0 || filter.Matches(item.Path)).Select(item => new NotSavedItem(item.Path, "It is not in the backup: " + item.Reason)));
        notRestored.Sort((first, second) => string.CompareOrdinal(first.Path, second.Path));
        return new RestoreSelection(items, notRestored);
    }

    /// <summary>Refuses a restore that would send nothing of what was asked for.</summary>
    /// <exception cref="EdgeBackupException">ItemPathInvalid: nothing that matches a path is restored. BackupNotFound: there is no history.</exception>
    public void RequireSomething(BackupRecord record, RestoreOptions options)
    {
        if (Items.Count == 0 && options.Paths.Count > 0)
        {
            var reason = NotRestored.Count > 0 ? $"{NotRestored[0].Path}: {NotRestored[0].Reason}" : "no item of the backup matches -Path.";
            throw new EdgeBackupException(ErrorIds.ItemPathInvalid, $"Nothing of what was asked for is restored. {reason}", options.Paths[0]);
        }

        if (options.Content == RestoreContent.History && Items.Count == 0)
        {
            throw NoHistory(record);
        }
    }

    private static EdgeBackupException NoHistory(BackupRecord record) => new(
        ErrorIds.BackupNotFound,
        record.DeviceType == BacnetStatus.TypeId
            ? $"The backup {record.Id} of '{record.Device}' holds no history: the trend and event logs of a BACnet device are no part of its backups. New-EdgeArchive keeps them, and nothing brings them back onto the device."
            : record.Content == BackupContent.Configuration
                ? $"The backup {record.Id} of '{record.Device}' holds configuration only; there is no history in it to restore. Choose one that was taken with -Content All: Get-EdgeBackup -Device '{record.Device}' shows each one's Content."
                : $"The backup {record.Id} of '{record.Device}' was taken with its history, and the device had none: there is nothing to restore.",
        record.Id);
}
