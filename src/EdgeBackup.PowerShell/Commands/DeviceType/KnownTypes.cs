using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>The device types that are known, also before there is any repository.</summary>
internal static class KnownTypes
{
    /// <param name="path">The repository that the user named; null for the session's, or none.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<(DeviceTypeCatalog Catalog, IReadOnlyList<DeviceTypeFileFault> Files, IReadOnlyCollection<EdgeBackupException> Records)> ReadAsync(string? path, CancellationToken cancellationToken)
    {
        try
        {
            var borrowed = await RepositorySession.Current.BorrowAsync(path, cancellationToken).ConfigureAwait(false);
            await using var lease = borrowed.ConfigureAwait(false);
            return await borrowed.Context.Types.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (path is null && exception.ErrorId is ErrorIds.RepositoryNotFound or ErrorIds.RepositoryKeyWrong)
        {
            var (types, faults) = DeviceTypeFolder.Read(RepositoryLocations.ForCurrentUser().Types);
            return (DeviceTypeCatalog.With(types, []), faults, []);
        }
    }
}
