using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>The event ids under which messages stand in the system's event log; docs/notifications.md.</summary>
internal static class SystemLogEvents
{
    /// <summary>Of a message's type. They never change: administrators filter by them.</summary>
    public static SystemLogEvent For(string type) => type switch
    {
        "backup.failed" => new SystemLogEvent(1001, SystemLogLevel.Error),
        "backup.recovered" => new SystemLogEvent(1002, SystemLogLevel.Information),
        "backup.overdue" => new SystemLogEvent(1003, SystemLogLevel.Warning),
        "schedule.completed" => new SystemLogEvent(1004, SystemLogLevel.Information),
        "schedule.failed" => new SystemLogEvent(1005, SystemLogLevel.Error),
        "schedule.recovered" => new SystemLogEvent(1006, SystemLogLevel.Information),
        "restore.completed" => new SystemLogEvent(1007, SystemLogLevel.Information),
        "restore.failed" => new SystemLogEvent(1008, SystemLogLevel.Error),
        "device.switched" => new SystemLogEvent(1009, SystemLogLevel.Information),
        "archive.failed" => new SystemLogEvent(1010, SystemLogLevel.Error),
        "archive.recovered" => new SystemLogEvent(1011, SystemLogLevel.Information),
        _ => new SystemLogEvent(1000, SystemLogLevel.Information),
    };
}
