using EdgeBackup.Core.Catalog;
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
}

/// <summary>The item paths that a user names.</summary>
internal sealed class ItemPathFilter
{
    private readonly List<(string Text, WildcardPattern Pattern)> patterns = [];
    private readonly HashSet<string> literals = new(StringComparer.Ordinal);
    private readonly HashSet<string> unused;
    private readonly List<string> seen = [];

    public ItemPathFilter(IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            if (WildcardPattern.HasWildcard(path))
            {
                patterns.Add((path, new WildcardPattern(path)));
            }
            else
            {
                literals.Add(WildcardPattern.Unescape(path));
            }
        }

        unused = new HashSet<string>(literals, StringComparer.Ordinal);
    }

    private bool IsOpen => patterns.Count == 0 && literals.Count == 0;

    /// <summary>Whether an item is asked for. A literal that names a folder means what is in it.</summary>
    public bool Includes(Item item)
    {
        if (IsOpen)
        {
            return true;
        }

        if (item.IsContainer)
        {
            return false;
        }

        seen.Add(item.Path);
        return Matches(item.Path);
    }

    public bool Matches(string path)
    {
        if (IsOpen || patterns.Any(pattern => pattern.Pattern.IsMatch(path)))
        {
            return true;
        }

        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (literals.Contains(path[..end]))
            {
                unused.Remove(path[..end]);
                return true;
            }
        }

        return false;
    }

    /// <exception cref="EdgeBackupException">ItemPathInvalid: a literal matched nothing.</exception>
    public void CheckAllUsed(BackupRecord record)
    {
        foreach (var notSaved in record.NotSaved)
        {
            unused.Remove(notSaved.Path);
        }

        if (unused.FirstOrDefault() is { } missing)
        {
            throw new EdgeBackupException(
                ErrorIds.ItemPathInvalid,
                $"The backup {record.Id} has no item '{missing}'.{NearestNames.Suggest(missing, seen)} Get-EdgeBackupItem -Backup {record.Id} lists its items.",
                missing);
        }
    }
}
