using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Formatting;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>Base of the completers that go through backups: those of the devices that another parameter names, or all.</summary>
internal abstract class BackupCompleter : RepositoryCompleter
{
    /// <summary>The parameter that narrows the devices.</summary>
    protected virtual string DeviceParameter => "Device";

    protected virtual BackupQuery Filter => new();

    protected override async Task RefreshAsync(RepositoryContext context, CompletionQuery query, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false);
        await context.Catalog.RefreshBackupsAsync(await FindDevicesAsync(context, query, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    protected override async IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = Filter with { Devices = await FindDevicesAsync(context, query, cancellationToken).ConfigureAwait(false) };
        await foreach (var backup in context.Catalog.QueryBackupsAsync(filter, cancellationToken).ConfigureAwait(false))
        {
            if (Read(backup) is { } candidate)
            {
                yield return candidate;
            }
        }
    }

    protected abstract Candidate? Read(CatalogBackup backup);

    protected static string Describe(CatalogBackup backup)
    {
        var name = backup.Name is null ? "" : $", '{backup.Name}'";
        var age = DisplayText.Since(backup.Created.LocalDateTime);
        return $"{backup.Device}{name}, {backup.Kind}, {(age == "just now" ? age : age + " ago")}";
    }

    /// <summary>The devices and those whose history they carry on; null for all.</summary>
    private async Task<IReadOnlyList<string>?> FindDevicesAsync(RepositoryContext context, CompletionQuery query, CancellationToken cancellationToken)
    {
        var given = query.Given(DeviceParameter);
        if (given.Count == 0)
        {
            return null;
        }

        var devices = new List<string>();
        await foreach (var id in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (given.Any(text => new WildcardPattern(text).IsMatch(id)))
            {
                devices.AddRange(await context.Catalog.LineageAsync(id, cancellationToken).ConfigureAwait(false));
            }
        }

        return devices;
    }
}

/// <summary>Ids of backups; also found by the backups' names and by the ids of their devices.</summary>
internal class BackupIdCompleter : BackupCompleter
{
    protected override Candidate Read(CatalogBackup backup) => new(backup.Id, Describe(backup), backup.Name, backup.Device);
}

/// <summary>Ids of backups, whatever -Device says: there it is the target of a restore.</summary>
internal sealed class RestoredBackupIdCompleter : BackupIdCompleter
{
    protected override string DeviceParameter => "";
}

/// <summary>Ids of backups of the device that is replaced.</summary>
internal sealed class SwitchedBackupIdCompleter : BackupIdCompleter
{
    protected override string DeviceParameter => "Replaces";
}

/// <summary>Names of manual backups.</summary>
internal sealed class BackupNameCompleter : BackupCompleter
{
    protected override BackupQuery Filter => new() { Kinds = [Core.Items.BackupKind.Manual] };

    protected override Candidate? Read(CatalogBackup backup) => backup.Name is { } name ? new Candidate(name, Describe(backup)) : null;
}

/// <summary>Groups: by name where they have one, else by id.</summary>
internal sealed class BackupGroupCompleter : BackupCompleter
{
    protected override BackupQuery Filter => new() { Groups = ["*"] };

    protected override Candidate? Read(CatalogBackup backup) =>
        backup.Group is { } group ? new Candidate(group.Name ?? group.Id, $"{group.Server} and {group.Members.Count - 1} below it, {backup.Created.LocalDateTime:g}", group.Id) : null;
}
