using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Retention;

namespace EdgeBackup.Core.Operations;

/// <summary>A backup as users see it.</summary>
/// <param name="Backup">From the catalog.</param>
/// <param name="Expires">When age removes it, UTC; null for manual and protected ones.</param>
public sealed record ListedBackup(CatalogBackup Backup, DateTimeOffset? Expires)
{
    internal static ListedBackup From(CatalogBackup backup, EffectivePolicy policy) =>
        new(backup, RetentionPlanner.ExpiresAt(new RetentionSubject(backup.Id, backup.Device, backup.Kind, backup.Created, backup.Protected), policy.ToRetention()));

    internal static ListedBackup From(BackupRecord record, string objectName, EffectivePolicy policy) => From(
        new CatalogBackup
        {
            ObjectName = objectName,
            Id = record.Id,
            Device = record.Device,
            DeviceName = record.DeviceName,
            DeviceType = record.DeviceType,
            Name = record.Name,
            Kind = record.Kind,
            Content = record.Content,
            Created = record.Created,
            Version = record.Version,
            ItemCount = record.ItemCount,
            Length = record.Length,
            Changed = record.Changed,
            NotSaved = record.NotSaved,
            Author = record.Author,
            Suspect = record.Suspect ?? [],
            Group = record.Group,
        },
        policy);
}

internal static class PolicyRetention
{
    public static RetentionPolicy ToRetention(this EffectivePolicy policy) => new()
    {
        Months = policy.RetentionMonths,
        ManualLimit = policy.ManualLimit,
        KeepLast = policy.KeepLast,
        LegalHold = policy.LegalHold,
    };
}
