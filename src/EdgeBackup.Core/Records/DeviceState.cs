namespace EdgeBackup.Core.Records;

/// <summary>A restore session that was opened and not closed.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Owner">The process that opened it.</param>
/// <param name="Unproven">Of a session that changes the device piece by piece, and what came after has not made up for it; null otherwise.</param>
public sealed record OpenRestore(DateTimeOffset Time, string? Owner, UnprovenRestore? Unproven = null);

/// <summary>A restore that changed a device piece by piece and was not finished, or not read back as it should be.</summary>
/// <param name="Time">When it began, UTC.</param>
/// <param name="Author">Whose it was: user@machine.</param>
public sealed record UnprovenRestore(DateTimeOffset Time, string Author);

/// <summary>What a device's log adds up to.</summary>
public sealed class DeviceState
{
    private readonly Dictionary<string, Protection> protections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpenRestore> openRestores = new(StringComparer.Ordinal);
    private readonly HashSet<string> predecessors = new(StringComparer.Ordinal);
    private UnprovenRestore? unproven;

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

    /// <summary>
    /// Why nobody knows what the device holds: a restore of ours that changed it piece by piece, and none after it was
    /// completed and read back. Null where that is known.
    /// </summary>
    public UnprovenRestore? UnprovenRestore => unproven ?? openRestores.Values.Select(open => open.Unproven).OfType<UnprovenRestore>().MinBy(open => open.Time);

    /// <summary>The last restore that changed the device piece by piece, whatever became of it.</summary>
    public UnprovenRestore? LastInPlace { get; private set; }

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
                if (entry.Owner is not null && openRestores.TryGetValue(entry.Session, out var same) && same.Owner == entry.Owner)
                {
                    // Noted again, since it lasts.
                    openRestores[entry.Session] = same with { Time = entry.Time };
                    break;
                }

                Close(entry.Session, isUntouched: false);
                var inPlace = entry.InPlace == true ? new UnprovenRestore(entry.Time, entry.Author) : null;
                LastInPlace = inPlace ?? LastInPlace;
                openRestores[entry.Session] = new OpenRestore(entry.Time, entry.Owner, inPlace);
                break;
            case DeviceLogEntryKind.RestoreClosed:
                Close(entry.Session, entry.End == RestoreEnd.Untouched);
                if (entry.End is RestoreEnd.Verified or RestoreEnd.Accepted)
                {
                    Prove();
                }

                break;
        }
    }

    private void Close(string? session, bool isUntouched)
    {
        if (session is not null && openRestores.Remove(session, out var open) && !isUntouched)
        {
            unproven ??= open.Unproven;
        }
    }

    private void Prove()
    {
        unproven = null;
        foreach (var (session, open) in openRestores.ToList())
        {
            openRestores[session] = open with { Unproven = null };
        }
    }
}
