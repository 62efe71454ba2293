namespace EdgeBackup.Core.Records;

/// <summary>A restore session that was opened and not closed.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Owner">The process that opened it.</param>
public sealed record OpenRestore(DateTimeOffset Time, string? Owner);

/// <summary>What a device's log adds up to.</summary>
public sealed class DeviceState
{
    private readonly Dictionary<string, Protection> protections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpenRestore> openRestores = new(StringComparer.Ordinal);
    private readonly HashSet<string> predecessors = new(StringComparer.Ordinal);

    public DeviceState(string id) => Id = id;

    public string Id { get; }

    /// <summary>The object name of the last entry that this adds up; null for an empty log.</summary>
    public string? LastEntry { get; internal set; }

    /// <summary>Null when the device is not registered.</summary>
    public DeviceRegistration? Registration { get; private set; }

    /// <summary>As it is, or as it was when the device was unregistered; null when it never was registered.</summary>
    public DeviceRegistration? LastRegistration { get; private set; }

    /// <summary>Null when the device was not replaced, or somebody lifted the fence.</summary>
    public Fence? Fence { get; private set; }

    /// <summary>By backup id.</summary>
    public IReadOnlyDictionary<string, Protection> Protections => protections;

    /// <summary>Restore sessions on the device that this product opened and never closed, by their ids.</summary>
    public IReadOnlyDictionary<string, OpenRestore> OpenRestores => openRestores;

    /// <summary>Devices that this one took over from; each counts as long as its fence names this device.</summary>
    public IReadOnlySet<string> Predecessors => predecessors;

    /// <summary>Takes the next entry of the log, in the log's order.</summary>
    public void Apply(DeviceLogEntry entry)
    {
        switch (entry.Kind)
        {
            case DeviceLogEntryKind.Registered:
                Registration = entry.Registration;
                LastRegistration = entry.Registration;
                break;
            case DeviceLogEntryKind.Unregistered:
                Registration = null;
                break;
            case DeviceLogEntryKind.Fenced:
                Fence = new Fence(entry.ReplacedBy ?? "", entry.Time, entry.Author, entry.Reason, entry.Backup);
                break;
            case DeviceLogEntryKind.TookOver when entry.Replaces is not null:
                predecessors.Add(entry.Replaces);
                break;
            case DeviceLogEntryKind.FenceLifted:
                Fence = null;
                break;
            case DeviceLogEntryKind.Protected when entry.Backup is not null:
                protections[entry.Backup] = new Protection(entry.Time, entry.Author, entry.Reason);
                break;
            case DeviceLogEntryKind.Unprotected when entry.Backup is not null:
                protections.Remove(entry.Backup);
                break;
            case DeviceLogEntryKind.RestoreOpened when entry.Session is not null:
                openRestores[entry.Session] = new OpenRestore(entry.Time, entry.Owner);
                break;
            case DeviceLogEntryKind.RestoreClosed when entry.Session is not null:
                openRestores.Remove(entry.Session);
                break;
        }
    }
}
