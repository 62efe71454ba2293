using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;

namespace EdgeBackup;

/// <summary>From Core's records to the public output types.</summary>
internal static class ModelMapping
{
    public static BackupInfo ToModel(this ListedBackup listed) => new()
    {
        Id = listed.Backup.Id,
        Device = listed.Backup.Device,
        DeviceName = listed.Backup.DeviceName,
        DeviceType = listed.Backup.DeviceType,
        Name = listed.Backup.Name,
        Kind = (BackupKind)(int)listed.Backup.Kind,
        Content = (BackupContent)(int)listed.Backup.Content,
        Created = LocalTime.From(listed.Backup.Created),
        Version = listed.Backup.Version,
        ItemCount = listed.Backup.ItemCount,
        Length = listed.Backup.Length,
        Changed = listed.Backup.Changed,
        Protected = listed.Backup.Protected,
        ProtectedReason = listed.Backup.ProtectedReason,
        Expires = LocalTime.From(listed.Expires),
        NotSaved = listed.Backup.NotSaved.ToModel(),
    };

    public static DeviceInfo ToModel(this ListedDevice listed) => new()
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
        BackupState = (BackupState)(int)listed.BackupState,
        PostponedSince = LocalTime.From(listed.Device.PostponedSince),
        Tag = [.. listed.Device.Tags],
        Site = listed.Device.Site,
        Parent = listed.Device.Parent,
    };

    public static ItemReason[] ToModel(this IEnumerable<NotSavedItem> items) =>
        [.. items.Select(item => new ItemReason { Path = item.Path, Reason = item.Reason })];

    public static Damage ToModel(this Core.Repository.Damage damage) => new()
    {
        Object = damage.Object,
        Device = damage.Device,
        Backup = damage.Backup,
        Path = damage.Path,
        Reason = damage.Reason,
    };

    public static RestoreResult ToModel(this Core.Operations.Restore.RestoreResult result, string? destination = null) => new()
    {
        Backup = result.Backup,
        Device = destination is null ? result.Device : null,
        SafetyBackup = result.SafetyBackup,
        Restored = [.. result.Restored],
        Unchanged = [.. result.Unchanged],
        Removed = [.. result.Removed],
        NotRestored = result.NotRestored.ToModel(),
        Verified = result.Verified,
        Duration = result.Duration,
        Destination = destination,
    };

    /// <summary>What a restore would do.</summary>
    public static RestoreResult ToModel(this RestorePreview preview, string? destination = null) => new()
    {
        Backup = preview.Backup,
        Device = destination is null ? preview.Target : null,
        Restored = preview.Paths(RestoreAction.Restore),
        Unchanged = preview.Paths(RestoreAction.Unchanged),
        Removed = preview.Paths(RestoreAction.Remove),
        NotRestored = [.. preview.Steps.Where(step => step.Action == RestoreAction.NotRestored).Select(step => new ItemReason { Path = step.Path, Reason = step.Reason ?? "" })],
        Destination = destination,
    };

    public static string[] Paths(this RestorePreview preview, RestoreAction action) =>
        [.. preview.Steps.Where(step => step.Action == action).Select(step => step.Path)];

    public static EdgeEvent ToModel(this Core.Records.EdgeEvent edgeEvent)
    {
        var at = edgeEvent.Author.LastIndexOf('@');
        return new EdgeEvent
        {
            Time = LocalTime.From(edgeEvent.Time),
            Device = edgeEvent.Device,
            Category = edgeEvent.Category.ToString(),
            Action = edgeEvent.Action,
            ErrorId = edgeEvent.ErrorId,
            Message = edgeEvent.Message,
            User = at < 0 ? edgeEvent.Author : edgeEvent.Author[..at],
            Computer = at < 0 ? null : edgeEvent.Author[(at + 1)..],
            Backup = edgeEvent.Backup,
        };
    }
}
