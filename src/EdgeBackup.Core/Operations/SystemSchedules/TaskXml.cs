using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Writes and reads a schedule as a task of the Windows Task Scheduler (schema 1.4, [MS-TSCH] 2.5).</summary>
internal static partial class TaskXml
{
    public const string Folder = @"\EdgeBackup\";

    private const string Source = "EdgeBackup";
    internal const string LocalSystem = "S-1-5-18";
    private static readonly XNamespace Tasks = "http://schemas.microsoft.com/windows/2004/02/mit/task";

    /// <summary>The task's definition. It holds no password.</summary>
    /// <param name="schedule">What to run.</param>
    /// <param name="user">The account that registers it, DOMAIN\name.</param>
    /// <exception cref="EdgeBackupException">ScheduleInvalid: the Task Scheduler would replace a part of the command line.</exception>
    public static string Write(SystemSchedule schedule, string user)
    {
        var call = schedule.Command.ToCall();
        var arguments = CommandQuoting.Windows(call.Arguments);
        if (Replaced().Match(call.Program + " " + arguments) is { Success: true } match)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleInvalid, $"The Task Scheduler would put something else for '{match.Value}' in the command line. Choose a path or a name without it.", match.Value);
        }

        var document = new XElement(
            Tasks + "Task",
            new XAttribute("version", "1.4"),
            Element(
                "RegistrationInfo",
                Element("Author", user),
                Element("Description", "Takes the backups that are due (Invoke-EdgeBackupSchedule)."),
                Element("URI", Folder + schedule.Name),
                Element("Source", Source),
                Element("Documentation", ScheduleMark.Of(schedule).ToJson())),
            Element("Triggers", Trigger(schedule)),
            Element("Principals", Principal(schedule, user)),
            Element(
                "Settings",
                Element("MultipleInstancesPolicy", "IgnoreNew"),
                Element("DisallowStartIfOnBatteries", "false"),
                Element("StopIfGoingOnBatteries", "false"),
                Element("StartWhenAvailable", "true"),
                Element("RunOnlyIfNetworkAvailable", "false"),
                Element("Enabled", "true"),
                Element("ExecutionTimeLimit", XmlConvert.ToString(schedule.TimeLimit))),
            Element(
                "Actions",
                new XAttribute("Context", "Author"),
                Element("Exec", Element("Command", call.Program), Element("Arguments", arguments))));
        return document.ToString();
    }

    /// <returns>Null for what EdgeBackup has not made.</returns>
    public static RegisteredSchedule? Read(string xml)
    {
        var task = XElement.Parse(xml);
        if (Find(task, "RegistrationInfo", "Source") != Source || Find(task, "RegistrationInfo", "Documentation") is not { } text || ScheduleMark.Parse(text) is not { } mark)
        {
            return null;
        }

        var account = Find(task, "Principals", "Principal", "UserId") ?? "";
        return new RegisteredSchedule
        {
            Name = mark.Name,
            Method = ScheduleMethod.Task,
            Scope = IsComputers(task, account) ? ScheduleScope.System : ScheduleScope.User,
            Calendar = Calendar(task),
            Account = account is LocalSystem or "SYSTEM" ? "SYSTEM" : account,
            Command = $"{Find(task, "Actions", "Exec", "Command")} {Find(task, "Actions", "Exec", "Arguments")}",
            Mark = mark,
            Enabled = Find(task, "Settings", "Enabled") != "false",
            Places = [Folder + mark.Name],
        };
    }

    private static XElement Element(string name, params object?[] content) => new(Tasks + name, content);

    private static string? Find(XElement task, params string[] path) =>
        path.Aggregate((XElement?)task, (element, name) => element?.Element(Tasks + name))?.Value;

    /// <summary>Begins anew each day, so that the runs keep their times across a clock change.</summary>
    private static XElement Trigger(SystemSchedule schedule) => Element(
        "CalendarTrigger",
        Element("Enabled", "true"),
        Element("StartBoundary", (new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Unspecified) + schedule.Calendar.Offset).ToString("s", CultureInfo.InvariantCulture)),
        schedule.Calendar.Every == TimeSpan.FromDays(1)
            ? null
            : Element("Repetition", Element("Interval", XmlConvert.ToString(schedule.Calendar.Every)), Element("Duration", "P1D"), Element("StopAtDurationEnd", "false")),
        schedule.RandomDelay > TimeSpan.Zero ? Element("RandomDelay", XmlConvert.ToString(schedule.RandomDelay)) : null,
        Element("ScheduleByDay", Element("DaysInterval", "1")));

    /// <summary>
    /// Whether anybody is logged on or not: with a stored password; with that of a managed account, which Windows knows;
    /// as the computer; or as the user without a password (S4U), who then has no rights on other computers.
    /// </summary>
    private static XElement Principal(SystemSchedule schedule, string user) => Element(
        "Principal",
        new XAttribute("id", "Author"),
        Element("UserId", schedule.Account.Name ?? (schedule.Scope == ScheduleScope.System ? LocalSystem : user)),
        schedule.Account.Name is not null ? Element("LogonType", "Password") : schedule.Scope == ScheduleScope.System ? null : Element("LogonType", "S4U"),
        Element("RunLevel", "LeastPrivilege"));

    private static bool IsComputers(XElement task, string account) =>
        account is LocalSystem or "SYSTEM" || Find(task, "Principals", "Principal", "LogonType") == "Password";

    private static RunCalendar? Calendar(XElement task)
    {
        if (task.Element(Tasks + "Triggers")?.Elements().ToList() is not [var trigger]
            || trigger.Name != Tasks + "CalendarTrigger"
            || Find(trigger, "ScheduleByDay", "DaysInterval") != "1"
            || !DateTime.TryParse(Find(trigger, "StartBoundary"), CultureInfo.InvariantCulture, DateTimeStyles.None, out var start))
        {
            return null;
        }

        try
        {
            var every = Find(trigger, "Repetition", "Interval") is { } interval ? XmlConvert.ToTimeSpan(interval) : TimeSpan.FromDays(1);
            return RunCalendar.Create(every, start.TimeOfDay);
        }
        catch (Exception exception) when (exception is FormatException or EdgeBackupException)
        {
            // Somebody chose other times by hand.
            return null;
        }
    }

    // %NAME% and $(Arg0) are replaced in a task's command line.
    [GeneratedRegex(@"%[^%\s]+%|\$\(")]
    private static partial Regex Replaced();
}
