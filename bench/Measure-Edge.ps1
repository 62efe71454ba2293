#Requires -Version 7.6
# One work of EdgeBackup in a session of its own; started by Measure-Edge of lib/Bench.psm1. Its answer is JSON.
param([string] $Options)
$ErrorActionPreference = 'Stop'
$with = $Options | ConvertFrom-Json
Import-Module $env:EDGEBACKUP_BENCH_MODULE

function Get-PeakMemory {
    if (Test-Path /proc/self/status) {
        return 1KB * [long]((Get-Content "/proc/$PID/status" | Select-String '^VmHWM:\s+(\d+)').Matches[0].Groups[1].Value)
    }
    [Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64
}

$process = [Diagnostics.Process]::GetCurrentProcess()
function Get-Memory { [GC]::Collect(); [GC]::WaitForPendingFinalizers(); [GC]::Collect(); $process.Refresh(); $process.WorkingSet64 }

# Every command that is measured, on a small device in a repository of its own.
$warm = Join-Path ([IO.Path]::GetTempPath()) "edgebackup-warm-$PID"
function Invoke-WarmUp([int] $Rounds) {
    foreach ($round in 1..$Rounds) {
        $backup = New-EdgeBackup warm -Automatic
        $null = New-EdgeBackup warm -Name "warm$(New-Guid)"
        $null = Restore-EdgeBackup $backup.Id -Destination (Join-Path $warm "restored$(New-Guid)") -Confirm:$false
        $null = Test-EdgeRepository -ReadData
    }
    $null = Optimize-EdgeRepository -Confirm:$false
}
$null = New-Item -ItemType Directory (Join-Path $warm 'device')
Set-Content (Join-Path $warm 'device/edge-device.json') '{"id":"warm","type":"folder"}'
Set-Content (Join-Path $warm 'device/lines.txt') (1..20000)
$null = Initialize-EdgeRepository (Join-Path $warm 'repository') -KeyFile (Join-Path $warm 'key') -WarningAction Ignore
$null = Register-EdgeDevice (Join-Path $warm 'device')

# So that the retention has something to remove in each round.
$null = Set-EdgeBackupPolicy -ManualLimit 1
Invoke-WarmUp 1

# The loaded module's own memory. Then many small files, so that what is measured is not the runtime's compiler.
$before = Get-Memory
foreach ($number in 1..1500) { [IO.File]::WriteAllText((Join-Path $warm "device/file$number.txt"), "warm $number " * ($number % 900)) }
Invoke-WarmUp 3

# The compiler works in the background, after a while.
Start-Sleep -Seconds 1
Disconnect-EdgeRepository

if ($with.Work -eq 'First') {
    $null = Initialize-EdgeRepository $with.Repository -WarningAction Ignore
    $null = $with.Folders | ForEach-Object { Register-EdgeDevice $_ }
}
else {
    $null = Connect-EdgeRepository $with.Repository
}
$newest = $with.Device ? (Get-EdgeBackup -Device $with.Device -Latest).Id : $null
if ($with.ManualLimit) { $null = Set-EdgeBackupPolicy -ManualLimit $with.ManualLimit }

$null = Get-Memory
$cpu = $process.TotalProcessorTime
if (Test-Path "/proc/$PID/clear_refs") { [IO.File]::WriteAllText("/proc/$PID/clear_refs", '5') }

$watch = [Diagnostics.Stopwatch]::StartNew()
$result = switch ($with.Work) {
    { $_ -in 'First', 'Next' } { $with.Name ? (New-EdgeBackup * -Name $with.Name) : (New-EdgeBackup * -Automatic) }
    'Restore' { Restore-EdgeBackup $newest -Destination $with.Target -Confirm:$false }
    'Verify' { Test-EdgeRepository -ReadData }
    'Retention' { Optimize-EdgeRepository -Confirm:$false }
}
$wall = $watch.Elapsed.TotalSeconds
$peak = Get-PeakMemory
$process.Refresh()

$done = switch ($with.Work) {
    { $_ -in 'First', 'Next' } { $result.Count -eq @(Get-EdgeDevice).Count }
    'Restore' { $result.Restored.Count -gt 0 }
    'Verify' { $result.Healthy }
    'Retention' { $result.Expired.Count -gt 0 }
}
# Only now: ext4 passes over each inode freed within the last minutes when it looks for one, which would be measured in what
# follows and in no other program.
Remove-Item $warm -Recurse -Force
if (-not $done) { throw "$($with.Work) did not do all of its work: $($result | Select-Object -First 1 | Format-List | Out-String)" }
@{ Wall = $wall; Cpu = ($process.TotalProcessorTime - $cpu).TotalSeconds; Peak = $peak - $before } | ConvertTo-Json -Compress
