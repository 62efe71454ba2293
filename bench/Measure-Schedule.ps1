#Requires -Version 7.6
# A scheduled run over simulated HTTP devices: 2 MB each, every call 50 ms on its way, a tenth of them changed; then the
# same with some that are dead and some that never answer. Needs the module and the simulator built. A section of
# bench/run (-Only Schedule), and by itself where the other programs of the comparison are missing:
#   ./bench/Measure-Schedule.ps1 [-Devices 500] [-Dead 25] [-Hanging 25] [-Keep]
param([int] $Devices = 500, [int] $Dead = 25, [int] $Hanging = 25, [int] $LatencyMilliseconds = 50, [int] $Kilobytes = 2048, [switch] $Keep)
$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot
$module = Join-Path $root 'output/EdgeBackup'
$simulator = Get-ChildItem (Join-Path $root 'src/EdgeBackup.Simulator/bin/*/net10.0/EdgeBackup.Simulator.dll') | Sort-Object LastWriteTime | Select-Object -Last 1
$work = Join-Path ([IO.Path]::GetTempPath()) "edgebackup-schedule-$PID"
$null = New-Item -ItemType Directory $work
$env:XDG_DATA_HOME = Join-Path $work 'user'
$null = New-Item -ItemType Directory $env:XDG_DATA_HOME
$repository = Join-Path $work 'repository'

# One run in a session of its own, as a scheduled task starts it; wall seconds of the command, and the peak of the whole process.
function Measure-Run {
    $answer = & pwsh -NoProfile -NonInteractive -Command "
        Import-Module '$module'
        `$watch = [Diagnostics.Stopwatch]::StartNew()
        `$results = Invoke-EdgeBackupSchedule -Repository '$repository'
        `$wall = `$watch.Elapsed.TotalSeconds
        `$status = Get-Content /proc/self/status
        @{
            Wall = `$wall; Cpu = [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime.TotalSeconds
            Peak = [long]((`$status | Select-String '^VmHWM:\s+(\d+)').Matches[0].Groups[1].Value) / 1024
            Completed = @(`$results | Where-Object Result -EQ Completed).Count; Changed = @(`$results | Where-Object Changed).Count
            Failed = @(`$results | Where-Object Result -EQ Failed).Count; Other = @(`$results | Where-Object Result -NotIn Completed, Failed).Count
        } | ConvertTo-Json -Compress"
    if ($LASTEXITCODE -ne 0) { throw "The run failed: $answer" }
    $answer | Select-Object -Last 1 | ConvertFrom-Json
}

function Format-Run([string] $Name, $Run, [string] $Goal) {
    '| {0} | {1:n1} s | {2:n1} s | {3:n0} MB | {4} | {5} | {6} | {7} |' -f $Name, $Run.Wall, $Run.Cpu, $Run.Peak, $Run.Completed, $Run.Changed, $Run.Failed, $Goal
}

$start = [Diagnostics.ProcessStartInfo]::new('dotnet')
foreach ($argument in $simulator.FullName, 'serve', '--devices', $Devices, '--latency', $LatencyMilliseconds, '--size', $Kilobytes) { $start.ArgumentList.Add("$argument") }
$start.RedirectStandardOutput = $true
$fleet = [Diagnostics.Process]::Start($start)
try {
    $found = foreach ($number in 1..$Devices) {
        $id, $type, $address = $fleet.StandardOutput.ReadLine() -split ' ', 3
        [pscustomobject] @{ Id = $id; Type = $type; Address = $address; Site = "site-$([int][Math]::Floor(($number - 1) / 10))" }
    }
    $control = ([uri] $found[0].Address).GetLeftPart('Authority') + '/simulator/devices'
    Import-Module $module
    $null = Initialize-EdgeRepository $repository -WarningAction Ignore
    $found | ForEach-Object { $null = Register-EdgeDevice $_.Address -Id $_.Id -Type $_.Type -Site $_.Site -Version 1.24.5 -SkipContact }
    $null = Set-EdgeBackupPolicy -Interval 00:00:01
    '| run | time | CPU | peak memory | completed | of them changed | failed | goal |'
    '|---|---|---|---|---|---|---|---|'
    Format-Run 'first, all new' (Measure-Run) ''

    $content = [byte[]]::new(256KB)
    foreach ($device in $found | Select-Object -First ([int]($Devices / 10))) {
        [Random]::Shared.NextBytes($content)
        $null = Invoke-RestMethod "$control/$($device.Id)/items/config/blocks/block-3.bin" -Method Put -Body $content -ContentType application/octet-stream
    }
    Format-Run 'a tenth changed' (Measure-Run) '60 s, 400 MB'

    foreach ($device in $found | Select-Object -Last $Dead) {
        $null = Invoke-RestMethod "$control/$($device.Id)/restart" -Method Post -Body '{"seconds":3600}' -ContentType application/json
    }
    foreach ($device in $found | Select-Object -Last ($Dead + $Hanging) | Select-Object -First $Hanging) {
        $null = Invoke-RestMethod "$control/$($device.Id)/faults" -Method Post -Body '{"kind":"silent","times":-1}' -ContentType application/json
    }
    foreach ($device in $found | Select-Object -First ([int]($Devices / 10))) {
        [Random]::Shared.NextBytes($content)
        $null = Invoke-RestMethod "$control/$($device.Id)/items/config/blocks/block-4.bin" -Method Put -Body $content -ContentType application/octet-stream
    }
    Format-Run "a tenth changed, $Dead dead and $Hanging silent" (Measure-Run) '90 s, 400 MB'
}
finally {
    $fleet.Kill()
    if (-not $Keep) { Remove-Item $work -Recurse -Force }
}
