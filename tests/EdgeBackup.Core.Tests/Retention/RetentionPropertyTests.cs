using EdgeBackup.Core.Items;
using EdgeBackup.Core.Retention;
using EdgeBackup.Core.Tests.Durability;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace EdgeBackup.Core.Tests.Retention;

/// <summary>What holds for any backups, any policy and any time (R9).</summary>
public sealed class RetentionPropertyTests
{
    private static readonly DateTimeOffset Origin = new(2024, 1, 31, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<RetentionSubject> Subjects =
        from number in Gen.Choose(0, 1_000_000)
        from device in Gen.Elements("a", "b", "c")
        from kind in Gen.Elements(BackupKind.Automatic, BackupKind.Manual, BackupKind.Safety)
        from hours in Gen.Choose(0, 24 * 700)
        from isProtected in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
        from isSuspect in Gen.Frequency((2, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new RetentionSubject(number.ToString("x6", System.Globalization.CultureInfo.InvariantCulture), device, kind, Origin.AddHours(hours), isProtected, isSuspect);

    private static readonly Gen<RetentionCase> Cases =
        from records in Subjects.ListOf()
        from months in Gen.Choose(1, 12)
        from limit in Gen.Choose(1, 12)
        from keep in Gen.Choose(0, 4)
        from forbid in Gen.Elements(true, false)
        from hours in Gen.Choose(0, 24 * 900)
        select new RetentionCase([.. records.DistinctBy(record => record.Id)], new RetentionPolicy { Months = months, ManualLimit = limit, KeepLast = keep, ForbidLast = forbid }, Origin.AddHours(hours));

    [Fact]
    public void Every_backup_gets_exactly_one_answer_with_a_reason() => Check(test =>
    {
        var plan = test.Plan();
        return plan.Decisions.Select(decision => decision.Subject.Id).Order().SequenceEqual(test.Records.Select(record => record.Id).Order())
            && plan.Keep.Count() + plan.Expire.Count() == test.Records.Count
            && plan.Decisions.All(decision => decision.Reason.Length > 0);
    });

    [Fact]
    public void A_protected_backup_never_expires() => Check(test => test.Plan().Expire.All(decision => !decision.Subject.Protected));

    [Fact]
    public void The_newest_manual_backups_up_to_the_limit_never_expire() => Check(test =>
    {
        var expired = test.Plan().Expire.Select(decision => decision.Subject.Id).ToHashSet();
        return test.Records.Where(record => record.Kind == BackupKind.Manual && !record.Protected)
            .GroupBy(record => record.Device)
            .All(device => device.OrderByDescending(record => record.Created).ThenByDescending(record => record.Id, StringComparer.Ordinal)
                .Take(test.Policy.ManualLimit).All(record => !expired.Contains(record.Id)));
    });

    [Fact]
    public void An_ageing_backup_expires_only_after_its_date() => Check(test => test.Plan().Expire
        .Where(decision => decision.Subject.Kind != BackupKind.Manual)
        .All(decision => RetentionPlanner.ExpiresAt(decision.Subject, test.Policy) <= test.Now));

    [Fact]
    public void What_is_kept_beyond_its_date_has_a_rule_that_keeps_it() => Check(test =>
    {
        var plan = test.Plan();
        return plan.Refusal is not null || test.Records.GroupBy(record => record.Device).All(device =>
            plan.Keep.Count(decision => decision.Subject.Device == device.Key
                && RetentionPlanner.ExpiresAt(decision.Subject, test.Policy) <= test.Now)
            <= Math.Max(test.Policy.KeepLast, test.Policy.ForbidLast || plan.Keep.Any(decision => decision.Subject.Device == device.Key && decision.Subject.Suspect) ? 1 : 0));
    });

    [Fact]
    public void Suspect_backups_are_never_all_that_is_left_of_a_device_that_had_a_good_one() => Check(test =>
    {
        var plan = test.Plan();
        return test.Records.Where(record => !record.Suspect).GroupBy(record => record.Device).All(device =>
        {
            var kept = plan.Keep.Where(decision => decision.Subject.Device == device.Key).Select(decision => decision.Subject).ToList();
            return kept.Count == 0 || kept.Exists(record => !record.Suspect);
        });
    });

    [Fact]
    public void Suspect_backups_take_no_place_among_the_last_that_are_kept() => Check(test =>
    {
        var plan = test.Plan();
        return plan.Refusal is not null || test.Records.GroupBy(record => record.Device).All(device =>
        {
            var good = device.Where(record => !record.Suspect && !record.Protected && record.Kind != BackupKind.Manual)
                .OrderByDescending(record => record.Created).ThenByDescending(record => record.Id, StringComparer.Ordinal).Take(test.Policy.KeepLast);
            return good.All(record => plan.Keep.Any(decision => decision.Subject == record));
        });
    });

    [Fact]
    public void Suspect_backups_fill_the_places_among_the_last_that_no_good_one_takes() => Check(test =>
    {
        var plan = test.Plan();
        return test.Records.GroupBy(record => record.Device).All(device =>
        {
            var ageing = device.Where(record => !record.Protected && record.Kind != BackupKind.Manual).ToList();
            return plan.Keep.Count(decision => ageing.Contains(decision.Subject)) >= Math.Min(test.Policy.KeepLast, ageing.Count);
        });
    });

    [Fact]
    public void A_policy_that_keeps_any_by_number_leaves_no_device_with_none() => Check(test =>
        test.Policy.KeepLast == 0 || !test.Plan().LeavesNone.Any());

    [Fact]
    public void What_expires_goes_on_expiring_as_time_passes() => Check(test =>
    {
        var today = test.Plan().Expire.Select(decision => decision.Subject.Id).ToHashSet();
        var later = (test with { Now = test.Now.AddDays(40) }).Plan().Expire.Select(decision => decision.Subject.Id).ToHashSet();
        return today.IsSubsetOf(later);
    });

    [Fact]
    public void The_order_of_the_listing_does_not_matter() => Check(test =>
        test.Plan().Decisions.SequenceEqual((test with { Records = [.. test.Records.Reverse()] }).Plan().Decisions));

    [Fact]
    public void Nothing_expires_while_the_clock_stands_before_the_newest_backup() => Check(test =>
        test.Records.All(record => record.Created <= test.Now) || !test.Plan().Expire.Any());

    [Fact]
    public void A_device_is_left_with_none_exactly_when_that_is_told_and_never_when_it_is_forbidden() => Check(test =>
    {
        var plan = test.Plan();
        var left = test.Records.Select(record => record.Device).Distinct()
            .Where(device => plan.Keep.All(decision => decision.Subject.Device != device)).Order();
        return plan.LeavesNone.Order().SequenceEqual(left) && (!test.Policy.ForbidLast || !plan.LeavesNone.Any());
    });

    [Fact]
    public void What_has_expired_once_makes_room_for_nothing_else() => Check(test =>
    {
        // Removing what expires and asking again expires nothing more: a run can be repeated at will.
        var kept = test.Plan().Keep.Select(decision => decision.Subject).ToList();
        return !(test with { Records = kept }).Plan().Expire.Any();
    });

    [Fact]
    public void A_device_that_may_not_expire_anything_by_its_numbers_does_not() => Check(test =>
        test.Records.GroupBy(record => record.Device).All(device =>
        {
            var mayExpire = RetentionPlanner.MayExpire(
                device.Where(record => record.Kind != BackupKind.Manual).Select(record => (DateTimeOffset?)record.Created).Min(),
                device.Count(record => record.Kind == BackupKind.Manual),
                device.Max(record => record.Created),
                test.Policy,
                test.Now);
            var plan = (test with { Records = [.. device] }).Plan();
            return mayExpire || (plan.Refusal is null && !plan.Expire.Any());
        }));

    private static void Check(Func<RetentionCase, bool> property) =>
        Prop.ForAll(Cases.ToArbitrary(), property).Check(Soak.FromSeed(Config.QuickThrowOnFailure));

    public sealed record RetentionCase(IReadOnlyList<RetentionSubject> Records, RetentionPolicy Policy, DateTimeOffset Now)
    {
        public RetentionPlan Plan() => RetentionPlanner.Plan(Records, Policy, Now, new RetentionContext());
    }
}
