#Requires -Version 7.6
<#
.SYNOPSIS
Measures EdgeBackup against restic and borg on the same data in the same run, and writes bench/RESULTS.md.

.DESCRIPTION
All data is made from seeds or chosen by a fixed rule, in a temporary folder that is removed at the end. The programs take
turns; each work of EdgeBackup is one command in a PowerShell session with the module loaded and warmed up. Wall time, CPU
time, peak memory and repository bytes are medians of -Runs; the peers' loops over devices, minutes each, run -LoopRuns times.

Fleet      300 small devices, two nights, restore of one device, retention
Mixed      1.5 GB of the machine's own files: first, unchanged, full read verification, restore
Source     successive versions of a source tree
Growth     trend logs that grow at their end
Database   an SQLite database in which few pages change
Catalog    listings among a million backups
Scale      the daily commands among 10,000, 100,000 and 1,000,000 backups, and opening an index of a million chunks
Schedule   one run of the schedule over 500 simulated HTTP devices, dead and silent ones among them
Inner      what every byte and every chunk passes through

The section Profile of the results is written by hand and kept: what a profile shows where a goal is not met.
#>
param(
    [int] $Runs = 3,
    [int] $LoopRuns = 1,
    [int] $Devices = 300,
    [int] $CatalogDevices = 5000,
    [int] $CatalogBackups = 1000000,
    [int[]] $ScaleBackups = @(10000, 100000, 1000000),
    [ValidateSet('Fleet', 'Mixed', 'Source', 'Growth', 'Database', 'Catalog', 'Scale', 'Schedule', 'Ssh', 'Bacnet', 'Archive', 'Inner')] [string[]] $Only = ('Fleet', 'Mixed', 'Source', 'Growth', 'Database', 'Catalog', 'Scale', 'Schedule', 'Ssh', 'Bacnet', 'Archive', 'Inner'),
    [string] $Results = (Join-Path $PSScriptRoot 'RESULTS.md'),
    [string] $Work = (Join-Path ([IO.Path]::GetTempPath()) "edgebackup-bench-$PID"),
    [switch] $SkipBuild
)

$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot
foreach ($library in 'Bench', 'Peers', 'Report') { Import-Module (Join-Path $PSScriptRoot "lib/$library.psm1") -Force }
foreach ($program in 'restic', 'borg', '/usr/bin/time') {
    if (-not (Get-Command $program -ErrorAction Ignore)) { throw "$program is missing. On Debian: apt-get install restic borgbackup time" }
}

if (-not $SkipBuild) {
    & dotnet build (Join-Path $root 'EdgeBackup.sln') -c Release -v q --nologo
    if ($LASTEXITCODE -ne 0) { throw 'The build failed.' }
}

$env:EDGEBACKUP_BENCH_TOOL = Join-Path $root 'bench/EdgeBackup.Bench/bin/Release/net10.0/EdgeBackup.Bench.dll'
$env:EDGEBACKUP_BENCH_MODULE = Join-Path $root 'output/EdgeBackup'
$null = New-Item -ItemType Directory -Force $Work
$env:XDG_DATA_HOME = Join-Path $Work 'data'
Initialize-Peer $Work
$sections = Join-Path $PSScriptRoot 'sections'

try {
    foreach ($section in $Only) {
        $lines = switch ($section) {
            'Fleet' { & "$sections/Fleet.ps1" -Work $Work -Runs $Runs -LoopRuns ([Math]::Max(1, $LoopRuns)) -Devices $Devices }
            'Mixed' { & "$sections/Mixed.ps1" -Work $Work -Runs $Runs }
            'Source' {
                & "$sections/Series.ps1" -Work $Work -Runs $Runs -Corpus source -Steps 5 -Title 'Successive versions of a source tree' `
                    -Note 'Each version: lines changed, put in and taken out in a twentieth of the files, some files new, some renamed.'
            }
            'Growth' {
                & "$sections/Series.ps1" -Work $Work -Runs $Runs -Corpus growth -Steps 5 -Title 'Trend logs that grow at their end' `
                    -Note 'Forty logs of 1 to 2 MB; every night each grows by 10 to 60 KB.'
            }
            'Database' {
                & "$sections/Series.ps1" -Work $Work -Runs $Runs -Corpus database -Steps 5 -Title 'An SQLite database in which few pages change' `
                    -Note 'Every night 60 rows in 12 neighbourhoods are updated.'
            }
            'Catalog' { & "$sections/Catalog.ps1" -Work $Work -Devices $CatalogDevices -Backups $CatalogBackups }
            'Scale' { & "$sections/Scale.ps1" -Work $Work -Backups $ScaleBackups }
            'Schedule' { & "$sections/Schedule.ps1" }
            'Ssh' { & "$sections/Ssh.ps1" -Work $Work -Runs $Runs }
            'Bacnet' { & "$sections/Bacnet.ps1" -Runs $Runs }
            'Archive' { & "$sections/Archive.ps1" -Work $Work -Runs $Runs }
            'Inner' { & "$sections/Inner.ps1" }
        }
        Set-ResultSection $Results $section ('Fleet', 'Mixed', 'Source', 'Growth', 'Database', 'Catalog', 'Scale', 'Schedule', 'Ssh', 'Bacnet', 'Archive', 'Inner', 'Profile') $lines
        $lines | Out-Host
    }
}
finally {
    Remove-Item $Work -Recurse -Force -ErrorAction Ignore
}
