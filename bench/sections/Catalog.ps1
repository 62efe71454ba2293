#Requires -Version 7.6
# Listings in a repository of very many backups, written through the engine.
param([string] $Work, [int] $Devices, [int] $Backups)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$options = @{ Module = $env:EDGEBACKUP_BENCH_MODULE; Repository = Join-Path $Work 'catalog'; KeyFile = Join-Path $Work 'catalog.key' }
Invoke-Corpus catalog $options.Repository $options.KeyFile $Devices $Backups
$answer = & pwsh -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot '../Measure-Catalog.ps1') -Options ($options | ConvertTo-Json -Compress)
if ($LASTEXITCODE -ne 0) { throw "Measuring the catalog failed: $answer" }
$c = $answer | Select-Object -Last 1 | ConvertFrom-Json
Remove-Item $options.Repository -Recurse -Force

"## A catalog of $Backups backups of $Devices devices"
''
"$(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'). The listings are medians of 21, each of another device. ``Get-EdgeDevice`` over all lists every folder in which something happened since the last time."
''
'| work | measured | goal |'
'|---|---|---|'
'| `Get-EdgeBackup -Device X`, first object | {0:0.0} ms | 50 ms |' -f $c.FirstObject
'| the same, all {1} of the device | {0:0.0} ms | 100 ms |' -f $c.AllObjects, $c.Count
'| `Get-EdgeDevice`, all | {0:0} ms | |' -f $c.AllDevices
'| building the catalog from the repository | {0:0} s | |' -f $c.BuildSeconds
''
