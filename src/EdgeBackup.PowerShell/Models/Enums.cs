namespace EdgeBackup;

/// <summary>Whether a device is in service.</summary>
public enum DeviceState
{
    /// <summary>In service.</summary>
    Active,

    /// <summary>Handed over to its replacement and fenced.</summary>
    Replaced,
}

/// <summary>How devices are reached.</summary>
public enum DeviceConnection
{
    /// <summary>A folder, here or on a share.</summary>
    Folder,

    /// <summary>The edge device API over http or https.</summary>
    Http,

    /// <summary>Files and commands over SSH.</summary>
    Ssh,

    /// <summary>BACnet/IP.</summary>
    Bacnet,
}

/// <summary>Where a device type comes from.</summary>
public enum DeviceTypeSource
{
    /// <summary>Shipped with EdgeBackup.</summary>
    BuiltIn,

    /// <summary>A file in this user's folder of types.</summary>
    Folder,

    /// <summary>The repository.</summary>
    Repository,
}

/// <summary>How a device's newest backup stands against its policy.</summary>
public enum BackupState
{
    /// <summary>Younger than the interval.</summary>
    Current,

    /// <summary>The interval has passed.</summary>
    Due,

    /// <summary>Due, and waiting for the device to be idle.</summary>
    Postponed,

    /// <summary>Older than the policy allows.</summary>
    Overdue,

    /// <summary>There is no backup at all.</summary>
    Never,
}

/// <summary>Why a backup was taken.</summary>
public enum BackupKind
{
    /// <summary>By the clock.</summary>
    Automatic,

    /// <summary>By somebody, with a name.</summary>
    Manual,

    /// <summary>Before a restore or a switch.</summary>
    Safety,
}

/// <summary>How much of a backup is restored.</summary>
public enum RestoreContent
{
    /// <summary>Settings, programs, graphics.</summary>
    Configuration,

    /// <summary>Trend logs and event logs alone, over what is there.</summary>
    History,

    /// <summary>Configuration and history.</summary>
    All,
}

/// <summary>How much of a device a backup covers.</summary>
public enum BackupContent
{
    /// <summary>Settings, programs, graphics.</summary>
    Configuration,

    /// <summary>Configuration and history.</summary>
    All,
}

/// <summary>What an item belongs to.</summary>
public enum ItemKind
{
    /// <summary>What makes the device do its work.</summary>
    Configuration,

    /// <summary>Trend logs and event logs.</summary>
    History,

    /// <summary>Belongs to one piece of hardware.</summary>
    Identity,
}

/// <summary>Which restarts a value survives on its device.</summary>
public enum RetainLevel
{
    /// <summary>Every restart.</summary>
    Cold,

    /// <summary>A warm start and a power failure.</summary>
    Warm,

    /// <summary>None.</summary>
    None,
}

/// <summary>What stands at an item's path.</summary>
public enum ItemType
{
    /// <summary>A file.</summary>
    File,

    /// <summary>An empty folder.</summary>
    Directory,

    /// <summary>A symbolic link, saved as a link.</summary>
    SymbolicLink,
}

/// <summary>What opens a repository.</summary>
public enum RepositoryKeyKind
{
    /// <summary>A passphrase that somebody remembers.</summary>
    Passphrase,

    /// <summary>A file.</summary>
    KeyFile,

    /// <summary>The text that is kept away from the computer, for the worst day.</summary>
    Recovery,
}

/// <summary>How an item differs between two backups.</summary>
public enum ItemChange
{
    /// <summary>Only in the second.</summary>
    Added,

    /// <summary>Only in the first.</summary>
    Removed,

    /// <summary>In both, with other bytes.</summary>
    Modified,
}

/// <summary>What an item was read as, to find out which of its values differ.</summary>
public enum ItemFormat
{
    /// <summary>JSON.</summary>
    Json,

    /// <summary>XML.</summary>
    Xml,

    /// <summary>YAML.</summary>
    Yaml,

