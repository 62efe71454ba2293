using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations;

/// <summary>The rules for the names that people give to manual backups (R6).</summary>
public static class BackupNames
{
    /// <summary>The longest name, in UTF-16 code units.</summary>
    public const int MaximumLength = 128;

    /// <summary>Refuses a bad name.</summary>
    /// <exception cref="EdgeBackupException">BackupNameInvalid.</exception>
    public static void Check(string? name)
    {
        var fault = string.IsNullOrWhiteSpace(name) ? "is empty"
            : name.Length > MaximumLength ? $"has {name.Length} characters; {MaximumLength} are allowed"
            : name.Any(char.IsControl) ? "contains control characters"
            : !ItemPath.IsWellFormed(name) ? "is not valid Unicode"
            : null;
        if (fault is not null)
        {
            var shown = new string((name ?? "").Take(40).Select(character => char.IsControl(character) ? '\u00b7' : character).ToArray());
            throw new EdgeBackupException(ErrorIds.BackupNameInvalid, $"The backup name '{shown}' {fault}. Give a name of 1 to {MaximumLength} printable characters.", name);
        }
    }

    /// <summary>Refuses a name that another manual backup of the device has; letter case does not tell names apart.</summary>
    /// <param name="catalog">Up to date for the device.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="name">A name that <see cref="Check"/> accepts.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">BackupNameInUse.</exception>
    public static async Task CheckIsFreeAsync(BackupCatalog catalog, string device, string name, CancellationToken cancellationToken)
    {
        var query = new BackupQuery { Devices = [device], Kinds = [BackupKind.Manual] };
        await foreach (var backup in catalog.QueryBackupsAsync(query, cancellationToken).ConfigureAwait(false))
        {
            if (string.Equals(backup.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                throw new EdgeBackupException(
                    ErrorIds.BackupNameInUse,
                    $"The device '{device}' has a manual backup named '{backup.Name}' already, from {backup.Created:u}. Give another name.",
                    name);
            }
        }
    }
}
