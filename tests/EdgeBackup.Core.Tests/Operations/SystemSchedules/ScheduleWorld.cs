using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.SystemSchedules;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

/// <summary>What the tests of schedules share.</summary>
internal static class ScheduleWorld
{
    /// <summary>Everything in it that some program would misread.</summary>
    public const string NastyPath = "/srv/a b/100% $HOME `id` 'q' \"d\" \\n;#é";

    public static ScheduleCommand Command(string repository = "/srv/edge") => new()
    {
        PowerShell = "/bin/sh",
        Module = "/usr/local/share/powershell/Modules/EdgeBackup/EdgeBackup.psd1",
        Repository = repository,
    };

    public static SystemSchedule Schedule(string name = "night", ScheduleCommand? command = null, RunCalendar? calendar = null, ScheduleScope scope = ScheduleScope.System, ScheduleAccount? account = null) => new()
    {
        Name = name,
        Scope = scope,
        Calendar = calendar ?? RunCalendar.Create(TimeSpan.FromMinutes(15), TimeSpan.Zero),
        TimeLimit = TimeSpan.FromHours(6),
        Account = account ?? new ScheduleAccount(null as string) { Home = "/home/keeper" },
        Command = command ?? Command(),
        Written = [(command ?? Command()).Repository],
    };

    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}

/// <summary>A test that needs a program; skipped with the reason where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramFactAttribute : FactAttribute
{
    public ProgramFactAttribute(string program, bool asRoot = false) => Skip =
        ScheduleWorld.Find(program) is null ? $"{program} is not installed"
        : asRoot && (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess) ? "only root can do that"
        : null;
}

/// <summary>Keeps the warnings.</summary>
internal sealed class WarningObserver : IOperationObserver
{
    public List<string> Warnings { get; } = [];

    public void Verbose(string message)
    {
    }

    public void Warning(string message) => Warnings.Add(message);

    public void Progress(OperationProgress progress)
    {
    }
}

/// <summary>Programs that are not run: each call is kept, and answered as the test says.</summary>
internal sealed class ScriptedPrograms(Func<string, IReadOnlyList<string>, ProgramResult> answer) : IProgramRunner
{
    public List<string> Calls { get; } = [];

    public bool Exists(string program) => true;

    public Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, byte[]? input, CancellationToken cancellationToken)
    {
        Calls.Add($"{program} {string.Join(' ', arguments)}");
        return Task.FromResult(answer(program, arguments));
    }
}
