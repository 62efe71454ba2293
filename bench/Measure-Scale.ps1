#Requires -Version 7.6
# What the daily commands cost in a repository of many backups, in a session of its own; called by Scale.ps1.
param([string] $Options)
$ErrorActionPreference = 'Stop'
$with = $Options | ConvertFrom-Json
Import-Module $with.Module

function Get-Median([double[]] $Values) { @($Values | Sort-Object)[[int][Math]::Floor(($Values.Count - 1) / 2)] }

function Measure-Milliseconds([scriptblock] $Work) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $null = & $Work
    [Math]::Round($watch.Elapsed.TotalMilliseconds, 1)
}

function Get-Peak {
    if (Test-Path /proc/self/status) {
        return 1KB * [long]((Get-Content "/proc/$PID/status" | Select-String '^VmHWM:\s+(\d+)').Matches[0].Groups[1].Value)
    }
    [Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64
}

function Reset-Peak {
    [GC]::Collect(); [GC]::WaitForPendingFinalizers(); [GC]::Collect()
    if (Test-Path "/proc/$PID/clear_refs") { [IO.File]::WriteAllText("/proc/$PID/clear_refs", '5') }
    [Diagnostics.Process]::GetCurrentProcess().WorkingSet64
}

# Warm: the same commands in a small repository of its own.
$warm = Join-Path ([IO.Path]::GetTempPath()) "edgebackup-warm-$PID"
$null = New-Item -ItemType Directory (Join-Path $warm 'device')
Set-Content (Join-Path $warm 'device/edge-device.json') '{"id":"warm","type":"folder"}'
$null = Initialize-EdgeRepository (Join-Path $warm 'repository') -KeyFile (Join-Path $warm 'key') -WarningAction Ignore
$null = Register-EdgeDevice (Join-Path $warm 'device')
$null = 1..3 | ForEach-Object { New-EdgeBackup warm -Automatic }
$null = Get-EdgeDevice; $null = Get-EdgeBackup -Device warm; $null = Optimize-EdgeRepository -Confirm:$false
Disconnect-EdgeRepository
Remove-Item $warm -Recurse -Force

$result = [ordered] @{}
$base = Reset-Peak
$result.Connect = Measure-Milliseconds { Connect-EdgeRepository $with.Repository -KeyFile $with.KeyFile }
$result.Build = Measure-Milliseconds { Get-EdgeDevice }
$devices = @(Get-EdgeDevice)
$result.PeakBuild = (Get-Peak) - $base

# As the next command of the day meets it: another session, the catalog known.
Disconnect-EdgeRepository
$base = Reset-Peak
$result.Reconnect = Measure-Milliseconds { Connect-EdgeRepository $with.Repository -KeyFile $with.KeyFile }
$result.ListAll = Get-Median @(1..5 | ForEach-Object { Measure-Milliseconds { Get-EdgeDevice } })
$result.ListOne = Get-Median @(1..11 | ForEach-Object { $id = $devices[($_ * 229 + 1) % $devices.Count].Id; Measure-Milliseconds { Get-EdgeBackup -Device $id } })

# One small device that is really there takes the place of the first.
$folder = Join-Path ([IO.Path]::GetTempPath()) "edgebackup-scale-$PID"
$null = New-Item -ItemType Directory $folder
$id = $devices[0].Id
Set-Content (Join-Path $folder 'edge-device.json') "{""id"":""$id"",""type"":""edge-controller"",""version"":""1.25.0""}"
Set-Content (Join-Path $folder 'settings.json') '{"limit":32}'
$null = Set-EdgeDevice $id -Address $folder
$null = New-EdgeBackup $id -Automatic
$result.Backup = Get-Median @(1..7 | ForEach-Object {
    Set-Content (Join-Path $folder 'settings.json') "{""limit"":$_}"
    Measure-Milliseconds { New-EdgeBackup $id -Automatic }
})
$result.ListAllAfterBackup = Measure-Milliseconds { Get-EdgeDevice }
$result.Peak = (Get-Peak) - $base

Set-EdgeBackupPolicy -Device $id -RetentionMonths 1
$before = @(Get-EdgeBackup -Device $id).Count
$result.Retention = Measure-Milliseconds { New-EdgeBackup $id -Automatic }
$result.RetentionRemoved = $before + 1 - @(Get-EdgeBackup -Device $id).Count
Remove-Item $folder -Recurse -Force

$base = Reset-Peak
$result.Optimize = Measure-Milliseconds { Optimize-EdgeRepository -Confirm:$false }
$result.PeakOptimize = (Get-Peak) - $base
$result.OptimizeAgain = Measure-Milliseconds { Optimize-EdgeRepository -Confirm:$false }
$result.Devices = $devices.Count
$result | ConvertTo-Json -Compress
