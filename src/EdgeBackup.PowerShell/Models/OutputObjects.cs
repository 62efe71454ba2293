using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Repository;

namespace EdgeBackup;

/// <summary>Makes output objects from what operations answer.</summary>
internal static class OutputObjects
{
    public static BackupInfo ToOutput(this ListedBackup listed) => new()
    {
        Id = listed.Backup.Id,
        Device = listed.Backup.Device,
        DeviceName = listed.Backup.DeviceName,
        DeviceType = listed.Backup.DeviceType,
        Name = listed.Backup.Name,
        Kind = listed.Backup.Kind.ToOutput(),
        Content = listed.Backup.Content.ToOutput(),
        Created = LocalTime.From(listed.Backup.Created),
        Version = listed.Backup.Version,
        ItemCount = listed.Backup.ItemCount,
        Length = listed.Backup.Length,
        Changed = listed.Backup.Changed,
        Protected = listed.Backup.Protected,
        ProtectedReason = listed.Backup.ProtectedReason,
        Expires = LocalTime.From(listed.Expires),
        NotSaved = [.. listed.Backup.NotSaved.Select(item => new ItemReason { Path = item.Path, Reason = item.Reason })],
    };

    public static DeviceInfo ToOutput(this ListedDevice listed) => new()
    {
        Id = listed.Device.Id,
        Name = listed.Device.Name,
        Type = listed.Device.Type,
        Address = listed.Device.Address,
        Version = listed.Device.Version,
        State = listed.Device.ReplacedBy is null ? DeviceState.Active : DeviceState.Replaced,
        ReplacedBy = listed.Device.ReplacedBy,
        Replaces = [.. listed.Replaces],
        LastBackup = LocalTime.From(listed.Device.LastBackup),
        BackupAge = listed.BackupAge,
        BackupState = Convert<BackupState>(listed.BackupState),
        PostponedSince = LocalTime.From(listed.Device.PostponedSince),
        Tag = [.. listed.Device.Tags],
        Site = listed.Device.Site,
        Parent = listed.Device.Parent,
    };

    /// <param name="saved">From a backup's item list.</param>
    /// <param name="backupId">The backup's id.</param>
    public static BackupItem ToOutput(this SavedItem saved, string backupId) => new()
    {
        Backup = backupId,
        Path = saved.Item.Path,
        Length = saved.Item.Length,
        Modified = LocalTime.From(saved.Item.Modified),
        Kind = Convert<ItemKind>(saved.Item.Kind),
        Retain = Convert<RetainLevel>(saved.Item.Retain),
        Digest = saved.Digest,
        Type = Convert<ItemType>(saved.Item.Type),
    };

    public static Damage ToOutput(this Core.Repository.Damage damage) => new()
    {
        Object = damage.Object,
        Device = damage.Device,
        Backup = damage.Backup,
        Path = damage.Path,
        Reason = damage.Reason,
    };

    public static BackupKind ToOutput(this Core.Items.BackupKind kind) => Convert<BackupKind>(kind);

    public static BackupContent ToOutput(this Core.Items.BackupContent content) => Convert<BackupContent>(content);

    public static Core.Items.BackupKind ToCore(this BackupKind kind) => Convert<Core.Items.BackupKind>(kind);

    public static Core.Items.BackupContent ToCore(this BackupContent content) => Convert<Core.Items.BackupContent>(content);

    // By name, so that a reordered enum on either side cannot change a meaning; a test holds the names against each other.
    private static T Convert<T>(Enum value)
        where T : struct, Enum => Enum.Parse<T>(value.ToString());
}
