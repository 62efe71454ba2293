using EdgeBackup.Core.Errors;

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
            : null;
        if (fault is not null)
        {
            var shown = new string((name ?? "").Take(40).Select(character => char.IsControl(character) ? '\u00b7' : character).ToArray());
            throw new EdgeBackupException(ErrorIds.BackupNameInvalid, $"The backup name '{shown}' {fault}. Give a name of 1 to {MaximumLength} printable characters.", name);
        }
    }
}
