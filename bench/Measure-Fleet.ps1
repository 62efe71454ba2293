#Requires -Version 7.6
# One night of the fleet in a session of its own; called by Compare.ps1.
param([string] $Options)
$ErrorActionPreference = 'Stop'
$with = $Options | ConvertFrom-Json
Import-Module $with.Module

function Get-PeakMemory {
    if (Test-Path /proc/self/status) {
        return 1KB * [long]((Get-Content "/proc/$PID/status" | Select-String '^VmHWM:\s+(\d+)').Matches[0].Groups[1].Value)
    }
    [Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64
}

# Warm: the same commands on one small device in a repository of its own.
$warm = Join-Path ([IO.Path]::GetTempPath()) "edgebackup-warm-$PID"
$null = New-Item -ItemType Directory (Join-Path $warm 'device')
Set-Content (Join-Path $warm 'device/edge-device.json') '{"id":"warm","type":"folder"}'
$null = Initialize-EdgeRepository (Join-Path $warm 'repository') -KeyFile (Join-Path $warm 'key') -WarningAction Ignore
$null = Register-EdgeDevice (Join-Path $warm 'device')
$null = 1..3 | ForEach-Object { New-EdgeBackup warm -Automatic }
Disconnect-EdgeRepository
Remove-Item $warm -Recurse -Force

if ($with.First) {
    $null = Initialize-EdgeRepository $with.Repository -WarningAction Ignore
    $null = Get-ChildItem $with.Fleet -Directory | ForEach-Object { Register-EdgeDevice $_.FullName }
}
else {
    $null = Connect-EdgeRepository $with.Repository
}
[GC]::Collect(); [GC]::WaitForPendingFinalizers(); [GC]::Collect()
$before = [Diagnostics.Process]::GetCurrentProcess().WorkingSet64
if (Test-Path "/proc/$PID/clear_refs") { [IO.File]::WriteAllText("/proc/$PID/clear_refs", "5") }

$watch = [Diagnostics.Stopwatch]::StartNew()
$backups = New-EdgeBackup * -Automatic
$seconds = $watch.Elapsed.TotalSeconds
$peak = Get-PeakMemory
if ($backups.Count -ne @(Get-EdgeDevice).Count) { throw "Only $($backups.Count) backups were taken." }
@{ Seconds = $seconds; PeakAbove = $peak - $before; Backups = $backups.Count } | ConvertTo-Json -Compress
