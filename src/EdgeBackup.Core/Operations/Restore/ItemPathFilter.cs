using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations.Restore;

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
