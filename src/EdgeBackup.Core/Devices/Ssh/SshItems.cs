using System.Text.RegularExpressions;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Makes items of what a device lists: by its type's rules, and by what every folder's files mean.</summary>
internal static partial class SshItems
{
    /// <summary>The items in ascending ordinal order of their paths.</summary>
    /// <param name="entries">What was listed.</param>
    /// <param name="scope">The rules.</param>
    /// <param name="content">Whether history belongs to it.</param>
    /// <param name="staleBefore">See <see cref="RemoteEntry.StampOf"/>.</param>
    /// <param name="device">For messages.</param>
    /// <param name="notSaved">Told of what has no bytes to save.</param>
    /// <exception cref="EdgeBackupException">ItemPathInvalid: a name that no backup can hold.</exception>
    public static List<Item> Of(
        IReadOnlyDictionary<string, RemoteEntry> entries, SshScope scope, BackupContent content, DateTimeOffset staleBefore, string device, Action<NotSavedItem>? notSaved = null)
    {
        var parents = entries.Values.Where(entry => entry.Type != FileEntryType.Other).Select(entry => Parent(entry.Path)).ToHashSet(StringComparer.Ordinal);
        var items = new List<Item>(entries.Count);
        foreach (var entry in entries.Values.OrderBy(entry => entry.Path, StringComparer.Ordinal))
        {
            if (entry.Path.Length == 0 || entry.Path == FolderDevice.TransactionsFile || StageName().IsMatch(entry.Path))
            {
                continue;
            }

            var item = scope.Rules.Apply(new Item
            {
                Path = entry.Path,
                Type = entry.Type switch { FileEntryType.Directory => ItemType.Directory, FileEntryType.SymbolicLink => ItemType.SymbolicLink, _ => ItemType.File },
                Length = entry.Length,
                Modified = entry.Modified,
                Kind = entry.Path == FolderDevice.IdentityFile ? ItemKind.Identity : ItemKind.Configuration,
                UnixMode = entry.Type == FileEntryType.SymbolicLink ? null : entry.UnixMode,
                LinkTarget = entry.LinkTarget,
                Stamp = entry.Type == FileEntryType.File ? entry.StampOf(staleBefore) : null,
                IsContainer = entry.Type == FileEntryType.Directory && parents.Contains(entry.Path),
            });
            if (item is null || (item.Kind == ItemKind.History && content == BackupContent.Configuration))
            {
                continue;
            }

            CheckName(entry, device);
            if (entry.Type == FileEntryType.Other)
            {
                notSaved?.Invoke(new NotSavedItem(entry.Path, "it is a socket, a pipe or a device, which has no bytes to save"));
            }
            else if (entry.Type != FileEntryType.SymbolicLink || entry.LinkTarget is not null)
            {
                items.Add(item);
            }
        }

        return items;
    }

    /// <summary>The folder of a path; empty for the root.</summary>
    public static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    /// <summary>Whether a path leads into a stage of a restore: nothing in it is an item.</summary>
    [GeneratedRegex(@"(\A|/)\.([^/]+\.)?edgebackup-[0-9a-f]{16}(/|\z)")]
    private static partial Regex StageName();

    private static void CheckName(RemoteEntry entry, string device)
    {
        var fault = !entry.IsNameValid ? "it is not valid UTF-8"
            : entry.LinkTarget?.Contains('\uFFFD', StringComparison.Ordinal) == true ? "the link points to a name that is not valid UTF-8"
            : entry.Path.Contains('\n', StringComparison.Ordinal) ? "it has a line break in it"
            : ItemPath.FindFault(entry.Path);
        if (fault is not null)
        {
            throw new EdgeBackupException(
                ErrorIds.ItemPathInvalid,
                $"The name of '{entry.Path.Replace('\n', '?')}' on '{device}' cannot be in a backup: {fault}. Rename it, or exclude it in the device's type, then try again.",
                entry.Path);
        }
    }
}
