using System.Globalization;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>
/// Devices that a restore of ours has changed piece by piece without being proven: what they hold may be half of a
/// configuration, and no backup of it shall pass for a good one.
/// </summary>
internal static class UnprovenRestores
{
    private const int Attempts = 50;

    /// <summary>What speaks against a backup that was taken of a device; null for nothing.</summary>
    public static string? Describe(DeviceState state) => state.UnprovenRestore is not { } restore ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"the restore onto the device that {restore.Author} began on {restore.Time.UtcDateTime:yyyy-MM-dd HH:mm} UTC was not finished or not verified, so that the device may hold half a configuration; restore a good backup onto it with Restore-EdgeBackup");

    /// <summary>What a restore that has failed means for the backups to come, as a sentence with a blank before it; empty for nothing.</summary>
    public static async Task<string> HintAsync(RepositoryContext context, string device, IDeviceConnection connection)
    {
        try
        {
            return connection.RestoresInPlace && (await context.Devices.GetAsync(device, CancellationToken.None).ConfigureAwait(false)).UnprovenRestore is not null
                ? " Backups of it are suspect until a restore onto it is verified, or until New-EdgeBackup -SkipValidation takes what it holds for good."
                : "";
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            // What the restore failed with counts, and not what else cannot be read.
            return "";
        }
    }

    /// <summary>What is known of a device right after a restore onto it, for <see cref="SettleAsync"/>.</summary>
    /// <returns>Null where a restore leaves nothing in doubt, or where it cannot be read: the restore is made, and its read-back does not wait for the repository.</returns>
    public static async Task<DeviceState?> SeeAsync(RepositoryContext context, string device, IDeviceConnection connection, IOperationObserver observer, CancellationToken cancellationToken)
    {
        if (!connection.RestoresInPlace)
        {
            return null;
        }

        try
        {
            return await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{device}: the repository cannot be read just now, so that backups of the device stay suspect until another restore onto it is verified, or until one is taken with -SkipValidation: {exception.Message}");
            return null;
        }
    }

    /// <summary>Notes that what a device holds is known again; writes nothing where it was not in doubt, or is again.</summary>
    /// <param name="context">The repository.</param>
    /// <param name="seen">The device as it was before it was read: a restore that began later is not settled by that.</param>
    /// <param name="end">How it is known.</param>
    /// <param name="observer">Is warned where it cannot be noted.</param>
    public static async Task SettleAsync(RepositoryContext context, DeviceState seen, RestoreEnd end, IOperationObserver observer)
    {
        try
        {
            // A share that lists late may never show what others have written.
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var now = await context.Devices.GetAsync(seen.Id, CancellationToken.None).ConfigureAwait(false);
                if (now.UnprovenRestore is null || now.LastInPlace != seen.LastInPlace
                    || await context.Devices.TryAppendAsync(now, DeviceLogEntryKind.RestoreClosed, entry => entry with { End = end }, CancellationToken.None).ConfigureAwait(false) is not null)
                {
                    return;
                }
            }

            Warn("others write to its log");
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            Warn(exception.Message);
        }

        void Warn(string reason) => observer.Warning(
            $"{seen.Id}: it could not be noted that its configuration is in order, so that backups of it stay suspect until a restore onto it is verified, or until one is taken with -SkipValidation: {reason}");
    }
}
