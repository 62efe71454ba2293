using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>
/// Schedules among the lines of a crontab (crontab(5)). Each is a block of three lines of its own, and no other line is
/// touched. Lines are texts of one character a byte, so that what others wrote in whatever encoding stays as it is.
/// </summary>
internal static partial class CrontabText
{
    /// <summary>Vixie cron takes no longer command, and refuses the whole crontab for it.</summary>
    private const int LongestCommand = 998;

    /// <summary>Below EdgeBackup's data folder: the lock and the last exit code of each schedule.</summary>
    public const string ResultFolder = "schedules";

    private const string Begin = "# BEGIN EdgeBackup schedule ";
    private const string End = "# END EdgeBackup schedule ";

    private static readonly string[] PosixShells = ["sh", "bash", "dash", "ash", "ksh", "zsh"];

    /// <summary>The lines of a schedule.</summary>
    /// <param name="schedule">What to run.</param>
    /// <param name="hasLock">Whether flock is there, so that runs do not overlap.</param>
    /// <param name="hasLimit">Whether timeout is there.</param>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: longer than a line may be.</exception>
    public static string Block(SystemSchedule schedule, bool hasLock, bool hasLimit)
    {
        var call = CommandQuoting.CronShell(schedule.Command.ToCall(schedule.RandomDelay));
        var command = new StringBuilder("umask 077; ");
        ScheduleCommand.RefuseControls(schedule.DataHome);
        ScheduleCommand.RefuseControls(schedule.DataFolder);
        if (schedule.DataHome is { } data)
        {
            command.Append(CultureInfo.InvariantCulture, $"export XDG_DATA_HOME={CommandQuoting.CronWord(data)}; ");
        }

        var folder = schedule.DataFolder is { } known ? CommandQuoting.CronWord(known) : "\"$HOME\"/.local/share/EdgeBackup";
        command.Append(CultureInfo.InvariantCulture, $"f={folder}/{ResultFolder}; mkdir -p \"$f\"; f=\"$f\"/{schedule.Name}; ( ");
        if (hasLock)
        {
            command.Append("flock -n 9 || exit 0; ");
        }

        if (hasLimit)
        {
            command.Append(CultureInfo.InvariantCulture, $"timeout -k 60 {(long)schedule.TimeLimit.TotalSeconds} ");
        }

        command.Append(CultureInfo.InvariantCulture, $"{call}; r=$?; echo $r > \"$f.result\"; exit $r ) 9> \"$f.lock\"");

        var line = command.ToString();
        if (Encoding.UTF8.GetByteCount(line) > LongestCommand)
        {
            throw new EdgeBackupException(
                ErrorIds.ScheduleInvalid,
                $"The line for cron would have {Encoding.UTF8.GetByteCount(line)} characters, and cron takes {LongestCommand}. Name the devices with wildcards, or leave them out.",
                schedule.Name);
        }

        return $"{Begin}{schedule.Name}\n# {ScheduleMark.Of(schedule).ToJson()}\n{schedule.Calendar.ToCron()} {line}\n{End}{schedule.Name}\n";
    }

    /// <summary>A crontab with a schedule's block in its place, or at its end.</summary>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: the crontab sets a shell that would not understand the line.</exception>
    public static string Put(string crontab, string name, string block)
    {
        var shell = ShellLine().Matches(crontab).LastOrDefault()?.Groups[1].Value.Trim().Trim('"', '\'');
        if (shell is not null && !PosixShells.Contains(Path.GetFileName(shell), StringComparer.Ordinal))
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"The crontab sets SHELL={shell}, which would not understand the line of a schedule. Set it to /bin/sh there.", name);
        }

        var rest = Remove(crontab, name);
        return rest.Length > 0 && !rest.EndsWith('\n') ? $"{rest}\n{ToBytesText(block)}" : rest + ToBytesText(block);
    }

    /// <summary>A crontab without a schedule's block.</summary>
    public static string Remove(string crontab, string name) =>
        Blocks(crontab).Where(block => string.Equals(block.Mark.Name, name, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(block => block.Start)
            .Aggregate(crontab, (text, block) => text.Remove(block.Start, block.Length));

    /// <summary>The schedules in a crontab: the mark, the calendar's fields, the command as it stands there.</summary>
    public static IEnumerable<CrontabBlock> Blocks(string crontab)
    {
        foreach (Match match in BlockLines().Matches(crontab))
        {
            if (ScheduleMark.Parse(FromBytesText(match.Groups["mark"].Value)) is { } mark && mark.Name == match.Groups["name"].Value)
            {
                yield return new CrontabBlock(mark, match.Groups["calendar"].Value, FromBytesText(match.Groups["command"].Value), match.Groups["off"].Length == 0, match.Index, match.Length);
            }
        }
    }

    private static string ToBytesText(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static string FromBytesText(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));

    // Whoever takes a schedule out of service for a while puts a '#' before its line.
    [GeneratedRegex(@"^# BEGIN EdgeBackup schedule (?<name>\S+)\n# (?<mark>\{.*\})\n(?<off>#\s*)?(?<calendar>\S+ \S+ \S+ \S+ \S+) (?<command>.*)\n# END EdgeBackup schedule \k<name>(?:\n|\z)", RegexOptions.Multiline)]
    private static partial Regex BlockLines();

    [GeneratedRegex(@"^\s*SHELL\s*=(.*)$", RegexOptions.Multiline)]
    private static partial Regex ShellLine();
}

/// <summary>A schedule's lines in a crontab.</summary>
/// <param name="Mark">Whose they are.</param>
/// <param name="Calendar">The five fields.</param>
/// <param name="Command">The rest of the line.</param>
/// <param name="IsEnabled">Whether the line is no comment.</param>
/// <param name="Start">Where they begin in the crontab.</param>
/// <param name="Length">How long they are.</param>
internal sealed record CrontabBlock(ScheduleMark Mark, string Calendar, string Command, bool IsEnabled, int Start, int Length);
