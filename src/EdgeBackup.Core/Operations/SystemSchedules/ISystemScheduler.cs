using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>One of the operating system's schedulers. It touches only what bears EdgeBackup's mark.</summary>
public interface ISystemScheduler
{
    ScheduleMethod Method { get; }

    /// <summary>The texts that <see cref="RegisterAsync"/> would put into place.</summary>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: it cannot be said in this scheduler's language.</exception>
    IReadOnlyList<ScheduleText> Render(SystemSchedule schedule);

    /// <summary>The schedules that EdgeBackup has made here.</summary>
    /// <param name="scope">Null for both, as far as this user may look.</param>
    /// <param name="user">Whose, where that cannot be seen from here (another user's crontab); null for this user.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">ScheduleFailed.</exception>
    Task<IReadOnlyList<RegisteredSchedule>> FindAsync(ScheduleScope? scope, string? user, CancellationToken cancellationToken);

    /// <summary>Puts a schedule into place, over one of its own with the same name.</summary>
    /// <exception cref="EdgeBackupException">ScheduleExists: something of that name stands there that EdgeBackup has not made. ScheduleFailed: the system refused; what was there before is there still.</exception>
    Task RegisterAsync(SystemSchedule schedule, IOperationObserver observer, CancellationToken cancellationToken);

    /// <summary>Takes a schedule away.</summary>
    /// <exception cref="EdgeBackupException">ScheduleFailed.</exception>
    Task RemoveAsync(RegisteredSchedule schedule, CancellationToken cancellationToken);
}
