#Requires -Version 7.6
# A fleet of small devices: two nights, one device restored, and retention. The peers once a device in a loop, and once over the whole.
param([string] $Work, [int] $Runs, [int] $LoopRuns, [int] $Devices)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Peers.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$fleet = Join-Path $Work 'fleet'
$peers = 'restic', 'borg'
$figures = @{}
function Add-Figure([string] $Name, $Value) { if (-not $figures[$Name]) { $figures[$Name] = [Collections.Generic.List[object]]::new() }; $figures[$Name].Add($Value) }
function Get-Figure([string] $Name) { Get-MedianMeasure $figures[$Name] }
function Get-Grown([string] $Who) { (Get-Median $figures["$Who bytes 2"]) - (Get-Median $figures["$Who bytes 1"]) }

foreach ($run in 1..$Runs) {
    $withLoop = $run -le $LoopRuns
    Get-ChildItem $Work -Directory -Filter 'fleet*' | Remove-Item -Recurse -Force
    Invoke-Corpus fleet $fleet $Devices
    $folders = @((Get-ChildItem $fleet -Directory).FullName)
    foreach ($peer in $peers) {
        New-PeerRepository $peer "$fleet-$peer-whole"
        if ($withLoop) { New-PeerRepository $peer "$fleet-$peer" }
    }

    foreach ($night in 1, 2) {
        if ($night -eq 2) { Invoke-Corpus night $fleet $Devices }
        $size = Get-FolderSize $fleet
        Add-Figure "edge $night" (Measure-Edge @{ Work = $night -eq 1 ? 'First' : 'Next'; Repository = "$fleet-edge"; Folders = $folders })
        Add-Figure "edge bytes $night" (Get-FolderSize "$fleet-edge")
        foreach ($peer in $peers) {
            Add-Figure "$peer whole $night" (Measure-PeerBackup $peer "$fleet-$peer-whole" $fleet "all-$night")
            if ($withLoop) {
                Add-Figure "$peer $night" (Measure-PeerLoop $peer "$fleet-$peer" $fleet "night$night")
                Add-Figure "$peer bytes $night" (Get-FolderSize "$fleet-$peer")
            }
        }

        # Manual backups are those whose retention does not wait for months.
        if ($withLoop) { $null = Measure-Edge @{ Work = $night -eq 1 ? 'First' : 'Next'; Repository = "$fleet-edge-named"; Folders = $folders; Name = "night$night" } }
        Write-Host "fleet, run $run of ${Runs}, night $night is done"
    }

    $device = Split-Path -Leaf $folders[0]
    Add-Figure 'edge one' (Measure-Edge @{ Work = 'Restore'; Repository = "$fleet-edge"; Device = $device; Target = "$fleet-restored-edge" })
    if ($withLoop) {
        foreach ($peer in $peers) {
            Add-Figure "$peer one" (Measure-PeerRestore $peer "$fleet-$peer" "$device-night2" $folders[0] "$fleet-restored-$peer")
        }
        Add-Figure 'edge retention' (Measure-Edge @{ Work = 'Retention'; Repository = "$fleet-edge-named"; ManualLimit = 1 })
        foreach ($peer in $peers) { Add-Figure "$peer retention" (Measure-PeerRetention $peer "$fleet-$peer" $fleet) }
    }
}

$rows = foreach ($night in 1, 2) {
    $name = $night -eq 1 ? 'first night' : 'second night'
    $edge = Get-Figure "edge $night"
    New-TimeRow "$name, peers in a loop over devices" $edge (Get-Figure "restic $night") (Get-Figure "borg $night") ($night -eq 1 ? 15 : 40)
    New-TimeRow "$name, peers with one backup of the whole" $edge (Get-Figure "restic whole $night") (Get-Figure "borg whole $night") 1
    New-MemoryRow $name $edge (Get-Figure "restic whole $night")
}
$rows += New-ByteRow 'bytes after the first night' (Get-Median $figures['edge bytes 1']) (Get-Median $figures['restic bytes 1']) (Get-Median $figures['borg bytes 1']) 1.05
$rows += New-ByteRow 'bytes grown by the second night' (Get-Grown edge) (Get-Grown restic) (Get-Grown borg) 0.6
$rows += New-TimeRow 'restore of one device' (Get-Figure 'edge one') (Get-Figure 'restic one') (Get-Figure 'borg one') 5
$rows += New-MemoryRow 'restore of one device' (Get-Figure 'edge one') (Get-Figure 'restic one')
$rows += New-TimeRow 'retention, the newest of each device kept' (Get-Figure 'edge retention') (Get-Figure 'restic retention') (Get-Figure 'borg retention') 10
$rows += New-MemoryRow 'retention' (Get-Figure 'edge retention') (Get-Figure 'restic retention')

Format-Section "A fleet of $Devices small devices, $([Math]::Round($size / 1MB)) MB" "Second night: a tenth of the devices changed, a third grown. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'); medians of $Runs runs, loops over devices of $LoopRuns." $rows
