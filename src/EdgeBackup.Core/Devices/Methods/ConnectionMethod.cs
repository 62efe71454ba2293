namespace EdgeBackup.Core.Devices.Methods;

/// <summary>What is true of a connection, whatever the type of the device behind it. The sentences follow what the connections do.</summary>
internal sealed record ConnectionMethod
{
    private const string Chunked = "The repository keeps them encrypted and deduplicated (docs/format.md).";
    private const string NoHistoryUnlessAsked = "History, unless the restore is asked for it with -Content.";
    private const string IdentityStays = "Identity items onto other hardware: they return only to the device they came from.";
    private const string Removal = "What is not in the backup is removed, unless -Path selects single items or -Content History asks for history alone; what the type leaves out, and history that is not asked for, stays.";
    private const string NoBytes = "Sockets, pipes and devices: each is listed in NotSaved. A file that cannot be read is not left out: it fails the backup.";
    private const string UnknownNames = "Nothing at all where the target cannot hold one of the names: such a restore is refused before it begins, with the list.";

    public required IReadOnlyList<string> Contains { get; init; }

    public required IReadOnlyList<string> NotContained { get; init; }

    public required string Trigger { get; init; }

    public required string Format { get; init; }

    public required string Restore { get; init; }

    public required IReadOnlyList<string> NotRestored { get; init; }

    /// <summary>The facts of a connection.</summary>
    public static ConnectionMethod Of(ConnectionKind connection) => connection switch
    {
        ConnectionKind.Folder => Folder,
        ConnectionKind.Http => Http,
        ConnectionKind.Ssh => Ssh,
        ConnectionKind.Bacnet => Bacnet,
        _ => throw new ArgumentOutOfRangeException(nameof(connection), connection, "There is no such connection."),
    };

    private static ConnectionMethod Folder { get; } = new()
    {
        Contains = ["Files, symbolic links and folders, also empty ones, with their times of modification, Unix permission bits and the read-only attribute."],
        NotContained =
        [
            "Owners, groups and access lists.",
            "edge-transactions.json, which says what runs now.",
            NoBytes,
        ],
        Trigger = "EdgeBackup reads the folder; nothing runs on the device. A file whose size, times and file id are those of the last backup is not read again.",
        Format = "Each file as it is. " + Chunked,
        Restore = "Everything is staged beside the folder and exchanged in one go, so that the folder holds the old state or the new one. Then it is read back and compared. " + Removal,
        NotRestored = [IdentityStays, NoHistoryUnlessAsked, UnknownNames],
    };

    private static ConnectionMethod Http { get; } = new()
    {
        Contains = ["The items that the device lists as configuration and identity; with -Content All also those of history."],
        NotContained =
        [
            "Values of retain level None: the device itself loses them at every restart. Each is listed in NotSaved.",
            "What the device does not list in its interface (docs/device-api.md).",
        ],
        Trigger = "EdgeBackup asks the device's interface for its items, under the device's hold where it has one. An item whose ETag is that of the last backup is not read again.",
        Format = "Each item's bytes as the device sends them. " + Chunked,
        Restore = "The items are sent into a restore session with their digests, the device commits all or nothing, and they are read back and compared. " + Removal,
        NotRestored =
        [
            IdentityStays,
            NoHistoryUnlessAsked,
            "Values of retain level None: they are in no backup, and NotRestored lists them.",
        ],
    };

    private static ConnectionMethod Ssh { get; } = new()
    {
        Contains = ["The files, symbolic links and folders that the type names, else everything below the folder of the address, with their times of modification and permission bits."],
        NotContained =
        [
            "Owners, groups and access lists.",
            NoBytes,
        ],
        Trigger = "EdgeBackup logs in with a key, lists the files and reads those that changed in one tar stream. A file whose size, times and inode are those of the last backup is not read again; no room is taken on the device.",
        Format = "Each file as it is. " + Chunked,
        Restore = "Everything is staged on the device and exchanged by renaming; the old state returns when a command, the check or the comparison of the digests fails. " + Removal,
        NotRestored = [IdentityStays, NoHistoryUnlessAsked, UnknownNames],
    };

    private static ConnectionMethod Bacnet { get; } = new()
    {
        Contains = ["The device's configuration files (Configuration_Files), whole: what they hold is its maker's choice, as a rule its objects, programs, schedules and settings."],
        NotContained =
        [
            "Trend logs and event logs, also with -Content All: New-EdgeArchive writes them out.",
            "Present values, priorities and alarms of the moment, save where the maker puts them into the files.",
            "The password of the procedure.",
        ],
        Trigger = "The procedure of ASHRAE 135, clause 19.1: ReinitializeDevice START_BACKUP with the password, waiting while the device prepares, reading the files in the order of the list, END_BACKUP. The device may stop its control or be slow meanwhile. One procedure at a time for a device, and one at a time behind a router.",
        Format = "The maker's binary files: of a file with stream access its bytes, of one with record access each record with its length before it (docs/bacnet.md). " + Chunked,
        Restore = "All files are checked on this computer; then START_RESTORE, missing files are created, each is emptied and written, END_RESTORE, and the device is asked until it is truly done. A new backup is compared. Every failure until the device has acknowledged END_RESTORE is followed by ABORT_RESTORE.",
        NotRestored =
        [
            "Single files: a restore is of all of them, and -Path is refused.",
        ],
    };
}
