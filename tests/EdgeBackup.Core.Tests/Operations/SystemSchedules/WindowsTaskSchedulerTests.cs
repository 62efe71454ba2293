using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Tests.Devices.Ssh;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

/// <summary>
/// The scripts run in a real PowerShell; the cmdlets of ScheduledTasks are stand-ins with the same parameters that keep
/// tasks as files, since the real ones are only in Windows.
/// </summary>
public sealed class WindowsTaskSchedulerTests : IDisposable
{
    private const string Cmdlets = """
        function Get-File($TaskName) { Join-Path $PSScriptRoot "$TaskName.xml" }
        function Register-ScheduledTask {
            [CmdletBinding()] param([string] $TaskName, [string] $TaskPath, [Parameter(Mandatory)] [string] $Xml, [string] $User, [string] $Password, [switch] $Force)
            if ($TaskName -eq 'denied') { throw 'Access is denied.' }
            Set-Content -LiteralPath (Get-File $TaskName) $Xml
            Add-Content -LiteralPath (Join-Path $PSScriptRoot 'accounts.txt') "$TaskName|$TaskPath|$User|$Password|$Force"
            'what the real one gives out'
        }
        function Get-ScheduledTask {
            [CmdletBinding()] param([string] $TaskName, [string] $TaskPath)
            Get-ChildItem $PSScriptRoot -Filter *.xml | Sort-Object Name | ForEach-Object { [pscustomobject]@{ TaskName = $_.BaseName; TaskPath = $TaskPath; State = 'Ready' } }
        }
        function Get-ScheduledTaskInfo {
            [CmdletBinding()] param([Parameter(ValueFromPipeline)] $InputObject)
            process { [pscustomobject]@{ NextRunTime = [datetime]::new(2026, 3, 2, 10, 15, 0, 0, [DateTimeKind]::Utc); LastRunTime = [datetime]::new(2026, 3, 2, 10, 0, 0, 0, [DateTimeKind]::Utc); LastTaskResult = [uint32] 1 } }
        }
        function Export-ScheduledTask { [CmdletBinding()] param([string] $TaskName, [string] $TaskPath) Get-Content -Raw -LiteralPath (Get-File $TaskName) }
        function Unregister-ScheduledTask { [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')] param([string] $TaskName, [string] $TaskPath) if ($PSCmdlet.ShouldProcess($TaskName)) { Remove-Item -LiteralPath (Get-File $TaskName) } }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("eb-tasks-").FullName;
    private readonly string tasks;

    public WindowsTaskSchedulerTests()
    {
        tasks = Directory.CreateDirectory(Path.Combine(folder, "ScheduledTasks")).FullName;
        File.WriteAllText(Path.Combine(tasks, "ScheduledTasks.psm1"), Cmdlets);
        var wrapper = Path.Combine(folder, "pwsh");
        Programs.WriteProgram(wrapper, $"#!/bin/sh\nPSModulePath='{folder}' POWERSHELL_TELEMETRY_OPTOUT=1 exec pwsh \"$@\"\n");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [ProgramFact("pwsh")]
    public async Task A_task_is_registered_found_and_removed()
    {
        var scheduler = Open();
        var observer = new WarningObserver();
        var account = new ScheduleAccount(@"CORP\backup") { Password = "it's \"secret\" $x é" };
        await scheduler.RegisterAsync(ScheduleWorld.Schedule(account: account), observer, default);
        Assert.Equal(@"night|\EdgeBackup\|CORP\backup|it's ""secret"" $x é|True", File.ReadAllText(Path.Combine(tasks, "accounts.txt")).Trim());
        File.WriteAllText(Path.Combine(tasks, "foreign.xml"), """<Task version="1.4" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><RegistrationInfo><URI>\EdgeBackup\foreign</URI></RegistrationInfo></Task>""");

        var found = Assert.Single(await scheduler.FindAsync(null, null, default));
        Assert.Equal("night", found.Name);
        Assert.Equal(@"CORP\backup", found.Account);
        Assert.True(found.Enabled);
        Assert.Equal(DateTimeOffset.Parse("2026-03-02T10:15:00Z", null), found.NextRun);
        Assert.Equal(DateTimeOffset.Parse("2026-03-02T10:00:00Z", null), found.LastRun);
        Assert.Equal(1, found.LastResult);

        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => scheduler.RegisterAsync(ScheduleWorld.Schedule("Foreign"), observer, default));
        Assert.Equal(ErrorIds.ScheduleExists, error.ErrorId);

        await scheduler.RemoveAsync(found, default);
        Assert.Empty(await scheduler.FindAsync(null, null, default));
    }

    [ProgramFact("pwsh")]
    public async Task A_refusal_is_told_in_Windows_words()
    {
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => Open().RegisterAsync(ScheduleWorld.Schedule("denied"), new WarningObserver(), default));
        Assert.Equal(ErrorIds.ScheduleFailed, error.ErrorId);
        Assert.Contains("Access is denied.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_on_no_command_line()
    {
        var programs = new ScriptedPrograms((_, _) => new ProgramResult(0, [], ""));
        await new WindowsTaskScheduler(programs, "pwsh", @"CORP\anna").RegisterAsync(ScheduleWorld.Schedule(account: new ScheduleAccount("x") { Password = "hush-hush" }), new WarningObserver(), default);
        Assert.NotEmpty(programs.Calls);
        Assert.DoesNotContain(programs.Calls, call => call.Contains("hush-hush", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_share_without_a_password_is_warned_of()
    {
        var observer = new WarningObserver();
        var programs = new ScriptedPrograms((_, _) => new ProgramResult(0, [], ""));
        await new WindowsTaskScheduler(programs, "pwsh", @"CORP\anna").RegisterAsync(ScheduleWorld.Schedule(command: ScheduleWorld.Command(@"\\nas\edge"), scope: ScheduleScope.User), observer, default);
        Assert.Contains(observer.Warnings, warning => warning.Contains("-Credential", StringComparison.Ordinal));
    }

    /// <summary>On a busy machine a PowerShell takes long to start.</summary>
    private WindowsTaskScheduler Open() => new(new ProgramRunner { Limit = TimeSpan.FromMinutes(10) }, Path.Combine(folder, "pwsh"), @"CORP\anna");
}
