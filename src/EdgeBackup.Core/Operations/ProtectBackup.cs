using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>Exempts backups from retention, and ends the exemption: <c>Protect-</c> and <c>Unprotect-EdgeBackup</c>.</summary>
public sealed class ProtectBackup
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ProtectBackup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Protects a backup (R9).</summary>
    /// <exception cref="EdgeBackupException">BackupNotFound: it is being removed already, or it expired just now.</exception>
    public async Task ProtectAsync(CatalogBackup backup, string? reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        if (await context.Repository.IsBeingRemovedAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false))
        {
            // To promise that it stays would be wrong: whoever removes it may be past the last look.
            throw new EdgeBackupException(
                ErrorIds.BackupNotFound,
                $"The backup '{backup.Id}' of '{backup.Device}' was not protected: its removal has begun and was interrupted, or is going on; Optimize-EdgeRepository finishes it. To keep what is in it, export it now with Export-EdgeBackup, if it can still be read.",
                backup.Id);
        }

        await AppendAsync(backup, DeviceLogEntryKind.Protected, "Protected", reason, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a protection; retention counts the backup again from the next backup on.</summary>
    public Task UnprotectAsync(CatalogBackup backup, CancellationToken cancellationToken) =>
        AppendAsync(backup, DeviceLogEntryKind.Unprotected, "Unprotected", reason: null, cancellationToken);

    private async Task AppendAsync(CatalogBackup backup, DeviceLogEntryKind kind, string action, string? reason, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var wanted = kind == DeviceLogEntryKind.Protected;
        var state = await context.Devices.GetAsync(backup.Device, cancellationToken).ConfigureAwait(false);
        if (state.Protections.TryGetValue(backup.Id, out var now) == wanted && (!wanted || now!.Reason == reason))
        {
            return;
        }

        await context.Devices.AppendAsync(backup.Device, kind, entry => entry with { Backup = backup.Id, Reason = reason }, cancellationToken).ConfigureAwait(false);
        if (wanted && !await context.Repository.ListBackupsAsync(backup.Device, cancellationToken).AnyAsync(name => name == backup.ObjectName, cancellationToken).ConfigureAwait(false))
        {
            // Looked at behind the entry: retention may have read the log before it, and removed the backup since.
            throw new EdgeBackupException(
                ErrorIds.BackupNotFound,
                $"The backup {backup.Id} of '{backup.Device}' is gone, so nothing was protected; it has expired meanwhile. Get-EdgeBackup lists what there is.",
                backup.Id);
        }

        await context.NoteAsync(observer, EdgeEventCategory.Retention, action, reason ?? $"The backup was {action.ToLowerInvariant()}.", backup.Device, backup: backup.Id).ConfigureAwait(false);
        await context.Catalog.RefreshDevicesAsync([backup.Device], cancellationToken).ConfigureAwait(false);
    }
}
