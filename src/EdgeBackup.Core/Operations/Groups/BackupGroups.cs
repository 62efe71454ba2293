using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Groups;

/// <summary>Groups of backups as the catalog knows them, and what is missing in them.</summary>
internal sealed class BackupGroups(RepositoryContext context)
{
    private readonly Dictionary<string, BackupGroup> seen = new(StringComparer.Ordinal);

    /// <summary>Whether somebody else's word for a group can be shown and followed.</summary>
    /// <param name="group">As it was read.</param>
    /// <param name="device">The device of the backup that names it.</param>
    public static bool IsWellFormed(BackupGroup group, string device)
    {
        if (group.Id is null || !BackupIds.IsId(group.Id) || group.Members is not { Count: > 0 } || group.Members.Any(member => member is null || !IsShown(member.Device)))
        {
            return false;
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in group.Members)
        {
            // Each after the one that it stands below: so nothing stands below itself, and all of it below the server.
            if (member.Parent is null ? member.Device != group.Server || known.Count > 0 : !known.Contains(member.Parent))
            {
                return false;
            }

            if (!known.Add(member.Device))
            {
                return false;
            }
        }

        return known.Contains(device) && (group.Name is null || IsShown(group.Name));
    }

    /// <summary>The one group that a text means: an id, a name, or a wildcard that matches one.</summary>
    /// <param name="text">What the user gave.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The group, and the newest backup of each member that has one.</returns>
    /// <exception cref="EdgeBackupException">BackupNotFound: none, or more than one.</exception>
    public async Task<(BackupGroup Group, IReadOnlyDictionary<string, CatalogBackup> Backups)> RequireOneAsync(string text, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        foreach (var pattern in (string[])[WildcardPattern.Escape(text), text])
        {
            var groups = new Dictionary<string, Dictionary<string, CatalogBackup>>(StringComparer.Ordinal);
            await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Groups = [pattern] }, cancellationToken).ConfigureAwait(false))
            {
                // Newest first: an older one of the same device does not take its place.
                var members = groups.TryGetValue(backup.Group!.Id, out var known) ? known : groups[backup.Group.Id] = new(StringComparer.Ordinal);
                members.TryAdd(backup.Device, backup);
            }

            if (groups.Count == 1)
            {
                var members = groups.Values.Single();
                return (members.Values.First().Group!, members);
            }

            if (groups.Count > 1)
            {
                var shown = groups.Values.Select(members => members.Values.First()).OrderByDescending(backup => backup.Created).Take(5);
                throw new EdgeBackupException(
                    ErrorIds.BackupNotFound,
                    $"'{text}' matches {groups.Count} groups ({string.Join(", ", shown.Select(backup => $"{backup.Group!.Id} of {backup.Group.Server} from {backup.Created:u}"))}), and exactly one is needed here. Give the group's id.",
                    text);
            }
        }

        throw await NotFoundAsync(text, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a backup that was listed.</summary>
    public void Note(CatalogBackup backup)
    {
        if (backup.Group is { } group)
        {
            seen.TryAdd(group.Id, group);
        }
    }

    /// <summary>Says which groups that were asked for there are none of, and whom those that were listed lack.</summary>
    public async Task TellAsync(IEnumerable<string> texts, IOperationObserver observer, Func<EdgeBackupException, Task> onError, CancellationToken cancellationToken)
    {
        foreach (var text in texts.Where(text => !WildcardPattern.HasWildcard(text)))
        {
            if (!await AnyAsync(text, cancellationToken).ConfigureAwait(false))
            {
                await onError(await NotFoundAsync(WildcardPattern.Unescape(text), cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            }
        }

        foreach (var group in seen.Values)
        {
            var present = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Groups = [group.Id] }, cancellationToken).ConfigureAwait(false))
            {
                present.Add(backup.Device);
            }

            var missing = group.Members.Where(member => !present.Contains(member.Device)).Select(member => member.Device).ToList();
            if (missing.Count > 0)
            {
                observer.Warning($"The group {Describe(group)} has no backup of {missing.Count} of its {group.Members.Count} devices: {string.Join(", ", missing)}. None was taken, or it is gone by now; Get-EdgeEvent tells.");
            }
        }
    }

    /// <summary>A group's name, where it has one, and its id.</summary>
    public static string Describe(BackupGroup group) => group.Name is { } name ? $"'{name}' ({group.Id}) of '{group.Server}'" : $"{group.Id} of '{group.Server}'";

    private static bool IsShown(string? text) => !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl);

    private async Task<bool> AnyAsync(string text, CancellationToken cancellationToken)
    {
        await foreach (var _ in context.Catalog.QueryBackupsAsync(new BackupQuery { Groups = [text] }, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        return false;
    }

    private async Task<EdgeBackupException> NotFoundAsync(string text, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var backup in context.Catalog.QueryBackupsAsync(new BackupQuery { Groups = ["*"] }, cancellationToken).ConfigureAwait(false))
        {
            names.Add(backup.Group!.Id);
            if (backup.Group.Name is { } name)
            {
                names.Add(name);
            }
        }

        return new EdgeBackupException(
            ErrorIds.BackupNotFound,
            $"There is no group of backups '{text}'.{NearestNames.Suggest(text, names)} New-EdgeBackup -IncludeChildren takes one; Get-EdgeBackup -Group * lists what there is.",
            text);
    }
}
