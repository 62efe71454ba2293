using EdgeBackup.Core.Schedule;
using NodaTime;
using Xunit;

namespace EdgeBackup.Core.Tests.Schedule;

public sealed class DuePlannerTests
{
    /// <summary>A Wednesday, noon.</summary>
    private static readonly DateTimeOffset Now = new(2026, 6, 10, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, DueState.NotDue)]
    [InlineData(23.5, DueState.NotDue)]
    [InlineData(24, DueState.Due)]
    [InlineData(1000, DueState.Due)]
    [InlineData(-5, DueState.NotDue)] // From a clock that was set back.
    public void Without_a_window_a_backup_is_due_when_the_interval_has_passed(double hours, DueState expected)
    {
        var decision = Decide(Subject(hours));
        Assert.Equal(expected, decision.State);
        Assert.Equal(Now.AddHours(24 - Math.Max(0, hours)), decision.At);
    }

    [Fact]
    public void Without_a_backup_it_is_due_now() => Assert.Equal(new DueDecision(DueState.Due, Now), Decide(Subject(hours: null)));

    [Fact]
    public void An_interval_of_ages_is_never_over() => Assert.Equal(DueState.NotDue, Decide(Subject(1) with { Interval = TimeSpan.MaxValue }).State);

    [Fact]
    public void A_closed_window_is_waited_for_and_what_was_missed_is_done_once_in_it()
    {
        var subject = Subject(hours: 24 * 20, "Sun 01:00-03:00");
        Assert.Equal(new DueDecision(DueState.WaitingForWindow, Utc("2026-06-14T01:00Z")), Decide(subject));
        Assert.Equal(DueState.Due, Decide(subject, at: Utc("2026-06-14T01:00Z")).State);
        Assert.Equal(Utc("2026-06-14T03:00Z"), Decide(subject, at: Utc("2026-06-14T02:59Z")).Closes);
        var done = subject with { Newest = Utc("2026-06-14T02:59Z") };
        Assert.Equal(DueState.NotDue, Decide(done, at: Utc("2026-06-14T02:59:30Z")).State);
        Assert.Equal(DueState.WaitingForWindow, Decide(subject, at: Utc("2026-06-14T03:00Z")).State);
        Assert.Equal(Utc("2026-06-21T01:00Z"), Decide(subject, at: Utc("2026-06-14T03:00Z")).At);
    }

    [Fact]
    public void A_window_is_used_when_the_backup_would_be_too_old_before_the_next()
    {
        // Taken 40 minutes after the window opened: a day later it is not 24 hours old when the window opens.
        var subject = Subject(hours: null, "01:00-02:00") with { Newest = Utc("2026-06-10T01:40Z") };
        Assert.Equal((DueState.NotDue, Utc("2026-06-11T01:00Z")), (Decide(subject).State, Decide(subject).At));
        Assert.Equal(DueState.Due, Decide(subject, at: Utc("2026-06-11T01:00Z")).State);

        // A weekly one has time until another day.
        var weekly = subject with { Interval = TimeSpan.FromDays(7) };
        Assert.Equal((DueState.NotDue, Utc("2026-06-17T01:00Z")), (Decide(weekly, at: Utc("2026-06-11T01:10Z")).State, Decide(weekly, at: Utc("2026-06-11T01:10Z")).At));
        Assert.Equal(DueState.Due, Decide(weekly, at: Utc("2026-06-17T01:00Z")).State);
    }

    [Fact]
    public void Within_a_long_window_the_interval_decides()
    {
        var subject = Subject(hours: null, "Fri 19:00-24:00, Sat-Sun 00:00-24:00") with { Newest = Utc("2026-06-12T19:05Z") };
        Assert.Equal((DueState.NotDue, Utc("2026-06-13T19:05Z")), (Decide(subject, at: Utc("2026-06-13T10:00Z")).State, Decide(subject, at: Utc("2026-06-13T10:00Z")).At));
        Assert.Equal(DueState.Due, Decide(subject, at: Utc("2026-06-13T19:05Z")).State);
    }

    [Fact]
    public void A_device_that_failed_is_left_alone_until_its_next_try_and_outside_its_window()
    {
        Assert.Equal(new DueDecision(DueState.RetryLater, Now.AddMinutes(5)), Decide(Subject(30) with { NextTry = Now.AddMinutes(5) }));
        Assert.Equal(DueState.Due, Decide(Subject(30) with { NextTry = Now }).State);
        Assert.Equal(DueState.NotDue, Decide(Subject(3) with { NextTry = Now.AddMinutes(5) }).State);

        var subject = Subject(30, "12:00-12:30") with { NextTry = Now.AddHours(1) };
        Assert.Equal((DueState.RetryLater, Now.AddDays(1)), (Decide(subject).State, Decide(subject).At));
    }

    [Fact]
    public void Devices_that_wait_for_a_window_are_spread_over_its_beginning_and_never_to_its_end()
    {
        var opening = Utc("2026-06-11T01:00Z");
        var turns = Enumerable.Range(0, 200).Select(index =>
        {
            var subject = Subject(hours: null, "01:00-02:00") with { Device = $"edge-{index}", Newest = Utc("2026-06-10T01:40Z") };
            var decision = new DuePlanner(opening, TimeSpan.FromMinutes(30)).Decide(subject);
            Assert.Equal(DueState.Due, decision.State);
            Assert.Equal(decision, new DuePlanner(opening, TimeSpan.FromMinutes(30)).Decide(subject));
            return (decision.At - opening).TotalMinutes;
        }).ToList();
        Assert.All(turns, turn => Assert.InRange(turn, 0, 6));
        Assert.InRange(turns.Average(), 2, 4);
        Assert.InRange(turns.Max(), 5, 6);

        // One that is too old already waits for nobody.
        Assert.True(new DuePlanner(opening, TimeSpan.FromMinutes(30)).Decide(Subject(30, "01:00-02:00")).At <= opening);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(3, 15)]
    [InlineData(4, 60)]
    [InlineData(100, 60)]
    public void The_wait_after_a_failure_grows_and_differs_from_device_to_device(int failures, int minutes)
    {
        var waits = Enumerable.Range(0, 100).Select(index => DuePlanner.Backoff($"edge-{index}", failures).TotalMinutes).ToList();
        Assert.All(waits, wait => Assert.InRange(wait, minutes, minutes * 1.2));
        Assert.True(waits.Distinct().Count() > 90);
    }

    private static DueSubject Subject(double? hours, string window = "Always") => new()
    {
        Device = "edge-1",
        Interval = TimeSpan.FromHours(24),
        Window = BackupWindow.Parse(window),
        Zone = DateTimeZone.Utc,
        Newest = hours is { } age ? Now.AddHours(-age) : null,
    };

    private static DueDecision Decide(DueSubject subject, DateTimeOffset? at = null) => new DuePlanner(at ?? Now, TimeSpan.Zero).Decide(subject);

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, null);
}
