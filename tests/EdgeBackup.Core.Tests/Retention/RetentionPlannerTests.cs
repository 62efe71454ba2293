using EdgeBackup.Core.Items;
using EdgeBackup.Core.Retention;
using Xunit;

namespace EdgeBackup.Core.Tests.Retention;

public sealed class RetentionPlannerTests
{
    private static readonly RetentionPolicy Policy = new();

    [Theory]
    [InlineData("2025-08-31T10:00:00Z", "2026-02-28T10:00:00Z")]
    [InlineData("2027-08-31T10:00:00Z", "2028-02-29T10:00:00Z")]
    [InlineData("2026-01-15T00:00:00Z", "2026-07-15T00:00:00Z")]
    [InlineData("2026-01-01T01:00:00+02:00", "2026-06-30T23:00:00Z")]
    public void R9_months_are_calendar_months_in_UTC(string created, string expires)
    {
        var record = Automatic("a", At(created));
        var newer = Automatic("b", At(expires).AddDays(-1));

        Assert.Equal(At(expires), RetentionPlanner.ExpiresAt(record, Policy));
        Assert.Empty(Plan([record, newer], At(expires).AddTicks(-1)).Expire);
        Assert.Equal("a", Assert.Single(Plan([record, newer], At(expires)).Expire).Subject.Id);
    }

    [Fact]
    public void R9_manual_and_protected_backups_have_no_date_of_expiry()
    {
        var created = At("2020-01-01T00:00:00Z");

        Assert.Null(RetentionPlanner.ExpiresAt(new RetentionSubject("m", "d", BackupKind.Manual, created, Protected: false), Policy));
        Assert.Null(RetentionPlanner.ExpiresAt(new RetentionSubject("p", "d", BackupKind.Automatic, created, Protected: true), Policy));
        Assert.NotNull(RetentionPlanner.ExpiresAt(new RetentionSubject("s", "d", BackupKind.Safety, created, Protected: false), Policy));
    }

    [Fact]
    public void R9_the_eleventh_manual_backup_pushes_out_the_oldest_and_protected_ones_do_not_count()
    {
        var start = At("2010-01-01T00:00:00Z");
        List<RetentionSubject> records = [.. Enumerable.Range(0, 10).Select(day => Manual($"m{day:00}", start.AddDays(day)))];
        records.AddRange(Enumerable.Range(0, 5).Select(day => Manual($"p{day:00}", start.AddDays(day)) with { Protected = true }));
        var now = At("2026-01-01T00:00:00Z");
        Assert.Empty(Plan(records, now).Expire);

        records.Add(Manual("m10", start.AddDays(20)));

        Assert.Equal("m00", Assert.Single(Plan(records, now).Expire).Subject.Id);
    }

    [Fact]
    public void A_legal_hold_keeps_what_would_go_and_says_what_that_is()
    {
        var start = At("2010-01-01T00:00:00Z");
        List<RetentionSubject> records = [Automatic("a", start), .. Enumerable.Range(0, 12).Select(day => Manual($"m{day:00}", start.AddDays(day)))];
        var policy = Policy with { LegalHold = true };
        var now = At("2026-01-01T00:00:00Z");
        var plan = RetentionPlanner.Plan(records, policy, now, new RetentionContext());

        Assert.Empty(plan.Expire);
        Assert.Equal(["a", "m00", "m01"], plan.Decisions.Where(decision => decision.IsHeld).Select(decision => decision.Subject.Id));
        Assert.All(plan.Decisions.Where(decision => decision.IsHeld), decision => Assert.Contains("legal hold", decision.Reason, StringComparison.Ordinal));
        Assert.Null(RetentionPlanner.ExpiresAt(records[0], policy));
        Assert.True(RetentionPlanner.MayExpire(start, 12, start, policy, now));
    }

    [Fact]
    public void R9_devices_do_not_share_their_limit()
    {
        var start = At("2026-01-01T00:00:00Z");
        var records = Enumerable.Range(0, 20).Select(index => Manual($"m{index:00}", start.AddDays(index)) with { Device = index % 2 == 0 ? "a" : "b" });

        Assert.Empty(Plan([.. records], At("2026-06-01T00:00:00Z")).Expire);
    }

