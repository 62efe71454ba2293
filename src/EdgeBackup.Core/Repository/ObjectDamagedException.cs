using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository;

/// <summary>An object is missing or is not what was written. Inside the engine only; users get an <see cref="EdgeBackupException"/>.</summary>
[SuppressMessage("Design", "CA1064", Justification = "Never leaves the engine.")]
[SuppressMessage("Design", "CA1032", Justification = "Always has an object and a reason.")]
internal sealed class ObjectDamagedException(string objectName, string reason, Exception? cause = null)
    : Exception($"{objectName}: {reason}", cause)
{
    public string ObjectName { get; } = objectName;

    /// <summary>A clause without a full stop: "it is shorter than it was written".</summary>
    public string Reason { get; } = reason;

    public EdgeBackupException ToError(string location) => new(
        ErrorIds.RepositoryDamaged,
        $"The object '{ObjectName}' of the repository '{location}' is damaged: {Reason}. Run Test-EdgeRepository to see what it touches, and bring the object back from a copy of the repository.",
        ObjectName,
        this);

    public EdgeBackupException ToBackupError(string device, string backup, string? path) => new(
        ErrorIds.BackupDamaged,
        $"{(path is null ? "" : $"The item '{path}' of ")}{(path is null ? "The" : "the")} backup {backup} of device '{device}' cannot be read: the object '{ObjectName}' is damaged ({Reason}). Run Test-EdgeRepository to see what else it touches; other backups of the device may be intact.",
        path is null ? backup : $"{backup}: {path}",
        this);
}
