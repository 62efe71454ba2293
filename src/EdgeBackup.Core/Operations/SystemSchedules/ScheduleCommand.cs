using System.Globalization;
using System.Text;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>What a scheduled run does, as a call of PowerShell.</summary>
public sealed record ScheduleCommand
{
    /// <summary>The program pwsh, absolute.</summary>
    public required string PowerShell { get; init; }

    /// <summary>The module's manifest or folder, absolute.</summary>
    public required string Module { get; init; }

    /// <summary>The repository, absolute.</summary>
    public required string Repository { get; init; }

    /// <summary>The key file that opens it, absolute; null where the account finds its own.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Ids and wildcards; empty for all devices in service.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    public TimeSpan? WatchFor { get; init; }

    public int? ThrottleLimit { get; init; }

    public int? SiteThrottleLimit { get; init; }

    /// <summary>The call.</summary>
    /// <param name="delay">Waits up to so long first, where the scheduler itself cannot.</param>
    /// <exception cref="EdgeBackupException">As <see cref="Check"/>.</exception>
    public ProgramCall ToCall(TimeSpan delay = default)
    {
        Check();
        return new ProgramCall(PowerShell, ["-NoProfile", "-NonInteractive", "-Command", ToScript(delay)]);
    }

    /// <summary>Whether its texts can stand in a line. A line feed would begin another one, with whatever follows it.</summary>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: there is a control character in one.</exception>
    public void Check()
    {
        foreach (var text in Devices.Append(PowerShell).Append(Module).Append(Repository).Append(KeyFile))
        {
            RefuseControls(text);
        }
    }

    /// <exception cref="EdgeBackupException">ScheduleInvalid: there is a control character in it.</exception>
    internal static void RefuseControls(string? text)
    {
        if (text is not null && text.Any(char.IsControl))
        {
            throw new EdgeBackupException(
                ErrorIds.ScheduleInvalid,
                $"'{string.Concat(text.Select(c => char.IsControl(c) ? '?' : c))}' holds a line end or another control character (U+{(int)text.First(char.IsControl):X4}), which cannot stand in a schedule. Choose a path or a name without it.",
                text);
        }
    }

    /// <summary>A text of PowerShell between single quotes. Its typographic quotes end a text as well, so they are doubled too.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (var character in text)
        {
            quoted.Append(character);
            if (character is '\'' or '\u2018' or '\u2019' or '\u201A' or '\u201B')
            {
                quoted.Append(character);
            }
        }

        return quoted.Append('\'').ToString();
    }

    private string ToScript(TimeSpan delay)
    {
        var script = new StringBuilder();
        if (delay >= TimeSpan.FromSeconds(1))
        {
            script.Append(CultureInfo.InvariantCulture, $"Start-Sleep (Get-Random {delay.TotalSeconds:0}); ");
        }

        // What cannot be loaded or opened must end the run, and not be followed by a run in another repository.
        script.Append(CultureInfo.InvariantCulture, $"Import-Module {Quote(Module)} -ErrorAction Stop; ");
        if (KeyFile is not null)
        {
            script.Append(CultureInfo.InvariantCulture, $"Connect-EdgeRepository {Quote(Repository)} -KeyFile {Quote(KeyFile)} -ErrorAction Stop | Out-Null; ");
        }

        script.Append(CultureInfo.InvariantCulture, $"Invoke-EdgeBackupSchedule -Repository {Quote(Repository)}");
        if (Devices.Count > 0)
        {
            script.Append(CultureInfo.InvariantCulture, $" -Device {string.Join(", ", Devices.Select(Quote))}");
        }

        if (WatchFor is { } watch)
        {
            script.Append(CultureInfo.InvariantCulture, $" -WatchFor {watch:c}");
        }

        if (ThrottleLimit is { } limit)
        {
            script.Append(CultureInfo.InvariantCulture, $" -ThrottleLimit {limit}");
        }

        if (SiteThrottleLimit is { } siteLimit)
        {
            script.Append(CultureInfo.InvariantCulture, $" -SiteThrottleLimit {siteLimit}");
        }

        // Five hundred lines of "not due" every quarter of an hour would fill the journal, and cron's mail.
        return script.Append(" -SetExitCode | Where-Object Result -NE NotDue").ToString();
    }
}
