using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Writes a schedule as a service and a timer (systemd.service(5), systemd.timer(5), systemd.exec(5)).</summary>
internal static class SystemdUnits
{
    public const string Prefix = "edgebackup-";
    public const string MarkKey = "Schedule=";

    private const string Heading = "# Made by Register-EdgeBackupSchedule. What is changed here is lost when it is registered again.\n";

    /// <summary>The name of the units, without an ending. systemd tells capitals apart, the names of schedules do not.</summary>
    public static string UnitName(string schedule) => Prefix + schedule.ToLowerInvariant();

    public static string Timer(SystemSchedule schedule)
    {
        var text = new StringBuilder(Heading);
        text.Append(CultureInfo.InvariantCulture, $"[Unit]\nDescription=EdgeBackup schedule {schedule.Name}\n\n[Timer]\nOnCalendar={schedule.Calendar.ToSystemd()}\n");
        text.Append("# What was missed while the machine was off is done once, when it is on again.\nPersistent=true\n");
        if (schedule.RandomDelay > TimeSpan.Zero)
        {
            text.Append(CultureInfo.InvariantCulture, $"RandomizedDelaySec={(long)schedule.RandomDelay.TotalSeconds}\n");
        }

        return text.Append("\n[Install]\nWantedBy=timers.target\n").ToString();
    }

    public static string Service(SystemSchedule schedule)
    {
        var isSystem = schedule.Scope == ScheduleScope.System;
        var text = new StringBuilder(Heading);
        text.Append(CultureInfo.InvariantCulture, $"[Unit]\nDescription=EdgeBackup schedule {schedule.Name}: takes the backups that are due\n");
        if (isSystem)
        {
            text.Append("Wants=network-online.target\nAfter=network-online.target\n");
            text.Append(CultureInfo.InvariantCulture, $"RequiresMountsFor={CommandQuoting.SystemdWord(schedule.Command.Repository)}\n");
        }

        text.Append("\n[Service]\n# A oneshot that still runs is not started again: runs do not overlap.\nType=oneshot\n");
        text.Append(CultureInfo.InvariantCulture, $"ExecStart={CommandQuoting.Systemd(schedule.Command.ToCall())}\n");
        text.Append(CultureInfo.InvariantCulture, $"TimeoutStartSec={(long)schedule.TimeLimit.TotalSeconds}\n");
        if (isSystem)
        {
            // Named also where it is root, since only then is HOME set.
            text.Append(CultureInfo.InvariantCulture, $"User={schedule.Account.Name ?? "root"}\n");
        }

        if (isSystem && schedule.Account.Name is { } account)
        {
            text.Append("# A data folder of the service's own, which needs no home: catalog, key file's place, state last seen.\n");
            // An account's own: systemd would give a folder that two of them share from one to the other.
            text.Append(CultureInfo.InvariantCulture, $"StateDirectory=edgebackup/{account}\nStateDirectoryMode=0700\nEnvironment=XDG_DATA_HOME=%S/edgebackup/{account}\n");
        }
        else if (schedule.DataHome is { } data)
        {
            text.Append(CultureInfo.InvariantCulture, $"Environment={CommandQuoting.SystemdWord("XDG_DATA_HOME=" + data)}\n");
        }

        text.Append("Environment=POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off\nUMask=0077\n\n");
        AppendLimits(text, schedule, isSystem);
        return text.Append(CultureInfo.InvariantCulture, $"\n[X-EdgeBackup]\n{MarkKey}{ScheduleMark.Of(schedule).ToJson()}\n").ToString();
    }

    private static void AppendLimits(StringBuilder text, SystemSchedule schedule, bool isSystem)
    {
        text.Append(
            """
            NoNewPrivileges=yes
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            LockPersonality=yes
            SystemCallArchitectures=native
            SystemCallFilter=@system-service
            SystemCallErrorNumber=EPERM
            # .NET compiles at run time into memory that is written and then executed.
            MemoryDenyWriteExecute=no

            """.ReplaceLineEndings("\n"));
        if (!isSystem)
        {
            text.Append("# A user's own systemd may not change what of the file system a service sees.\n");
            return;
        }

        text.Append(
            """
            # Devices that are folders are read wherever they are; written are the repository, the data folder, and known_hosts.
            ProtectSystem=strict
            ProtectHome=read-only

            """.ReplaceLineEndings("\n"));

        // With '-': where one is missing the run says so itself; systemd would only give a number (226).
        foreach (var path in schedule.Written)
        {
            text.Append(CultureInfo.InvariantCulture, $"ReadWritePaths={CommandQuoting.SystemdWord("-" + path)}\n");
        }

        if (schedule.Account.Home is { } home)
        {
            text.Append(CultureInfo.InvariantCulture, $"ReadWritePaths={CommandQuoting.SystemdWord("-" + Path.Combine(home, ".ssh"))}\n");
        }

        if (!IsInTemporaryFolder(schedule))
        {
            text.Append("PrivateTmp=yes\n");
        }

        text.Append(
            """
            PrivateDevices=yes
            PrivateMounts=yes
            ProtectClock=yes
            ProtectControlGroups=yes
            ProtectHostname=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            # Other processes stay visible: a lease whose holder cannot be seen would be taken for one that has ended.
            ProtectProc=default

            """.ReplaceLineEndings("\n"));

        // Root reads folders of whatever owner, and writes a repository of whatever owner; nobody else needs a capability.
        text.Append(schedule.Account.Name is null ? "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH\n" : "CapabilityBoundingSet=\n");
    }

    /// <summary>A temporary folder of the service's own would hide what it needs.</summary>
    private static bool IsInTemporaryFolder(SystemSchedule schedule) =>
        schedule.Written.Concat([schedule.Command.PowerShell, schedule.Command.Module, schedule.Command.KeyFile])
            .Any(path => path is not null && (path.StartsWith("/tmp/", StringComparison.Ordinal) || path.StartsWith("/var/tmp/", StringComparison.Ordinal)));
}