    /// <summary>Sections, keys and values.</summary>
    Ini,

    /// <summary>Rows and columns.</summary>
    Csv,

    /// <summary>An SQLite database.</summary>
    Sqlite,

    /// <summary>Lines.</summary>
    Text,

    /// <summary>Bytes that are none of these.</summary>
    Binary,
}

/// <summary>How an attempt at an automatic backup ended.</summary>
public enum AttemptResult
{
    /// <summary>With a backup.</summary>
    Completed,

    /// <summary>The device was busy, or might have been.</summary>
    Postponed,

    /// <summary>It could not be backed up.</summary>
    Failed,
}

/// <summary>What a run of the schedule makes of a device that has been busy for longer than its policy tolerates; it is never backed up while it is busy.</summary>
public enum OverdueAction
{
    /// <summary>A warning; the result stays a postponement.</summary>
    Warn,

    /// <summary>A failure, so that the exit code makes somebody look.</summary>
    Fail,
}

/// <summary>What became of one device in a run of the schedule.</summary>
public enum ScheduleOutcome
{
    /// <summary>A backup was taken.</summary>
    Completed,

    /// <summary>The device was busy; it will be tried again.</summary>
    Postponed,

    /// <summary>It could not be backed up.</summary>
    Failed,

    /// <summary>Its newest backup is young enough.</summary>
    NotDue,
}

/// <summary>Where a mended object's bytes came from.</summary>
public enum RepairMethod
{
    /// <summary>From the recovery data in the pack itself.</summary>
    RecoveryData,

    /// <summary>From another repository.</summary>
    SecondRepository,

    /// <summary>From the device, which still had the same bytes.</summary>
    Device,

    /// <summary>What was whole in a damaged pack was copied into a new one.</summary>
    Salvaged,

    /// <summary>Made anew from objects that say the same, or not needed.</summary>
    Rebuilt,

    /// <summary>It stood under another object's name.</summary>
    Misplaced,
}

/// <summary>Which of the operating system's schedulers.</summary>
public enum ScheduleMethod
{
    /// <summary>The Windows Task Scheduler.</summary>
    Task,

    /// <summary>A systemd timer with its service.</summary>
    Systemd,

    /// <summary>A line in a crontab.</summary>
    Cron,
}

/// <summary>Whose scheduler.</summary>
public enum ScheduleScope
{
    /// <summary>That of the user who registers it.</summary>
    User,

    /// <summary>That of the computer.</summary>
    System,
}

/// <summary>How somebody is told.</summary>
public enum NotificationKind
{
    /// <summary>By a signed JSON message over HTTP.</summary>
    Webhook,

    /// <summary>In the event log of Windows.</summary>
    EventLog,
}

/// <summary>What somebody can be told of.</summary>
public enum NotificationTopic
{
    /// <summary>A device's backups have begun to fail, or the schedule cannot run.</summary>
    Failure,

    /// <summary>What was told as a failure, or as overdue, is over.</summary>
    Recovery,

    /// <summary>A device has gone without a backup for longer than its policy tolerates.</summary>
    Overdue,

    /// <summary>What a run of the schedule has done.</summary>
    Digest,

    /// <summary>A restore was made, or failed.</summary>
    Restore,

    /// <summary>A device was handed over to its replacement.</summary>
    Switch,
}

/// <summary>What archives hold.</summary>
public enum ArchiveContent
{
    /// <summary>The event log.</summary>
    Event,

    /// <summary>The trend logs.</summary>
    Trend,
}

/// <summary>How the records of an archive are written.</summary>
public enum ArchiveFormat
{
    /// <summary>One line a record.</summary>
    Csv,

    /// <summary>One element a record.</summary>
    Xml,
}

/// <summary>What kind of run made an archive.</summary>
public enum ArchiveKind
{
    /// <summary>All since the archive before.</summary>
    Run,

    /// <summary>A choice by time or category of what the device still had.</summary>
    Extract,
}
