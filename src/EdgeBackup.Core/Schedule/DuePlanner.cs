using System.Security.Cryptography;
using System.Text;

namespace EdgeBackup.Core.Schedule;

/// <summary>Decides what is due at one moment: a pure function of policy, newest backup, earlier attempts and time.</summary>
/// <param name="now">The moment, UTC.</param>
/// <param name="spread">Over how long devices whose window has just opened are spread, so that they do not all begin at once.</param>
public sealed class DuePlanner(DateTimeOffset now, TimeSpan spread)
{
    /// <summary>Of a short window at most this share goes into spreading.</summary>
    private const int SpreadShare = 10;

    private readonly Dictionary<(string Window, string Zone), IReadOnlyList<OpenHours>> calendars = [];

    /// <summary>Decides about one device.</summary>
    public DueDecision Decide(DueSubject subject)
    {
        // A backup from the future (a clock that was set back) is no younger than new.
        var newest = subject.Newest > now ? now : subject.Newest;
        var tooOldAt = newest is { } taken ? Add(taken, subject.Interval) : now;
        var decision = subject.Window.IsAlways
            ? new DueDecision(tooOldAt <= now ? DueState.Due : DueState.NotDue, tooOldAt)
            : DecideInWindow(subject, newest, tooOldAt, OpenAround(subject));
        return decision.State == DueState.Due && subject.NextTry is { } retry && retry > now ? Delay(subject, decision, retry) : decision;
    }

    /// <summary>How long after a failure a device is left alone.</summary>
    /// <param name="device">Its id, which spreads devices that failed together.</param>
    /// <param name="failures">How often it has failed in a row; at least 1.</param>
    public static TimeSpan Backoff(string device, int failures)
    {
        ReadOnlySpan<int> minutes = [1, 5, 15, 60];
        return TimeSpan.FromMinutes(minutes[Math.Clamp(failures, 1, minutes.Length) - 1] * (1 + (Fraction(device) / 5)));
    }

    /// <summary>A number from 0 to 1 that a device always has, and that no two have for the same reason.</summary>
    internal static double Fraction(string device) =>
        BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(device))) / (double)uint.MaxValue;

    /// <summary>
    /// A device gets its backup in a window when it is too old by then, and also when it would be too old before the next
    /// window opens: a backup that was taken some minutes after a window's opening would else fall due some minutes later
    /// each day, until the window is closed when it does.
    /// </summary>
    private DueDecision DecideInWindow(DueSubject subject, DateTimeOffset? newest, DateTimeOffset tooOldAt, IReadOnlyList<OpenHours> open)
    {
        var next = FindNext(open);
        if (next > 0 && open[next - 1].Contains(now))
        {
            var window = open[next - 1];
            if (tooOldAt <= now)
            {
                return new DueDecision(DueState.Due, tooOldAt, window.End);
            }

            if (newest < window.Start && tooOldAt < open[next].Start)
            {
                var turn = window.Start + Min(spread, (window.End - window.Start) / SpreadShare) * Fraction(subject.Device);
                return new DueDecision(DueState.Due, turn, window.End);
            }

            if (tooOldAt < window.End)
            {
                return new DueDecision(DueState.NotDue, tooOldAt, window.End);
            }
        }
        else if (tooOldAt <= now)
        {
            return new DueDecision(DueState.WaitingForWindow, open[next].Start);
        }

        while (next + 1 < open.Count && tooOldAt >= open[next + 1].Start)
        {
            next++;
        }

        // So far ahead that the calendar does not reach there, the day is right and the hour may not be.
        return new DueDecision(DueState.NotDue, tooOldAt > open[next].End && next + 1 == open.Count ? tooOldAt : open[next].Start);
    }

    private DueDecision Delay(DueSubject subject, DueDecision decision, DateTimeOffset retry)
    {
        if (decision.Closes is { } closes && retry >= closes)
        {
            var open = OpenAround(subject);
            return new DueDecision(DueState.RetryLater, open[FindNext(open)].Start, closes);
        }

        return new DueDecision(DueState.RetryLater, retry, decision.Closes);
    }

    private int FindNext(IReadOnlyList<OpenHours> open)
    {
        var index = 0;
        while (open[index].Start <= now)
        {
            index++;
        }

        return index;
    }

    private IReadOnlyList<OpenHours> OpenAround(DueSubject subject)
    {
        var key = (subject.Window.ToString(), subject.Zone.Id);
        if (!calendars.TryGetValue(key, out var open))
        {
            calendars[key] = open = WindowCalendar.Open(subject.Window, subject.Zone, now);
        }

        return open;
    }

    /// <summary>An interval of thousands of years means never.</summary>
    private static DateTimeOffset Add(DateTimeOffset time, TimeSpan span) => DateTimeOffset.MaxValue - time > span ? time + span : DateTimeOffset.MaxValue;

    private static TimeSpan Min(TimeSpan first, TimeSpan second) => first < second ? first : second;
}
