using EdgeBackup.Core.Devices.Bacnet;
using NodaTime;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>What the device answers to ReinitializeDevice.</summary>
public enum ReinitializeSupport
{
    /// <summary>Backups and restores (DM-BR-B).</summary>
    Full,

    /// <summary>The service is there, but not for backups: optional-functionality-not-supported.</summary>
    RestartsOnly,

    /// <summary>Rejected as an unrecognized service.</summary>
    Missing,
}

/// <summary>What the device answers when an empty file is read from its start.</summary>
public enum EmptyFileAnswer
{
    /// <summary>No bytes, and the end of the file.</summary>
    EndOfFile,

    /// <summary>The error invalid-file-start-position, as some devices do.</summary>
    InvalidStart,
}

/// <summary>What a simulated BACnet device is when it is switched on. The times are by its clock.</summary>
public sealed record SimulatedBacnetOptions
{
    /// <summary>Of its Device object.</summary>
    public uint Instance { get; init; } = 1001;

    public string? Name { get; init; }

    /// <summary>Null: it does not have the property.</summary>
    public string? SerialNumber { get; init; } = "SN-4711";

    public uint VendorId { get; init; } = 999;

    public string Firmware { get; init; } = "2.4.1";

    /// <summary>UDP port on loopback; 0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock of its preparation times, of its failure timeout and of its records. The wire always runs in real time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public BacnetSegmentation Segmentation { get; init; } = BacnetSegmentation.Both;

    /// <summary>50, 128, 206, 480, 1024 or 1476.</summary>
    public int MaxApdu { get; init; } = ApduSizes.Largest;

    /// <summary>Parts before an acknowledgement that it offers and grants, 1 to 127.</summary>
    public byte Window { get; init; } = 16;

    /// <summary>Parts of one request that it takes, and that it sends.</summary>
    public int MaxSegments { get; init; } = 255;

    /// <summary>Why it breaks off what needs more parts than that.</summary>
    public BacnetAbortReason TooLongReason { get; init; } = BacnetAbortReason.BufferOverflow;

    /// <summary>Records that one AtomicReadFile may ask for; more are rejected as parameter-out-of-range, as bacnet-stack's server does it. Null: as many as fit.</summary>
    public int? MostRecords { get; init; }

    /// <summary>How long it waits for an acknowledgement before it sends parts again.</summary>
    public TimeSpan SegmentTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it sends parts again before it gives an answer up.</summary>
    public int SegmentRetries { get; init; } = 3;

    /// <summary>At most 20 characters; null: none is asked for.</summary>
    public string? Password { get; init; }

    /// <summary>How long it prepares a backup before its files are valid.</summary>
    public TimeSpan BackupPreparation { get; init; }

    public TimeSpan RestorePreparation { get; init; }

    /// <summary>How long a restore is worked on after END_RESTORE was acknowledged.</summary>
    public TimeSpan RestoreCompletion { get; init; }

    /// <summary>How long after the acknowledgement of END_RESTORE it goes on as before, by its System_Status, until it works on the restore: old devices restart a moment later.</summary>
    public TimeSpan RestoreDelay { get; init; }

    /// <summary>How long after START_BACKUP or START_RESTORE was acknowledged Backup_And_Restore_State still says what it said before.</summary>
    public TimeSpan StateLag { get; init; }

    /// <summary>How long a procedure lives without an access to a configuration file.</summary>
    public TimeSpan BackupFailureTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether it has the properties 338 to 341, which came with protocol revision 10.</summary>
    public bool TellsBackupState { get; init; } = true;

    /// <summary>Whether it has Last_Restore_Time and Database_Revision, which change with a restore that came into force.</summary>
    public bool TellsRestores { get; init; } = true;

    /// <summary>Its Database_Revision comes with the files and so stays as it is, and it has no Last_Restore_Time unless <see cref="RestoreTimeStays"/>.</summary>
    public bool RevisionStays { get; init; }

    /// <summary>It has a Last_Restore_Time that never changes, whatever is restored.</summary>
    public bool RestoreTimeStays { get; init; }

    public bool HasReadPropertyMultiple { get; init; } = true;

    public ReinitializeSupport Reinitialize { get; init; } = ReinitializeSupport.Full;

    /// <summary>Whether it answers nobody while it prepares or completes.</summary>
    public bool SilentWhilePreparing { get; init; }

    public EmptyFileAnswer EmptyFiles { get; init; } = EmptyFileAnswer.EndOfFile;

    /// <summary>Whether its configuration files can be read outside a backup too.</summary>
    public bool FilesAreAlwaysReadable { get; init; }

    /// <summary>
    /// Whether File_Size and Record_Count can be written, as the standard wants of a file that can be. Otherwise
    /// write-access-denied, and a write at the start empties the file first, as bacnet-stack's server does it.
    /// </summary>
    public bool FileSizeIsWritable { get; init; } = true;

    /// <summary>Whether END_RESTORE ends in restore-failure when a file's own checksum is wrong.</summary>
    public bool ChecksContent { get; init; } = true;

    /// <summary>How many configuration files it comes with; every third one is of record access.</summary>
    public int SampleFiles { get; init; } = 3;

    /// <summary>How long the first of them is, in bytes; the others are short.</summary>
    public int SampleLength { get; init; } = 4000;

    /// <summary>How long every datagram is on its way, there and back each.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>UTC minus local standard time, in minutes, as the standard counts it: -60 in Vienna.</summary>
    public int UtcOffset { get; init; }

    /// <summary>Status flags stand behind every record of a trend log, also behind what the log says of itself.</summary>
    public bool FlagsBehindEveryRecord { get; init; }

    /// <summary>The zone by whose rules its clock goes; null: it is never changed. UTC_Offset tells what <see cref="UtcOffset"/> says.</summary>
    public DateTimeZone? Zone { get; init; }
}
