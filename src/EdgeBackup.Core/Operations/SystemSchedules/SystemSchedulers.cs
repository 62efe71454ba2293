using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>The schedulers of this operating system.</summary>
/// <param name="all">Those that there can be here.</param>
/// <param name="programs">Tells which of them are there.</param>
/// <param name="systemd">Tells whether systemd runs.</param>
public sealed class SystemSchedulers(IReadOnlyList<ISystemScheduler> all, IProgramRunner programs, SystemdPlaces systemd)
{
    /// <summary>Those of this computer and this user.</summary>
    /// <param name="powerShell">The program pwsh.</param>
    public static SystemSchedulers ForCurrentUser(string powerShell)
    {
        var programs = new ProgramRunner();
        var places = SystemdPlaces.ForCurrentUser();
        return new SystemSchedulers(
            OperatingSystem.IsWindows()
                ? [new WindowsTaskScheduler(programs, powerShell, $@"{Environment.UserDomainName}\{Environment.UserName}")]
                : [new SystemdScheduler(programs, Platform.SystemPlatform.Create(), TimeZoneInfo.Local, places), new CronScheduler(programs, TimeProvider.System, TimeZoneInfo.Local, RepositoryLocations.ForCurrentUser().Root)],
            programs,
            places);
    }

    /// <summary>The scheduler that a user means.</summary>
    /// <param name="method">Null for the one that this system has.</param>
    /// <param name="scope">Whose.</param>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: there is no such scheduler on this system. ScheduleFailed: there is none at all.</exception>
    public ISystemScheduler Choose(ScheduleMethod? method, ScheduleScope scope)
    {
        if (method is { } wanted)
        {
            return all.FirstOrDefault(scheduler => scheduler.Method == wanted)
                ?? throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"There is no scheduler '{wanted}' on this operating system. It has {string.Join(" and ", all.Select(scheduler => scheduler.Method))}.", wanted.ToString());
        }

        return all.FirstOrDefault(scheduler => scheduler.Method switch
        {
            ScheduleMethod.Systemd => systemd.IsRunning(scope),
            ScheduleMethod.Cron => programs.Exists("crontab"),
            _ => true,
        }) ?? throw new EdgeBackupException(
            ErrorIds.ScheduleFailed,
            "This system has no scheduler that EdgeBackup knows: systemd does not run here, as in most containers, and there is no crontab. Install cron and use -Method Cron, or let whatever runs this container start Invoke-EdgeBackupSchedule.",
            "Systemd");
    }

    /// <summary>The schedules that EdgeBackup has made, of one scheduler or of all.</summary>
    public async Task<IReadOnlyList<RegisteredSchedule>> FindAsync(ScheduleMethod? method, ScheduleScope? scope, string? user, CancellationToken cancellationToken)
    {
        var found = new List<RegisteredSchedule>();
        foreach (var scheduler in all.Where(scheduler => method is null || scheduler.Method == method))
        {
            found.AddRange(await scheduler.FindAsync(scope, user, cancellationToken).ConfigureAwait(false));
        }

        return found;
    }

    /// <summary>Takes a schedule away.</summary>
    public Task RemoveAsync(RegisteredSchedule schedule, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return Choose(schedule.Method, schedule.Scope).RemoveAsync(schedule, cancellationToken);
    }

    /// <summary>What keeps an account from doing what a schedule asks of it, as far as that can be found out from here.</summary>
    public async Task<IReadOnlyList<string>> FindObstaclesAsync(SystemSchedule schedule, ScheduleMethod method, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (!schedule.RunsAsAnother(method))
        {
            return [];
        }

        if (method == ScheduleMethod.Task)
        {
            // The computer's own account has a name in each language, but one SID.
            var (who, grantee) = schedule.Account.Name is { } name ? (name, name) : ("SYSTEM", "*" + TaskXml.LocalSystem);
            return schedule.Command.KeyFile is { } key
                ? [$"Only who made it may read a key file. Give {who} the right to read '{key}' (icacls '{key}' /grant '{grantee}:R'), and to write '{schedule.Command.Repository}'."]
                : [];
        }

        var user = schedule.Account.Name!;

        return Environment.IsPrivilegedProcess && programs.Exists("runuser")
            ? await new LinuxAccounts(programs).FindObstaclesAsync(user, schedule.Command, cancellationToken).ConfigureAwait(false)
            : [$"Whether {user} may read the key file and write the repository could not be found out here."];
    }

    /// <summary>The home folder of a Linux account.</summary>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: there is no such account.</exception>
    public async Task<string> RequireHomeAsync(string user, CancellationToken cancellationToken) =>
        await new LinuxAccounts(programs).FindHomeAsync(user, cancellationToken).ConfigureAwait(false)
        ?? throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"There is no account '{user}' on this system.", user);
}
