#Requires -Version 7.6
# 1.5 GB of the machine's own files as one device: first backup, the same unchanged, full read verification, restore.
param([string] $Work, [int] $Runs)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Peers.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$folder = Join-Path $Work 'mixed'
$works = @(
    @{ Name = 'first backup'; Goal = 1.8 }
    @{ Name = 'unchanged'; Goal = 2 }
    @{ Name = 'full read verification'; Goal = 2.5 }
    @{ Name = 'restore of all'; Goal = 2 }
)
$figures = @{}
function Add-Figure([string] $Name, $Value) { if (-not $figures[$Name]) { $figures[$Name] = [Collections.Generic.List[object]]::new() }; $figures[$Name].Add($Value) }
function Get-Figure([string] $Name) { Get-MedianMeasure $figures[$Name] }

Invoke-Corpus mixed $folder
$files = Get-ChildItem $folder -Recurse -File -Force
foreach ($run in 1..$Runs) {
    foreach ($who in 'edge', 'restic', 'borg') {
        Remove-Item "$folder-*" -Recurse -Force
        if ($who -eq 'edge') {
            $repository = "$folder-edge"
            Add-Figure "$who first backup" (Measure-Edge @{ Work = 'First'; Repository = $repository; Folders = @($folder) })
            Add-Figure "$who bytes" (Get-FolderSize $repository)
            Add-Figure "$who unchanged" (Measure-Edge @{ Work = 'Next'; Repository = $repository })
            Add-Figure "$who full read verification" (Measure-Edge @{ Work = 'Verify'; Repository = $repository })
            Add-Figure "$who restore of all" (Measure-Edge @{ Work = 'Restore'; Repository = $repository; Device = 'mixed'; Target = "$folder-restored" })
        }
        else {
            $repository = "$folder-$who"
            New-PeerRepository $who $repository
            Add-Figure "$who first backup" (Measure-PeerBackup $who $repository $folder 'first')
            Add-Figure "$who bytes" (Get-FolderSize $repository)
            Add-Figure "$who unchanged" (Measure-PeerBackup $who $repository $folder 'second')
            Add-Figure "$who full read verification" (Measure-PeerVerify $who $repository)
            Add-Figure "$who restore of all" (Measure-PeerRestore $who $repository 'second' $folder "$folder-restored")
        }
        Write-Host "mixed, run $run of ${Runs}: $who is done"
    }
}
Remove-Item "$folder-*" -Recurse -Force

$rows = foreach ($one in $works) {
    $edge, $restic, $borg = 'edge', 'restic', 'borg' | ForEach-Object { Get-Figure "$_ $($one.Name)" }
    New-TimeRow $one.Name $edge $restic $borg $one.Goal
    New-MemoryRow $one.Name $edge $restic
}
$rows += New-ByteRow 'bytes after the first backup' (Get-Median $figures['edge bytes']) (Get-Median $figures['restic bytes']) (Get-Median $figures['borg bytes']) 1.05

Format-Section "Mixed files: $($files.Count), $([Math]::Round(($files | Measure-Object Length -Sum).Sum / 1MB)) MB" "Chosen from the machine's own files by a fixed rule. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'); medians of $Runs runs." $rows
