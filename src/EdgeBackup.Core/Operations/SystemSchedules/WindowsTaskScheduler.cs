using System.Text;
using System.Text.Json;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>
/// The Windows Task Scheduler, by the cmdlets of its ScheduledTasks module in a PowerShell of its own. What they are given
/// goes through standard input: a password on a command line could be seen by others, one in a script would be logged.
/// </summary>
/// <param name="programs">Runs PowerShell.</param>
/// <param name="powerShell">The program pwsh.</param>
/// <param name="user">This user, DOMAIN\name.</param>
public sealed class WindowsTaskScheduler(IProgramRunner programs, string powerShell, string user) : ISystemScheduler
{
    private const string Prelude = "trap { [Console]::Error.Write($_.Exception.Message); exit 1 } $ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'; [Console]::InputEncoding = [Console]::OutputEncoding = [Text.UTF8Encoding]::new($false); $in = [Console]::In.ReadToEnd() | ConvertFrom-Json; ";

    private const string FindScript = Prelude + """
        Get-ScheduledTask -TaskPath $in.path -ErrorAction Ignore | ForEach-Object {
            $info = $_ | Get-ScheduledTaskInfo -ErrorAction Stop
            @{
                xml = Export-ScheduledTask -TaskName $_.TaskName -TaskPath $_.TaskPath
                state = "$($_.State)"
                next = if ($info.NextRunTime) { $info.NextRunTime.ToUniversalTime().ToString('o') }
                last = if ($info.LastRunTime.Year -gt 2000) { $info.LastRunTime.ToUniversalTime().ToString('o') }
                result = $info.LastTaskResult
            } | ConvertTo-Json -Compress
        }
        """;

    private const string RegisterScript = Prelude + """
        $task = @{ TaskName = $in.name; TaskPath = $in.path; Xml = $in.xml; Force = $true }
        if ($in.user) { $task.User = $in.user }
        if ($in.password) { $task.Password = $in.password }
        $null = Register-ScheduledTask @task -ErrorAction Stop
        """;

    private const string RemoveScript = Prelude + "Unregister-ScheduledTask -TaskName $in.name -TaskPath $in.path -Confirm:$false -ErrorAction Stop";

    public ScheduleMethod Method => ScheduleMethod.Task;

    public IReadOnlyList<ScheduleText> Render(SystemSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return [new ScheduleText(TaskXml.Folder + schedule.Name, TaskXml.Write(schedule, user))];
    }

    public async Task<IReadOnlyList<RegisteredSchedule>> FindAsync(ScheduleScope? scope, string? user, CancellationToken cancellationToken) =>
        [.. (await ListAsync(cancellationToken).ConfigureAwait(false)).Select(Describe).OfType<RegisteredSchedule>().Where(schedule => scope is null || schedule.Scope == scope)];

    public async Task RegisterAsync(SystemSchedule schedule, IOperationObserver observer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(observer);
        foreach (var task in await ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (Describe(task) is null && task.Xml.Contains($@"\{schedule.Name}</URI>", StringComparison.OrdinalIgnoreCase))
            {
                throw new EdgeBackupException(ErrorIds.ScheduleExists, $"There is a task '{TaskXml.Folder}{schedule.Name}' that EdgeBackup has not made. Choose another -Name.", schedule.Name);
            }
        }

        await RunAsync(
            RegisterScript,
            new TaskCall
            {
                Name = schedule.Name,
                Path = TaskXml.Folder,
                Xml = TaskXml.Write(schedule, user),
                User = schedule.Account.Name,
                Password = schedule.Account.Password,
            },
            cancellationToken).ConfigureAwait(false);
        if (schedule is { Scope: ScheduleScope.User, Account.Name: null } && schedule.Command.Repository.StartsWith(@"\\", StringComparison.Ordinal))
        {
            observer.Warning($"The schedule runs without a stored password, and so without rights on other computers: '{schedule.Command.Repository}' will be out of its reach. Register it with -Credential or -ServiceAccount.");
        }
    }

    public Task RemoveAsync(RegisteredSchedule schedule, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return RunAsync(RemoveScript, new TaskCall { Name = schedule.Name, Path = TaskXml.Folder }, cancellationToken);
    }

    private static RegisteredSchedule? Describe(TaskState task) => TaskXml.Read(task.Xml) is { } schedule
        ? schedule with
        {
            Account = WindowsAccounts.Show(schedule.Account),
            Enabled = schedule.Enabled && task.State != "Disabled",
            NextRun = task.Next,
            LastRun = task.Last,

            // 0x41303: it has not run yet; 0x41301: it runs now.
            LastResult = task is { Last: not null, Result: not 0x41303 and not 0x41301 } ? unchecked((int)(task.Result ?? 0)) : null,
        }
        : null;

    private async Task<IReadOnlyList<TaskState>> ListAsync(CancellationToken cancellationToken)
    {
        var text = await RunAsync(FindScript, new TaskCall { Path = TaskXml.Folder }, cancellationToken).ConfigureAwait(false);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => JsonSerializer.Deserialize<TaskState>(line, JsonSerializerOptions.Web)!)];
    }

    private async Task<string> RunAsync(string script, TaskCall call, CancellationToken cancellationToken)
    {
        var result = await programs.RunAsync(
            powerShell,
            ["-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-Command", script],
            Encoding.UTF8.GetBytes(JsonSerializer.Serialize(call, JsonSerializerOptions.Web)),
            cancellationToken).ConfigureAwait(false);
        return result.Code == 0
            ? result.Text
            : throw new EdgeBackupException(
                ErrorIds.ScheduleFailed,
                $"The Task Scheduler refused: {result.Words} A task of the computer or of another account needs an elevated PowerShell.",
                call.Name ?? TaskXml.Folder);
    }

    private sealed record TaskCall
    {
        public string? Name { get; init; }

        public string? Path { get; init; }

        public string? Xml { get; init; }

        public string? User { get; init; }

        public string? Password { get; init; }

        public override string ToString() => Name ?? "";
    }

    private sealed record TaskState
    {
        public required string Xml { get; init; }

        public string? State { get; init; }

        public DateTimeOffset? Next { get; init; }

        public DateTimeOffset? Last { get; init; }

        public long? Result { get; init; }
    }
}
