using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Retention;

/// <summary>What retention needs to know of a backup.</summary>
/// <param name="Id">The backup's id.</param>
/// <param name="Device">The id of the device it was taken from.</param>
/// <param name="Kind">Why it was taken.</param>
/// <param name="Created">When, UTC.</param>
/// <param name="Protected">Exempt from retention.</param>
/// <param name="Suspect">Something speaks against what it holds: it never stands for a good one.</param>
public sealed record RetentionSubject(string Id, string Device, BackupKind Kind, DateTimeOffset Created, bool Protected, bool Suspect = false);

/// <summary>What was known before the listing was made, so that a listing with a hole in it expires nothing.</summary>
public sealed record RetentionContext
{
    /// <summary>
    /// How many of the backups listed now were known to exist, by the catalog before it was brought up to date; null
    /// where nothing was known.
    /// </summary>
    public int? KnownCount { get; init; }
}

/// <summary>What becomes of one backup.</summary>
/// <param name="Subject">The backup.</param>
/// <param name="Expire">True: it goes. False: it stays.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="LeavesNone">Set on the newest backup of a device that is left without any.</param>
/// <param name="IsHeld">It would go, were there no legal hold.</param>
public sealed record RetentionDecision(RetentionSubject Subject, bool Expire, string Reason, bool LeavesNone = false, bool IsHeld = false);

/// <summary>What becomes of every backup of a listing.</summary>
/// <param name="Decisions">One for each backup, by device, then oldest first.</param>
/// <param name="Refusal">Why nothing expires although something might have; null where nothing stood in the way.</param>
public sealed record RetentionPlan(IReadOnlyList<RetentionDecision> Decisions, string? Refusal)
{
    /// <summary>The backups that stay.</summary>
    public IEnumerable<RetentionDecision> Keep => Decisions.Where(decision => !decision.Expire);

    /// <summary>The backups that go, oldest first for each device.</summary>
    public IEnumerable<RetentionDecision> Expire => Decisions.Where(decision => decision.Expire);

    /// <summary>The devices that are left with no backup at all.</summary>
    public IEnumerable<string> LeavesNone => Decisions.Where(decision => decision.LeavesNone).Select(decision => decision.Subject.Device);
}
