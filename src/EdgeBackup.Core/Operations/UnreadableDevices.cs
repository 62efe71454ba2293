using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations;

/// <summary>A device log that cannot be read whole.</summary>
/// <param name="Device">Whose; null where nothing tells it any more.</param>
/// <param name="Problem">What is wrong.</param>
internal sealed record UnreadableDevice(string? Device, EdgeBackupException Problem)
{
    /// <summary>What keeps the backups: the missing record may be the one that protects them.</summary>
    public string KeepsBackups => $"{Device ?? "A device"}: nothing expires, because a record of the device is missing or cannot be read. {Problem.Message}";
}

/// <summary>Finds whose the records are that a refresh of devices could not read: the names of folders tell no device.</summary>
internal static class UnreadableDevices
{
    /// <summary>Brings all devices up to date.</summary>
    /// <returns>Those of which that was not possible; a device may be there more than once.</returns>
    public static async Task<IReadOnlyList<UnreadableDevice>> RefreshAsync(RepositoryContext context, CancellationToken cancellationToken)
    {
        var problems = await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false);
        if (problems.Count == 0)
        {
            return [];
        }

        // Backups tell whose a log is that has nothing left.
        await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        var byFolder = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var id in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            byFolder[context.Repository.SubjectFolder(id)] = id;
        }

        return [.. problems.Select(problem => new UnreadableDevice(problem.Target?.Split('/') is [_, var folder, ..] ? byFolder.GetValueOrDefault(folder) : null, problem))];
    }
}
