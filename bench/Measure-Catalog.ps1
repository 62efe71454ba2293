#Requires -Version 7.6
# Listings in a repository of many backups, in a session of its own; called by Compare.ps1.
param([string] $Options)
$ErrorActionPreference = 'Stop'
$with = $Options | ConvertFrom-Json
Import-Module $with.Module
$null = Connect-EdgeRepository $with.Repository -KeyFile $with.KeyFile

$watch = [Diagnostics.Stopwatch]::StartNew()
$devices = @(Get-EdgeDevice)
$build = $watch.Elapsed.TotalSeconds
$watch.Restart()
$null = @(Get-EdgeDevice)
$all = $watch.Elapsed.TotalMilliseconds

function Get-Median([double[]] $Values) { @($Values | Sort-Object)[[int][Math]::Floor(($Values.Count - 1) / 2)] }

# Another device each time: what one listing has read does not help the next.
$first = [Collections.Generic.List[double]]::new()
$complete = [Collections.Generic.List[double]]::new()
$count = 0
foreach ($number in 1..21) {
    $id = $devices[($number * 227) % $devices.Count].Id
    $watch.Restart()
    $null = Get-EdgeBackup -Device $id | Select-Object -First 1
    $first.Add($watch.Elapsed.TotalMilliseconds)
    $id = $devices[($number * 229 + 1) % $devices.Count].Id
    $watch.Restart()
    $count = @(Get-EdgeBackup -Device $id).Count
    $complete.Add($watch.Elapsed.TotalMilliseconds)
}
@{ FirstObject = Get-Median $first; AllObjects = Get-Median $complete; Count = $count; AllDevices = $all; BuildSeconds = $build } | ConvertTo-Json -Compress
