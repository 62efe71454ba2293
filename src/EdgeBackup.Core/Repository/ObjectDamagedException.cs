using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Stores;

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

    /// <summary>
    /// Whether an exception says that one object is damaged, missing or cannot be read: a bad sector, or a file that may not
    /// be opened, spoils that object and no other.
    /// </summary>
    public static bool IsMeantBy(Exception exception) => exception is ObjectDamagedException || GuardedStore.IsNotReadable(exception);

    /// <returns>What <see cref="IsMeantBy"/> accepts as damage of the object; null for anything else.</returns>
    public static ObjectDamagedException? From(Exception exception) => exception switch
    {
        ObjectDamagedException damage => damage,
        EdgeBackupException { InnerException: { } fault, Target: string target } when GuardedStore.IsNotReadable(exception) =>
            new ObjectDamagedException(target, $"it cannot be read: {fault.Message}", exception),
        _ => null,
    };

    /// <returns>As <see cref="From"/>, also where the damage is what an error for the user is about.</returns>
    public static ObjectDamagedException? Within(Exception exception) =>
        exception is EdgeBackupException { InnerException: ObjectDamagedException inner } ? inner : From(exception);

    /// <summary>What could not be read is told as that: it may be whole, and a copy would not help a share that is away.</summary>
    public EdgeBackupException ToError(string location) => InnerException is EdgeBackupException fault && GuardedStore.IsNotReadable(fault) ? fault : new EdgeBackupException(
        ErrorIds.RepositoryDamaged,
        $"The object '{ObjectName}' of the repository '{location}' is damaged: {Reason}. Run Test-EdgeRepository to see what it touches, and bring the object back from a copy of the repository: Repair-EdgeRepository -From.",
        ObjectName,
        this);

    public EdgeBackupException ToBackupError(string device, string backup, string? path) => new(
        ErrorIds.BackupDamaged,
        $"{(path is null ? "" : $"The item '{path}' of ")}{(path is null ? "The" : "the")} backup {backup} of device '{device}' cannot be read: the object '{ObjectName}' is damaged ({Reason}). Run Test-EdgeRepository to see what else it touches; other backups of the device may be intact.",
        path is null ? backup : $"{backup}: {path}",
        this);
}
