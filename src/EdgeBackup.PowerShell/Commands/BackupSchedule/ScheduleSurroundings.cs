using System.Management.Automation;
using EdgeBackup.Core.Operations.SystemSchedules;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>What a scheduled run is started with: this PowerShell and this module.</summary>
internal static class ScheduleSurroundings
{
    /// <summary>The program pwsh that runs this, or else the first one on PATH (PowerShell as a .NET tool has none of its own).</summary>
    public static string FindPowerShell(SessionState session)
    {
        var name = OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh";
        var home = session.PSVariable.GetValue("PSHOME") as string ?? "";
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Prepend(home)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists) ?? name;
    }

    /// <summary>The schedulers of this system.</summary>
    public static SystemSchedulers Schedulers(SessionState session) => SystemSchedulers.ForCurrentUser(FindPowerShell(session));

    /// <summary>The schedules that names mean. A wildcard that matches nothing gives nothing, a literal an error.</summary>
    public static (IReadOnlyList<RegisteredSchedule> Found, IReadOnlyList<string> Missing) Select(IReadOnlyList<RegisteredSchedule> all, IReadOnlyList<string> names, string? repository)
    {
        var ofRepository = all.Where(schedule => repository is null || schedule.Repository == repository).ToList();
        var patterns = names.Select(name => (Name: name, Pattern: new WildcardPattern(name, WildcardOptions.IgnoreCase))).ToList();
        return (
            [.. ofRepository.Where(schedule => patterns.Exists(pattern => pattern.Pattern.IsMatch(schedule.Name)))],
            [.. patterns.Where(pattern => !WildcardPattern.ContainsWildcardCharacters(pattern.Name) && !ofRepository.Exists(schedule => pattern.Pattern.IsMatch(schedule.Name))).Select(pattern => pattern.Name)]);
    }

    /// <summary>What to say of a name that means no schedule.</summary>
    public static Core.Errors.EdgeBackupException NotFound(string name, IReadOnlyList<RegisteredSchedule> all) => new(
        Core.Errors.ErrorIds.ScheduleNotFound,
        $"There is no schedule '{name}'.{Core.Catalog.NearestNames.Suggest(name, all.Select(schedule => schedule.Name))} Get-EdgeBackupSchedule lists those that this user may see; schedules of the computer and of other accounts are seen by root or an elevated PowerShell.",
        name);
}
