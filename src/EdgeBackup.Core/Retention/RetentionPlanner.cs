using System.Globalization;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Retention;

/// <summary>
/// R9 as a pure function. Automatic and safety backups go by age, manual ones by number, protected ones never; a device's
/// newest good one stays while only suspect ones would stay with it; and wherever the listing or the clock cannot be
/// trusted, nothing goes.
/// </summary>
public static class RetentionPlanner
{
    /// <summary>Decides what becomes of every backup.</summary>
    /// <param name="records">Backups of one or more devices under one policy, in any order; a repeated id counts once.</param>
    /// <param name="policy">How long they are kept.</param>
    /// <param name="now">The time.</param>
    /// <param name="context">What was known before.</param>
    /// <exception cref="ArgumentOutOfRangeException">The policy's numbers are out of range.</exception>
    public static RetentionPlan Plan(
        IReadOnlyList<RetentionSubject> records,
        RetentionPolicy policy,
        DateTimeOffset now,
        RetentionContext context)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.Months, 1, nameof(policy));
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.ManualLimit, 1, nameof(policy));
        ArgumentOutOfRangeException.ThrowIfNegative(policy.KeepLast, nameof(policy));

        var devices = records
            .DistinctBy(record => record.Id, StringComparer.Ordinal)
            .GroupBy(record => record.Device, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group
                .OrderBy(record => record.Created.UtcDateTime)
                .ThenBy(record => record.Id, StringComparer.Ordinal)
                .ToList())
            .ToList();
        var refusal = FindRefusal(devices, now, context);
        var decisions = devices.SelectMany(device => refusal is null
            ? Hold(PlanDevice(device, policy with { LegalHold = false }, now), policy.LegalHold)
            : device.Select(record => new RetentionDecision(record, Expire: false, refusal)));
        return new RetentionPlan(decisions.ToList(), refusal);
    }

    /// <summary>When age removes a backup, UTC.</summary>
    /// <returns>Null for manual and protected ones, which age never removes, and where a legal hold keeps all.</returns>
    public static DateTimeOffset? ExpiresAt(RetentionSubject record, RetentionPolicy policy)
    {
        if (record.Protected || record.Kind == BackupKind.Manual || policy.LegalHold)
        {
            return null;
        }

        // AddMonths stops at the end of a shorter month: 31 August + 6 is the last day of February.
        var created = record.Created.UtcDateTime;
        var months = ((created.Year - 1) * 12L) + created.Month - 1 + policy.Months;
        return months >= DateTime.MaxValue.Year * 12L
            ? DateTimeOffset.MaxValue
            : new DateTimeOffset(created.AddMonths(policy.Months), TimeSpan.Zero);
    }

    /// <summary>
    /// Whether <see cref="Plan"/> could let anything of a device expire, or refuse to, by a few numbers: true where it
    /// does, and now and then where it does not (protected backups, <see cref="RetentionPolicy.KeepLast"/>).
    /// </summary>
    /// <param name="oldestAgeing">When the oldest automatic or safety backup was taken; null when there is none.</param>
    /// <param name="manualCount">How many manual backups there are.</param>
    /// <param name="newest">When the newest backup was taken.</param>
    /// <param name="policy">How long they are kept.</param>
    /// <param name="now">The time.</param>
    public static bool MayExpire(DateTimeOffset? oldestAgeing, int manualCount, DateTimeOffset newest, RetentionPolicy policy, DateTimeOffset now) =>
        now < newest
        || manualCount > policy.ManualLimit
        || (oldestAgeing is { } oldest && now >= ExpiresAt(new RetentionSubject("", "", BackupKind.Automatic, oldest, Protected: false), policy with { LegalHold = false }));

    /// <summary>What would go is marked, so that whoever asks learns what the hold keeps.</summary>
    private static List<RetentionDecision> Hold(List<RetentionDecision> decisions, bool isHeld) => !isHeld ? decisions : decisions.ConvertAll(decision =>
        decision.Expire ? decision with { Expire = false, IsHeld = true, LeavesNone = false, Reason = "a policy puts a legal hold on the device" } : decision);

    private static string? FindRefusal(List<List<RetentionSubject>> devices, DateTimeOffset now, RetentionContext context)
    {
        var count = devices.Sum(device => device.Count);
        if (count == 0)
        {
            return "the listing is empty, so that nothing expires";
        }

        // A hole in the listing would make old backups look like the surplus of a healthy set. Retention itself takes a
        // few at a time, so a quarter at once is somebody else's doing; one refused run costs nothing.
        if (context.KnownCount is { } known && known - count >= 2 && count * 4L < known * 3L)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"the listing has shrunk abruptly, from {known} backups to {count}, so that nothing expires");
        }

        var newest = devices.Max(device => device[^1].Created);
        return now < newest
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"the clock ({now.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z) stands before the newest backup ({newest.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z), so that nothing expires")
            : null;
    }

    /// <summary>Takes the backups of one device, oldest first.</summary>
    private static List<RetentionDecision> PlanDevice(List<RetentionSubject> records, RetentionPolicy policy, DateTimeOffset now)
    {
        var manualToGo = records.Count(IsLimited) - policy.ManualLimit;
        var goodLeft = records.Count(record => IsAgeing(record) && !record.Suspect);
        var suspectLeft = records.Count(record => IsAgeing(record) && record.Suspect);

        // Suspect ones take the places that no good one fills: a backup that may be bad is still better than none.
        var suspectPlaces = Math.Max(0, policy.KeepLast - goodLeft);
        var decisions = new List<RetentionDecision>(records.Count);
        foreach (var record in records)
        {
            if (record.Protected)
            {
                decisions.Add(new RetentionDecision(record, Expire: false, "it is protected"));
            }
            else if (IsLimited(record))
            {
                var expire = manualToGo-- > 0;
                decisions.Add(new RetentionDecision(record, expire, string.Create(
                    CultureInfo.InvariantCulture,
                    $"it is {(expire ? "older than" : "among")} the newest {policy.ManualLimit} manual backups of the device")));
            }
            else
            {
                var kept = record.Suspect ? suspectLeft-- <= suspectPlaces : goodLeft-- <= policy.KeepLast;
                decisions.Add(DecideByAge(record, kept, policy, now));
            }
        }

        KeepNewestGood(decisions);
        if (decisions.TrueForAll(decision => decision.Expire))
        {
            if (policy.ForbidLast)
            {
                var last = records.FindLastIndex(record => !record.Suspect) is >= 0 and var good ? good : records.Count - 1;
                decisions[last] = new RetentionDecision(records[last], Expire: false, "it is the device's last backup, which the policy keeps");
            }
            else
            {
                decisions[^1] = decisions[^1] with { LeavesNone = true };
            }
        }

        return decisions;
    }

    /// <summary>
    /// Suspect backups never are all that is left: a device that gives error pages for months must not lose its last real
    /// state to them.
    /// </summary>
    private static void KeepNewestGood(List<RetentionDecision> decisions)
    {
        var newest = decisions.FindLastIndex(decision => !decision.Subject.Suspect);
        if (newest >= 0 && decisions.Exists(decision => !decision.Expire) && decisions.TrueForAll(decision => decision.Expire || decision.Subject.Suspect))
        {
            decisions[newest] = decisions[newest] with { Expire = false, Reason = "it is the device's newest good backup, and all others that stay are suspect" };
        }
    }

    private static RetentionDecision DecideByAge(RetentionSubject record, bool isAmongLast, RetentionPolicy policy, DateTimeOffset now)
    {
        var expires = ExpiresAt(record, policy)!.Value;
        if (now < expires)
        {
            return new RetentionDecision(record, Expire: false, string.Create(
                CultureInfo.InvariantCulture,
                $"it is younger than {policy.Months} months, until {expires.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z"));
        }

        return isAmongLast
            ? new RetentionDecision(record, Expire: false, string.Create(
                CultureInfo.InvariantCulture,
                $"it is among the newest {policy.KeepLast} automatic and safety backups of the device, good ones first, which age never removes"))
            : new RetentionDecision(record, Expire: true, string.Create(
                CultureInfo.InvariantCulture,
                $"it is {policy.Months} months old since {expires.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z"));
    }

    private static bool IsLimited(RetentionSubject record) => !record.Protected && record.Kind == BackupKind.Manual;

    private static bool IsAgeing(RetentionSubject record) => !record.Protected && record.Kind != BackupKind.Manual;
}
