#Requires -Version 7.6
<#
.SYNOPSIS
Measures EdgeBackup against restic on the same data in the same run, and a large catalog, and writes bench/RESULTS.md.

.DESCRIPTION
Fleet: folders of devices made from a seed. restic runs once a device in a loop, as its users script it. EdgeBackup runs one
New-EdgeBackup over all devices, inside a session with the module loaded, warm (one small backup before). Both take turns;
medians are of whole runs. Second night: a tenth of the devices changed, a third grown.
Catalog: a repository of many backups, written through the engine; listings of one device in a session with the module loaded.
#>
param(
    [int] $Runs = 3,
    [int] $Devices = 300,
    [int] $CatalogDevices = 5000,
    [int] $CatalogBackups = 1000000,
    [ValidateSet('All', 'Fleet', 'Catalog')] [string] $Only = 'All',
    [string] $Work = (Join-Path ([IO.Path]::GetTempPath()) "edgebackup-bench-$PID")
)

$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot
$results = [ordered] @{}

function Get-Median([double[]] $Values) {
    $sorted = @($Values | Sort-Object)
    $sorted[[int][Math]::Floor(($sorted.Count - 1) / 2)]
}

function Get-FolderSize([string] $Path) {
    (Get-ChildItem $Path -Recurse -File -Force | Measure-Object Length -Sum).Sum
}

# A session of its own for each measurement: pwsh, the module, then the work; its answer is JSON.
function Invoke-Session([string] $Script, [hashtable] $With) {
    $json = $With | ConvertTo-Json -Compress
    $answer = & pwsh -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot $Script) -Options $json
    if ($LASTEXITCODE -ne 0) { throw "$Script failed: $answer" }
    $answer | Select-Object -Last 1 | ConvertFrom-Json
}

function Measure-Restic([string] $Repository, [string] $Fleet) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    foreach ($device in Get-ChildItem $Fleet -Directory) {
        & restic -q -r $Repository backup $device.FullName
        if ($LASTEXITCODE -ne 0) { throw "restic failed on $device" }
    }
    $watch.Elapsed.TotalSeconds
}

& dotnet build (Join-Path $root 'EdgeBackup.sln') -c Release -v q --nologo
if ($LASTEXITCODE -ne 0) { throw 'The build failed.' }
$tool = Join-Path $root 'bench/EdgeBackup.Bench/bin/Release/net10.0/EdgeBackup.Bench.dll'
$module = Join-Path $root 'output/EdgeBackup'
$null = New-Item -ItemType Directory -Force $Work
$env:XDG_DATA_HOME = Join-Path $Work 'data'
$env:RESTIC_PASSWORD = 'bench'
$env:RESTIC_CACHE_DIR = Join-Path $Work 'restic-cache'

try {
    if ($Only -ne 'Catalog') {
        $nights = @{ restic1 = @(); restic2 = @(); edge1 = @(); edge2 = @(); memory1 = @(); memory2 = @() }
        foreach ($run in 1..$Runs) {
            $fleet = Join-Path $Work 'fleet'
            Remove-Item $fleet, (Join-Path $Work 'restic'), (Join-Path $Work 'edge') -Recurse -Force -ErrorAction Ignore
            & dotnet $tool fleet $fleet $Devices
            $restic = Join-Path $Work 'restic'
            & restic -q init -r $restic
            $edge = @{ Module = $module; Fleet = $fleet; Repository = Join-Path $Work 'edge' }

            $first = Invoke-Session 'Measure-Fleet.ps1' ($edge + @{ First = $true })
            $nights.edge1 += $first.Seconds; $nights.memory1 += $first.PeakAbove
            $nights.restic1 += Measure-Restic $restic $fleet
            $bytes1 = @{ edge = Get-FolderSize $edge.Repository; restic = Get-FolderSize $restic }

            & dotnet $tool night $fleet $Devices
            $second = Invoke-Session 'Measure-Fleet.ps1' ($edge + @{ First = $false })
            $nights.edge2 += $second.Seconds; $nights.memory2 += $second.PeakAbove
            $nights.restic2 += Measure-Restic $restic $fleet
            $bytes2 = @{ edge = Get-FolderSize $edge.Repository; restic = Get-FolderSize $restic }
            Write-Host "run $run of ${Runs}: first night $($nights.edge1[-1]) s against $($nights.restic1[-1]) s, second $($nights.edge2[-1]) s against $($nights.restic2[-1]) s"
        }
        $results.Fleet = [ordered] @{
            Size = Get-FolderSize $fleet
            Edge1 = Get-Median $nights.edge1; Restic1 = Get-Median $nights.restic1
            Edge2 = Get-Median $nights.edge2; Restic2 = Get-Median $nights.restic2
            Bytes1 = $bytes1; Bytes2 = $bytes2
            Memory1 = Get-Median $nights.memory1; Memory2 = Get-Median $nights.memory2
        }
    }

    if ($Only -ne 'Fleet') {
        $catalog = @{ Module = $module; Repository = Join-Path $Work 'catalog'; KeyFile = Join-Path $Work 'catalog.key' }
        & dotnet $tool catalog $catalog.Repository $catalog.KeyFile $CatalogDevices $CatalogBackups
        if ($LASTEXITCODE -ne 0) { throw 'The catalog corpus failed.' }
        $results.Catalog = Invoke-Session 'Measure-Catalog.ps1' $catalog
    }
}
finally {
    Remove-Item $Work -Recurse -Force -ErrorAction Ignore
}

