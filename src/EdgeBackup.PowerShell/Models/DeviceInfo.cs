namespace EdgeBackup;

/// <summary>A registered device and the age of its newest backup (R5). Times are local (see <see cref="LocalTime"/>).</summary>
public sealed class DeviceInfo
{
    /// <summary>Belongs to the hardware: new hardware, new id.</summary>
    public required string Id { get; init; }

    /// <summary>The id once more, under the name by which -Device binds from the pipeline.</summary>
    public string Device => Id;

    /// <summary>What people call it.</summary>
    public string? Name { get; init; }

    /// <summary>The id of its device type.</summary>
    public required string Type { get; init; }

    /// <summary>Where it is reached.</summary>
    public required string Address { get; init; }

    /// <summary>The version it told when it was last in contact; null where it has none.</summary>
    public string? Version { get; init; }

    /// <summary>Whether it is in service.</summary>
    public required DeviceState State { get; init; }

    /// <summary>The id of its replacement; null while it is in service.</summary>
    public string? ReplacedBy { get; init; }

    /// <summary>The ids of the devices that it replaced.</summary>
    public TextList Replaces { get; init; } = TextList.Empty;

    /// <summary>When its newest backup was taken, local time; null without one.</summary>
    public DateTime? LastBackup { get; init; }

    /// <summary>How old its newest backup is; null without one.</summary>
    public TimeSpan? BackupAge { get; init; }

    /// <summary>How its newest backup stands against its policy.</summary>
    public required BackupState BackupState { get; init; }

    /// <summary>Since when a due backup has been waiting for an idle moment (R4), local time; null when none waits.</summary>
    public DateTime? PostponedSince { get; init; }

    /// <summary>When an automatic backup was last tried, local time; null when it never was.</summary>
    public DateTime? LastAttempt { get; init; }

    /// <summary>When an automatic backup last succeeded, local time; null when none did.</summary>
    public DateTime? LastSuccess { get; init; }

    /// <summary>How the last attempt ended; null when there was none.</summary>
    public AttemptResult? LastResult { get; init; }

    /// <summary>Why the last attempt made no backup; null when it did.</summary>
    public string? LastReason { get; init; }

    /// <summary>How long the last attempt took.</summary>
    public TimeSpan? LastDuration { get; init; }

    /// <summary>Bytes in the backup that the last successful attempt made.</summary>
    public long? LastLength { get; init; }

    /// <summary>Attempts in a row that failed; a busy device is no failure.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>When a run of the schedule will take it at the earliest, local time; null for the next run, and for a device that was replaced.</summary>
    public DateTime? NextTry { get; init; }

    /// <summary>When a backup of it was last read back and found whole, local time; null when none was.</summary>
    public DateTime? LastVerified { get; init; }

    /// <summary>When its newest archive was written that is no extract, local time; null without one.</summary>
    public DateTime? LastArchive { get; init; }

    /// <summary>How old its newest archive is; null without one.</summary>
    public TimeSpan? ArchiveAge { get; init; }

    /// <summary>Since when New-EdgeArchive has failed, or left a log unread, each time, local time; null when it does neither.</summary>
    public DateTime? ArchiveFailingSince { get; init; }

    /// <summary>Why New-EdgeArchive failed the last time, or what it left unread; null when it did neither.</summary>
    public string? ArchiveReason { get; init; }

    /// <summary>Words to select it by.</summary>
    public TextList Tag { get; init; } = TextList.Empty;

    /// <summary>Where it stands.</summary>
    public string? Site { get; init; }

    /// <summary>The id of the server above it; null where there is none.</summary>
    public string? Parent { get; init; }

    /// <summary>Who looks after it.</summary>
    public string? Owner { get; init; }

    /// <summary>The name of the SecretManagement secret that is its user and password; null where that is sealed in the repository, or not needed.</summary>
    public string? CredentialSecret { get; init; }

    /// <summary>The name of the SecretManagement secret that is its bearer token; null where that is sealed in the repository, or not needed.</summary>
    public string? TokenSecret { get; init; }

    /// <summary>The vault of its secret; null for the first that has it.</summary>
    public string? Vault { get; init; }

    /// <summary>Where the private key is (ssh://); null for the user's own and the agent's.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>What is done with an unknown host key (ssh://); null for Strict.</summary>
    public string? HostKeyPolicy { get; init; }

    /// <summary>The thumbprint of the certificate that it must show; null for what this system trusts.</summary>
    public string? CertificateThumbprint { get; init; }

    /// <summary>Whether its credential may go over plain http.</summary>
    public bool AllowUnencryptedAuthentication { get; init; }

    /// <summary>When the oldest of its newest backups that all hold the same configuration was taken, local time; null without a backup.</summary>
    public DateTime? ConfigurationUnchangedSince { get; init; }

    /// <summary>When its newest backup that is not suspect was taken, local time; null without one.</summary>
    public DateTime? LastGoodBackup { get; init; }

    /// <summary>Whether something speaks against its newest backup.</summary>
    public bool Suspect { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
