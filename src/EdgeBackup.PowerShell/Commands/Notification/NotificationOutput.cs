using EdgeBackup.Core.Operations.Notifications;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows a notification, without its secret.</summary>
internal static class NotificationOutput
{
    /// <param name="listed">As it is registered, and how it goes here.</param>
    /// <param name="newSecret">Given once, by the command that made it.</param>
    public static NotificationInfo From(ListedNotification listed, string? newSecret = null) => new()
    {
        Name = listed.Entry.Name,
        Kind = Enum.Parse<NotificationKind>(listed.Entry.Kind.ToString()),
        Url = listed.Entry.Url,
        Event = [.. listed.Entry.Topics.Select(topic => Enum.Parse<NotificationTopic>(topic.ToString()))],
        Device = [.. listed.Entry.Devices],
        Tag = [.. listed.Entry.Tags],
        Site = [.. listed.Entry.Sites],
        Active = !listed.IsGone,
        Pending = listed.Pending,
        Dropped = listed.State.Dropped,
        LastDelivery = LocalTime.From(listed.State.LastDelivery),
        LastError = listed.State.LastError,
        LastErrorTime = LocalTime.From(listed.State.LastErrorTime),
        Registered = LocalTime.From(listed.Entry.Time),
        Secret = newSecret,
    };
}
