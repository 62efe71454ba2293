using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
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
        NotSaved = listed.Backup.NotSaved.ToOutput(),
        SuspectReason = [.. listed.Backup.Suspect.Select(reason => reason.ToString())],
        Group = listed.Backup.Group is { } group
            ? new BackupGroup { Id = group.Id, Name = group.Name, Server = group.Server, Member = [.. group.Members.Select(member => member.Device)] }
            : null,
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
        Replaces = new TextList(listed.Replaces),
        LastBackup = LocalTime.From(listed.Device.LastBackup),
        BackupAge = listed.BackupAge,
        BackupState = Convert<BackupState>(listed.BackupState),
        PostponedSince = LocalTime.From(listed.Device.PostponedSince),
        LastAttempt = LocalTime.From(listed.Device.Attempts?.State.LastAttempt),
        LastSuccess = LocalTime.From(listed.Device.Attempts?.State.LastSuccess),
        LastResult = listed.Device.Attempts?.State.Result is { } result ? Convert<AttemptResult>(result) : null,
        LastReason = listed.Device.Attempts?.State.Reason,
        LastDuration = listed.Device.Attempts?.State.Duration,
        LastLength = listed.Device.Attempts?.State.Bytes,
        ConsecutiveFailures = listed.Device.Attempts?.State.ConsecutiveFailures ?? 0,
        NextTry = LocalTime.From(listed.NextTry),
        LastVerified = LocalTime.From(listed.Device.Attempts?.State.LastVerified),
        LastArchive = LocalTime.From(listed.Device.LastArchive),
        ArchiveAge = listed.ArchiveAge,
        ArchiveFailingSince = LocalTime.From(listed.Device.Attempts?.State.Archive?.FailingSince),
        ArchiveReason = listed.Device.Attempts?.State.Archive?.Reason,
        Tag = new TextList(listed.Device.Tags),
        Site = listed.Device.Site,
        Parent = listed.Device.Parent,
        Owner = listed.Device.Owner,
        CredentialSecret = SecretOf(listed, Core.Devices.DeviceSecretKind.Credential)?.Name,
        TokenSecret = SecretOf(listed, Core.Devices.DeviceSecretKind.Token)?.Name,
        Vault = listed.Device.Registration?.Secret?.Vault,
        KeyFilePath = listed.Device.Registration?.KeyFilePath,
        HostKeyPolicy = listed.Device.Registration?.HostKeyPolicy?.ToString(),
        CertificateThumbprint = listed.Device.Registration?.CertificateThumbprint,
        AllowUnencryptedAuthentication = listed.Device.Registration?.AllowUnencryptedAuthentication == true,
        ConfigurationUnchangedSince = LocalTime.From(listed.Device.ConfigurationUnchangedSince),
        LastGoodBackup = LocalTime.From(listed.Device.LastGoodBackup),
        Suspect = listed.Device.IsSuspect,
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

    public static MendedObject ToOutput(this Core.Repository.MendedObject mended) => new()
    {
        Object = mended.Object,
        Method = Convert<RepairMethod>(mended.Method),
        Device = mended.Device,
        Backup = mended.Backup,
        Path = mended.Path,
    };

    public static ItemReason[] ToOutput(this IEnumerable<NotSavedItem> items) =>
        [.. items.Select(item => new ItemReason { Path = item.Path, Reason = item.Reason })];

    public static RestoreResult ToOutput(this Core.Operations.Restore.RestoreResult result, string? destination = null) => new()
    {
        Backup = result.Backup,
        Device = destination is null ? result.Device : null,
        SafetyBackup = result.SafetyBackup,
        Restored = [.. result.Restored],
        Unchanged = [.. result.Unchanged],
        Removed = [.. result.Removed],
        NotRestored = result.NotRestored.ToOutput(),
        Verified = result.Verified,
        Compared = result.IsCompared,
        Duration = result.Duration,
        Destination = destination,
    };

    public static BackupDifference ToOutput(this Core.Operations.Compare.ItemDifference found) => new()
    {
        Path = found.Path,
        Change = Convert<ItemChange>(found.Change),
        ReferenceLength = found.ReferenceLength,
        DifferenceLength = found.DifferenceLength,
        Detail = [.. found.Details.Select(value => new ValueDifference
        {
            Path = value.Path,
            Change = Convert<ItemChange>(value.Change),
            Reference = value.Reference,
            Difference = value.Difference,
        })],
        Format = found.Format is { } format ? Convert<ItemFormat>(format) : null,
        Note = found.Note,
        Reference = found.Reference,
        Difference = found.Difference,
    };

    /// <summary>What a restore would do.</summary>
    public static RestoreResult ToOutput(this RestorePreview preview, string? destination = null) => new()
    {
        Backup = preview.Backup,
        Device = destination is null ? preview.Target : null,
        Restored = preview.Paths(RestoreAction.Restore),
        Unchanged = preview.Paths(RestoreAction.Unchanged),
        Removed = preview.Paths(RestoreAction.Remove),
        NotRestored = [.. preview.Steps.Where(step => step.Action == RestoreAction.NotRestored).Select(step => new ItemReason { Path = step.Path, Reason = step.Reason ?? "" })],
        Compared = preview.IsCompared,
        Destination = destination,
    };

    public static string[] Paths(this RestorePreview preview, RestoreAction action) =>
        [.. preview.Steps.Where(step => step.Action == action).Select(step => step.Path)];

    public static EdgeEvent ToOutput(this Core.Records.EdgeEvent edgeEvent)
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
            Domain = edgeEvent.Domain,
            Process = edgeEvent.Process,
            Command = edgeEvent.Command,
            Reason = edgeEvent.Reason,
            OnBehalfOf = edgeEvent.OnBehalfOf,
            Client = edgeEvent.Client,
        };
    }

    public static DeviceTypeInfo ToOutput(this Core.Devices.Types.DeviceTypeEntry entry) => new()
    {
        Id = entry.Type.Id,
        Title = entry.Type.Title,
        MinimumVersion = entry.Type.MinimumVersion?.Text,
        Connection = [.. entry.Type.Connections.Select(connection => connection.ToString())],
        Source = Convert<DeviceTypeSource>(entry.Source),
        Path = entry.Location,
        Description = entry.Type.Description,
        Documentation = [.. entry.Type.Sources],
        Json = System.Text.Encoding.UTF8.GetString(entry.Json.Span),
    };

    public static BackupMethod ToOutput(this Core.Devices.Methods.BackupMethod method) => new()
    {
        Type = method.Type.Type.Id,
        Connection = Convert<DeviceConnection>(method.Connection),
        Title = method.Type.Type.Title,
        Description = method.Type.Type.Description,
        Contains = [.. method.Contains],
        NotContained = [.. method.NotContained],
        Trigger = method.Trigger,
        Format = method.Format,
        Restore = method.Restore,
        NotRestored = [.. method.NotRestored],
        Documentation = [.. method.Type.Type.Sources],
        Source = Convert<DeviceTypeSource>(method.Type.Source),
    };

    public static DeviceTypeTrial ToOutput(this Core.Operations.DeviceTypeTrial trial, string address) => new()
    {
        Address = address,
        Id = trial.Identity.Id,
        Name = trial.Identity.Name,
        Type = trial.Identity.Type,
        Version = trial.Identity.Version,
        VersionSupported = trial.VersionFault is null,
        CanBackup = trial.VersionFault is null && trial.GateReason is null,
        Reason = trial.VersionFault ?? trial.GateReason,
        Item = [.. trial.Items.Where(item => item.LeftOut is null).Select(ToOutput)],
        LeftOut = [.. trial.Items.Where(item => item.LeftOut is not null).Select(ToOutput)],
        UnusedRule = [.. trial.UnusedRules],
        Warning = [.. trial.Warnings],
    };

    private static DeviceTypeItem ToOutput(TriedItem tried) => new()
    {
        Path = tried.Item.Path,
        Length = tried.Item.Length,
        Kind = Convert<ItemKind>(tried.Item.Kind),
        Retain = Convert<RetainLevel>(tried.Item.Retain),
        Rule = tried.Rule,
        Reason = tried.LeftOut,
    };

    public static RepositoryKeyKind ToOutput(this Core.Repository.KeyKind kind) => Convert<RepositoryKeyKind>(kind);

    public static BackupKind ToOutput(this Core.Items.BackupKind kind) => Convert<BackupKind>(kind);

    public static BackupContent ToOutput(this Core.Items.BackupContent content) => Convert<BackupContent>(content);

    public static ScheduleOutcome ToOutput(this Core.Operations.Scheduling.ScheduledResult result) => Convert<ScheduleOutcome>(result);

    public static ScheduleMethod ToOutput(this Core.Operations.SystemSchedules.ScheduleMethod method) => Convert<ScheduleMethod>(method);

    public static ScheduleScope ToOutput(this Core.Operations.SystemSchedules.ScheduleScope scope) => Convert<ScheduleScope>(scope);

    public static Core.Operations.SystemSchedules.ScheduleMethod ToCore(this ScheduleMethod method) => Convert<Core.Operations.SystemSchedules.ScheduleMethod>(method);

    public static Core.Operations.SystemSchedules.ScheduleScope ToCore(this ScheduleScope scope) => Convert<Core.Operations.SystemSchedules.ScheduleScope>(scope);

    public static OverdueAction ToOutput(this Core.Records.OverdueAction action) => Convert<OverdueAction>(action);

    public static Core.Records.OverdueAction ToCore(this OverdueAction action) => Convert<Core.Records.OverdueAction>(action);

    public static ArchiveContent ToOutput(this Core.Archives.ArchiveContent content) => Convert<ArchiveContent>(content);

    public static ArchiveFormat ToOutput(this Core.Archives.ArchiveFormat format) => Convert<ArchiveFormat>(format);

    public static ArchiveKind ToOutput(this Core.Archives.ArchiveKind kind) => Convert<ArchiveKind>(kind);

    public static Core.Archives.ArchiveContent ToCore(this ArchiveContent content) => Convert<Core.Archives.ArchiveContent>(content);

    public static Core.Archives.ArchiveFormat ToCore(this ArchiveFormat format) => Convert<Core.Archives.ArchiveFormat>(format);

    public static Core.Items.BackupKind ToCore(this BackupKind kind) => Convert<Core.Items.BackupKind>(kind);

    public static Core.Items.BackupContent ToCore(this BackupContent content) => Convert<Core.Items.BackupContent>(content);

    public static Core.Operations.Restore.RestoreContent ToCore(this RestoreContent content) => Convert<Core.Operations.Restore.RestoreContent>(content);

    public static Core.Operations.BackupState ToCore(this BackupState state) => Convert<Core.Operations.BackupState>(state);

    private static Core.Devices.DeviceSecretName? SecretOf(ListedDevice listed, Core.Devices.DeviceSecretKind kind) =>
        listed.Device.Registration?.Secret is { } secret && secret.Kind == kind ? secret : null;

    // By name, so that a reordered enum on either side cannot change a meaning; a test holds the names against each other.
    private static T Convert<T>(Enum value)
        where T : struct, Enum => Enum.Parse<T>(value.ToString());
}