$cpu = (Get-Content /proc/cpuinfo -ErrorAction Ignore | Select-String 'model name' | Select-Object -First 1) -replace '.*:\s*', ''
$text = [Collections.Generic.List[string]]::new()
$text.Add('# Results')
$text.Add('')
$text.Add("Written by ``bench/run`` on $(Get-Date -Format 'yyyy-MM-dd'): $([Environment]::ProcessorCount) cores ($cpu), $([Runtime.InteropServices.RuntimeInformation]::OSDescription), .NET $([Environment]::Version), PowerShell $($PSVersionTable.PSVersion), $((& restic version) -replace ' compiled.*', ''). Medians of $Runs whole runs; both programs in turn on the same data, inside a session with the module loaded, warm.")
if ($results.Fleet) {
    $f = $results.Fleet
    $text.Add('')
    $text.Add("## A fleet of $Devices small devices, $([Math]::Round($f.Size / 1MB)) MB")
    $text.Add('')
    $text.Add('| work | EdgeBackup | restic, once a device | ratio | goal |')
    $text.Add('|---|---|---|---|---|')
    $text.Add(('| first night | {0:0.0} s | {1:0.0} s | {2:0.0} times as fast | 10 |' -f $f.Edge1, $f.Restic1, ($f.Restic1 / $f.Edge1)))
    $text.Add(('| second night | {0:0.0} s | {1:0.0} s | {2:0.0} times as fast | 10 |' -f $f.Edge2, $f.Restic2, ($f.Restic2 / $f.Edge2)))
    $text.Add(('| bytes after the first | {0:0.0} MB | {1:0.0} MB | {2:0.00} | 1.1 |' -f ($f.Bytes1.edge / 1MB), ($f.Bytes1.restic / 1MB), ($f.Bytes1.edge / $f.Bytes1.restic)))
    $text.Add(('| bytes after the second | {0:0.0} MB | {1:0.0} MB | {2:0.00} | 1.1 |' -f ($f.Bytes2.edge / 1MB), ($f.Bytes2.restic / 1MB), ($f.Bytes2.edge / $f.Bytes2.restic)))
    $text.Add(('| grown by the second | {0:0.0} MB | {1:0.0} MB | {2:0.00} | |' -f (($f.Bytes2.edge - $f.Bytes1.edge) / 1MB), (($f.Bytes2.restic - $f.Bytes1.restic) / 1MB), (($f.Bytes2.edge - $f.Bytes1.edge) / ($f.Bytes2.restic - $f.Bytes1.restic))))
    $text.Add(('| peak memory above the loaded module | {0:0} MB, second night {1:0} MB | | | 150 MB |' -f ($f.Memory1 / 1MB), ($f.Memory2 / 1MB)))
}
if ($results.Catalog) {
    $c = $results.Catalog
    $text.Add('')
    $text.Add("## A catalog of $CatalogBackups backups of $CatalogDevices devices")
    $text.Add('')
    $text.Add('| work | measured | goal |')
    $text.Add('|---|---|---|')
    $text.Add(('| `Get-EdgeBackup -Device X`, first object | {0:0.0} ms | 50 ms |' -f $c.FirstObject))
    $text.Add(('| the same, all {1} of the device | {0:0.0} ms | 100 ms |' -f $c.AllObjects, $c.Count))
    $text.Add(('| `Get-EdgeDevice`, all | {0:0} ms | |' -f $c.AllDevices))
    $text.Add(('| building the catalog from the repository | {0:0} s | |' -f $c.BuildSeconds))
}
$text.Add('')
Set-Content (Join-Path $PSScriptRoot 'RESULTS.md') ($text -join "`n") -NoNewline
Get-Content (Join-Path $PSScriptRoot 'RESULTS.md')
