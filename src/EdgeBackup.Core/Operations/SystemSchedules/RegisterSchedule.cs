using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>What a user asks of a schedule.</summary>
public sealed record RegisterScheduleOptions
{
    public required string Name { get; init; }

    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A time of day at which a run begins; the others follow from it.</summary>
    public TimeSpan At { get; init; }

    public TimeSpan RandomDelay { get; init; }

    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromHours(6);

    public ScheduleMethod? Method { get; init; }

    public ScheduleScope? Scope { get; init; }

    public ScheduleAccount Account { get; init; } = new(null as string);

    /// <summary>The run; <see cref="ScheduleCommand.KeyFile"/> where the user named one.</summary>
    public required ScheduleCommand Command { get; init; }

    /// <summary>Replaces a schedule of the same name.</summary>
    public bool Force { get; init; }
}

/// <summary>A schedule that is ready to be put into place.</summary>
/// <param name="Scheduler">Where.</param>
/// <param name="Schedule">What.</param>
/// <param name="Texts">What would be written, to the letter.</param>
/// <param name="Warnings">What the user should know first.</param>
public sealed record SchedulePlan(ISystemScheduler Scheduler, SystemSchedule Schedule, IReadOnlyList<ScheduleText> Texts, IReadOnlyList<string> Warnings);

/// <summary>Lets the operating system run Invoke-EdgeBackupSchedule: <c>Register-EdgeBackupSchedule</c>.</summary>
public sealed class RegisterSchedule(SystemSchedulers schedulers, RepositoryLocations locations, RepositoryEnvironment environment, IConnectionFactory connections, IOperationObserver observer)
{
    /// <summary>Looks whether it can be done, and writes nothing.</summary>
    /// <exception cref="EdgeBackupException">RepositoryKeyNeeded: the repository cannot be opened without somebody who types. ScheduleInvalid, ScheduleExists, ScheduleFailed, and as <see cref="OpenRepository"/>.</exception>
    public async Task<SchedulePlan> PlanAsync(RegisterScheduleOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ScheduleNames.Check(options.Name);
        var calendar = RunCalendar.Create(options.Every, options.At);
        if (options.RandomDelay < TimeSpan.Zero || options.RandomDelay >= options.Every)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"A random delay of {options.RandomDelay:c} does not fit between runs every {options.Every:c}. Give less.", options.Name);
        }

        if (options.TimeLimit < TimeSpan.FromMinutes(1))
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"A run cannot do its work within {options.TimeLimit:c}. Give a minute at least.", options.Name);
        }

        var isOther = options.Account.Name is not null;
        var scope = options.Scope ?? (isOther || IsSuperuser ? ScheduleScope.System : ScheduleScope.User);
        if (isOther && scope == ScheduleScope.User && !OperatingSystem.IsWindows())
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, "Another account's schedule is one of the computer: use -Scope System.", options.Name);
        }

        var scheduler = schedulers.Choose(options.Method, scope);
        var isTask = scheduler.Method == ScheduleMethod.Task;
        var isAnother = SystemSchedule.IsAnother(options.Account, scope, scheduler.Method);
        options.Command.Check();
        var keyFile = await ProveKeyAsync(options.Command, cancellationToken).ConfigureAwait(false);
        var account = isOther || isTask
            ? options.Account with { Home = isOther && !isTask ? await schedulers.RequireHomeAsync(options.Account.Name!, cancellationToken).ConfigureAwait(false) : null }
            : options.Account with { Home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) };
        var isServices = scheduler.Method == ScheduleMethod.Systemd && isOther;
        var schedule = new SystemSchedule
        {
            Name = options.Name,
            Scope = scope,
            Calendar = calendar,
            RandomDelay = options.RandomDelay,
            TimeLimit = options.TimeLimit,
            Account = account,

            // This user's commands find the key file by themselves, also when it is replaced one day; another account's do not.
            Command = options.Command with { KeyFile = isAnother ? keyFile : options.Command.KeyFile },
            DataHome = isAnother ? null : Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } given ? given : null,
            DataFolder = isAnother ? null : locations.Root,
            Written = isServices || isTask ? [options.Command.Repository] : [options.Command.Repository, locations.Root],
        };
        var existing = await schedulers.FindAsync(scheduler.Method, scope, isOther ? account.Name : null, cancellationToken).ConfigureAwait(false);
        if (!options.Force && existing.Any(one => string.Equals(one.Name, options.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new EdgeBackupException(ErrorIds.ScheduleExists, $"There is a schedule '{options.Name}' already. Replace it with -Force, or choose another -Name.", options.Name);
        }

        var warnings = await schedulers.FindObstaclesAsync(schedule, scheduler.Method, cancellationToken).ConfigureAwait(false);
        return new SchedulePlan(scheduler, schedule, scheduler.Render(schedule), warnings);
    }

    /// <summary>Puts it into place.</summary>
    /// <returns>As it stands there now.</returns>
    /// <exception cref="EdgeBackupException">ScheduleExists, ScheduleFailed.</exception>
    public async Task<RegisteredSchedule> RunAsync(SchedulePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Schedule.Written.Contains(locations.Root) && !Directory.Exists(locations.Root))
        {
            // The run may write below it, but not make it.
            Directory.CreateDirectory(locations.Root);
            environment.Platform.RestrictToUser(locations.Root);
        }

        await plan.Scheduler.RegisterAsync(plan.Schedule, observer, cancellationToken).ConfigureAwait(false);
        var user = plan.Schedule.Account.Name;
        var found = await plan.Scheduler.FindAsync(plan.Schedule.Scope, user, CancellationToken.None).ConfigureAwait(false);
        return found.FirstOrDefault(one => string.Equals(one.Name, plan.Schedule.Name, StringComparison.OrdinalIgnoreCase))
            ?? throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"The system took the schedule '{plan.Schedule.Name}', but does not list it. Look there: {string.Join(", ", plan.Texts.Select(text => text.Place))}", plan.Schedule.Name);
    }

    private static bool IsSuperuser => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>Opens the repository as a run will: with a key file, and nobody who types.</summary>
    /// <returns>The key file.</returns>
    private async Task<string> ProveKeyAsync(ScheduleCommand command, CancellationToken cancellationToken)
    {
        var store = new FileObjectStore(command.Repository, environment.Platform);
        if (command.KeyFile is { } given)
        {
            // Opened directly: a look at it must not make it the key file that this user's commands use from now on.
            var repository = await EdgeRepository.OpenAsync(store, KeyFile.Read(given, environment.Platform), environment, cancellationToken).ConfigureAwait(false);
            await repository.DisposeAsync().ConfigureAwait(false);
            return given;
        }

        try
        {
            var context = await new OpenRepository(locations, environment, connections, Environment.UserName).RunAsync(command.Repository, new RepositoryKeyOptions(), cancellationToken).ConfigureAwait(false);
            await using var closing = context.ConfigureAwait(false);
            return context.KeyFile!;
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryKeyWrong)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryKeyNeeded,
                $"A schedule cannot open the repository '{command.Repository}', because nobody is there at night to type a passphrase. Give the repository a key file, and name it here: Add-EdgeRepositoryKey -KeyFile <path>, then Register-EdgeBackupSchedule -KeyFile <path>.",
                command.Repository,
                exception);
        }
    }
}
