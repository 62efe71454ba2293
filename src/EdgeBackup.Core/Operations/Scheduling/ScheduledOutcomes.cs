using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>Says what became of devices.</summary>
internal static class ScheduledOutcomes
{
    /// <summary>A device that the plan does not take.</summary>
    public static ScheduledOutcome LeftAlone(PlannedDevice planned, DateTimeOffset now)
    {
        if (planned.Fault is { } fault)
        {
            return Failed(planned, fault);
        }

        var attempts = planned.Device.Attempts?.State;
        return new ScheduledOutcome
        {
            Device = planned.Device.Id,
            Result = ScheduledResult.NotDue,
            Reason = planned.Decision.State switch
            {
                DueState.WaitingForWindow => $"It is due, and its window is closed now: {planned.Policy.Window}{(planned.Policy.TimeZone is { } zone ? $", {zone}" : "")}.",
                DueState.RetryLater => $"It has failed {Times(attempts?.ConsecutiveFailures ?? 1)} and is left alone for a while. {attempts?.Reason}".TrimEnd(),
                _ => "Its newest backup is young enough.",
            },
            PostponedSince = planned.Device.PostponedSince,
            Attempt = attempts?.ConsecutiveFailures ?? 0,
            NextTry = planned.Decision.At > now ? planned.Decision.At : null,
        };
    }

    /// <summary>A device that somebody else has in hand.</summary>
    public static ScheduledOutcome DoneElsewhere(PlannedDevice planned, string why) => new()
    {
        Device = planned.Device.Id,
        Result = ScheduledResult.NotDue,
        Reason = why,
    };

    /// <summary>A device that could not even be begun with.</summary>
    public static ScheduledOutcome Failed(PlannedDevice planned, Exception fault) => new()
    {
        Device = planned.Device.Id,
        Result = ScheduledResult.Failed,
        Reason = fault.Message,
        ErrorId = (fault as EdgeBackupException)?.ErrorId,
        PostponedSince = planned.Device.PostponedSince,
        Attempt = planned.Device.Attempts?.State.ConsecutiveFailures ?? 0,
    };

    /// <summary>A device that was tried.</summary>
    public static ScheduledOutcome From(
        PlannedDevice planned, TakeBackupOutcome outcome, AttemptState state, DateTimeOffset now, TimeSpan duration, IOperationObserver observer)
    {
        var newest = outcome.Backup?.Backup.Created ?? planned.Device.LastBackup;
        var next = new DuePlanner(now, spread: TimeSpan.Zero).Decide(planned.Subject! with { Newest = newest, NextTry = state.NextTry });
        var result = new ScheduledOutcome
        {
            Device = planned.Device.Id,
            Result = outcome.Backup is not null ? ScheduledResult.Completed
                : state.Result == AttemptResult.Postponed ? ScheduledResult.Postponed
                : ScheduledResult.Failed,
            Backup = outcome.Backup,
            Reason = outcome.Error?.Message ?? (outcome.Backup is { Backup.Suspect: { Count: > 0 } suspect } ? $"The backup is suspect. {Suspicion.Describe(suspect)}" : null),
            ErrorId = state.ErrorId,
            PostponedSince = state.PostponedSince,
            Attempt = state.ConsecutiveFailures,
            NextTry = next.At > now ? next.At : null,
            Duration = duration,
        };
        return result.Result == ScheduledResult.Postponed ? JudgePostponement(planned, result, now, observer) : result;
    }

    /// <summary>However long a device is busy, it is not backed up (R2): but somebody is to know of it.</summary>
    private static ScheduledOutcome JudgePostponement(PlannedDevice planned, ScheduledOutcome result, DateTimeOffset now, IOperationObserver observer)
    {
        if (FindDevices.Judge(planned.Device with { PostponedSince = result.PostponedSince }, planned.Policy, now) != BackupState.Overdue)
        {
            return result;
        }

        var overdue = $"The device '{result.Device}' has been busy whenever it was looked at since {result.PostponedSince:u}, which is longer than its policy tolerates. Look at it. {result.Reason}";
        if (planned.Policy.OverdueAction == OverdueAction.Fail)
        {
            return result with { Result = ScheduledResult.Failed, Reason = overdue };
        }

        observer.Warning(overdue);
        return result;
    }

    private static string Times(int count) => count == 1 ? "once" : $"{count} times in a row";
}
