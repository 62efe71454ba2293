#Requires -Version 7.6
# A corpus that changes from step to step: Source (versions of a source tree), Growth (trend logs), Database (few changed pages).
param([string] $Work, [int] $Runs, [string] $Corpus, [int] $Steps, [string] $Title, [string] $Note)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Peers.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$folder = Join-Path $Work $Corpus
$figures = @{}
function Add-Figure([string] $Name, $Value) { if (-not $figures[$Name]) { $figures[$Name] = [Collections.Generic.List[object]]::new() }; $figures[$Name].Add($Value) }
function Get-Figure([string] $Name) { Get-MedianMeasure $figures[$Name] }

foreach ($run in 1..$Runs) {
    Remove-Item $folder, "$folder-*" -Recurse -Force -ErrorAction Ignore
    'restic', 'borg' | ForEach-Object { New-PeerRepository $_ "$folder-$_" }
    $following = @{ edge = @(); restic = @(); borg = @() }
    foreach ($step in 0..$Steps) {
        Invoke-Corpus $Corpus $folder $step
        $step -eq 0 ? (Add-Figure size (Get-FolderSize $folder)) : $null
        foreach ($who in 'edge', 'restic', 'borg') {
            $repository = "$folder-$who"
            $measure = $who -eq 'edge' `
                ? (Measure-Edge @{ Work = $step -eq 0 ? 'First' : 'Next'; Repository = $repository; Folders = @($folder) })
                : (Measure-PeerBackup $who $repository $folder "step$step")
            if ($step -eq 0) {
                Add-Figure "$who first" $measure
                Add-Figure "$who bytes" (Get-FolderSize $repository)
            }
            else { $following[$who] += $measure }
        }
    }
    foreach ($who in $following.Keys) {
        Add-Figure "$who following" (Join-Measure $following[$who])
        Add-Figure "$who grown" ((Get-FolderSize "$folder-$who") - $figures["$who bytes"][-1])
    }
    Write-Host "$Corpus, run $run of $Runs is done"
}

$rows = foreach ($name in 'first', 'following') {
    $edge, $restic, $borg = 'edge', 'restic', 'borg' | ForEach-Object { Get-Figure "$_ $name" }
    New-TimeRow ($name -eq 'first' ? 'first backup' : "the $Steps following ones together") $edge $restic $borg 1
    New-MemoryRow $name $edge $restic
}
foreach ($name in 'bytes', 'grown') {
    $edge, $restic, $borg = 'edge', 'restic', 'borg' | ForEach-Object { Get-Median $figures["$_ $name"] }
    $rows += New-ByteRow ($name -eq 'bytes' ? 'bytes after the first' : 'bytes grown by the following ones') $edge $restic $borg 1.05
}

Format-Section "$Title, $([Math]::Round((Get-Median $figures.size) / 1MB)) MB" "$Note $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'); medians of $Runs runs." $rows