    [Fact]
    public void R9_an_expiry_that_leaves_none_is_told_and_a_policy_can_forbid_it()
    {
        var records = new[] { Automatic("a", At("2025-01-01T00:00:00Z")), Automatic("b", At("2025-01-02T00:00:00Z")) };
        var now = At("2026-01-01T00:00:00Z");

        var plan = Plan(records, now);
        var forbidden = RetentionPlanner.Plan(records, Policy with { ForbidLast = true }, now, new RetentionContext());

        Assert.Equal(["a", "b"], plan.Expire.Select(decision => decision.Subject.Id));
        Assert.Equal(["d"], plan.LeavesNone);
        Assert.Equal(["a"], forbidden.Expire.Select(decision => decision.Subject.Id));
        Assert.Empty(forbidden.LeavesNone);
    }

    [Fact]
    public void R9_keep_last_is_a_number_that_age_never_removes()
    {
        var records = new[]
        {
            Automatic("a", At("2025-01-01T00:00:00Z")), Automatic("b", At("2025-01-02T00:00:00Z")), Automatic("c", At("2025-01-03T00:00:00Z")),
            Manual("m", At("2025-02-03T00:00:00Z")), Automatic("p", At("2025-02-04T00:00:00Z")) with { Protected = true },
        };

        var plan = RetentionPlanner.Plan(records, Policy with { KeepLast = 2 }, At("2026-01-01T00:00:00Z"), new RetentionContext());

        Assert.Equal("a", Assert.Single(plan.Expire).Subject.Id);
    }

    [Fact]
    public void R9_suspect_backups_fill_the_places_of_keep_last_that_no_good_one_takes()
    {
        var now = At("2026-01-01T00:00:00Z");
        var suspect = new[] { "a", "b", "c" }.Select((id, day) => Automatic(id, At("2025-01-02T00:00:00Z").AddDays(day)) with { Suspect = true }).ToList();
        var good = new[] { "x", "y" }.Select((id, hour) => Automatic(id, At("2025-01-01T00:00:00Z").AddHours(hour))).ToList();

        Assert.Equal(["b", "c"], Keep(suspect, 2));
        Assert.Equal(["x", "b", "c"], Keep([good[0], .. suspect], 3));
        Assert.Equal(["x", "y"], Keep([.. good, .. suspect], 2));
        Assert.Equal(["x", "y", "c"], Keep([.. good, .. suspect], 3));

        IEnumerable<string> Keep(IReadOnlyList<RetentionSubject> records, int count) =>
            RetentionPlanner.Plan(records, Policy with { KeepLast = count }, now, new RetentionContext()).Keep.Select(decision => decision.Subject.Id);
    }

    [Fact]
    public void R9_nothing_expires_when_the_listing_or_the_clock_cannot_be_trusted()
    {
        var old = At("2025-01-01T00:00:00Z");
        List<RetentionSubject> records = [.. Enumerable.Range(0, 8).Select(day => Automatic($"a{day}", old.AddDays(day)))];
        var now = At("2026-01-01T00:00:00Z");

        Assert.Equal(8, Plan(records, now).Expire.Count());
        Assert.Equal(8, Plan(records, now, known: 10).Expire.Count());
        Assert.Empty(Plan(records, now, known: 11).Expire);
        Assert.NotNull(Plan(records, now, known: 11).Refusal);
        Assert.NotNull(Plan([], now, known: 5).Refusal);
        records.Add(Automatic("future", now.AddSeconds(1)));
        Assert.Empty(Plan(records, now).Expire);
        Assert.Contains("clock", Plan(records, now).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_out_of_range_is_refused()
    {
        var record = new[] { Automatic("a", At("2025-01-01T00:00:00Z")) };

        Assert.Throws<ArgumentOutOfRangeException>(() => RetentionPlanner.Plan(record, Policy with { Months = 0 }, At("2026-01-01T00:00:00Z"), new()));
        Assert.Throws<ArgumentOutOfRangeException>(() => RetentionPlanner.Plan(record, Policy with { ManualLimit = 0 }, At("2026-01-01T00:00:00Z"), new()));
        Assert.Throws<ArgumentOutOfRangeException>(() => RetentionPlanner.Plan(record, Policy with { KeepLast = -1 }, At("2026-01-01T00:00:00Z"), new()));
        Assert.Equal(DateTimeOffset.MaxValue, RetentionPlanner.ExpiresAt(record[0], Policy with { Months = int.MaxValue }));
    }

    private static RetentionPlan Plan(IReadOnlyList<RetentionSubject> records, DateTimeOffset now, int? known = null) =>
        RetentionPlanner.Plan(records, Policy, now, new RetentionContext { KnownCount = known });

    private static RetentionSubject Automatic(string id, DateTimeOffset created) => new(id, "d", BackupKind.Automatic, created, Protected: false);

    private static RetentionSubject Manual(string id, DateTimeOffset created) => new(id, "d", BackupKind.Manual, created, Protected: false);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
