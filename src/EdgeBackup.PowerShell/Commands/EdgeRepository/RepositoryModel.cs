using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Makes the output object of a repository.</summary>
internal static class RepositoryModel
{
    private static readonly string[] Areas = ["packs/", "index/", "backups/", "devices/", "events/", "policies/", "keys/"];

    public static async Task<RepositoryInfo> MakeAsync(RepositoryContext context, bool isDefault, string? recoveryKey, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false);
        var devices = 0;
        await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery(), cancellationToken).ConfigureAwait(false))
        {
            devices++;
        }

        var backups = 0L;
        var bytes = 0L;
        foreach (var area in Areas)
        {
            await foreach (var entry in context.Repository.Store.ListAsync(area, cancellationToken).ConfigureAwait(false))
            {
                bytes += entry.Length;
                backups += area == "backups/" ? 1 : 0;
            }
        }

        return new RepositoryInfo
        {
            Id = context.Repository.Id,
            Path = context.Location,
            FormatVersion = context.Repository.FormatVersion,
            Created = LocalTime.From(context.Repository.Created),
            Default = isDefault,
            RecoveryKey = recoveryKey,
            KeyFile = context.KeyFile,
            Devices = devices,
            Backups = backups,
            Length = bytes,
        };
    }
}
