#Requires -Version 7.6
# What the daily commands cost as a repository grows: 200 backups a device, from 10,000 to 1,000,000; and an index of 1,000,000 chunks.
param([string] $Work, [int[]] $Backups = @(10000, 100000, 1000000))
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$columns = foreach ($count in $Backups) {
    $options = @{ Module = $env:EDGEBACKUP_BENCH_MODULE; Repository = Join-Path $Work "scale$count"; KeyFile = Join-Path $Work "scale$count.key" }
    Invoke-Corpus catalog $options.Repository $options.KeyFile ($count / 200) $count
    $answer = & pwsh -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot '../Measure-Scale.ps1') -Options ($options | ConvertTo-Json -Compress)
    if ($LASTEXITCODE -ne 0) { throw "Measuring $count backups failed: $answer" }
    $answer | Select-Object -Last 1 | ConvertFrom-Json
    Remove-Item $options.Repository -Recurse -Force
    Write-Host "scale, $count backups are done"
}

function Format-Row([string] $Name, [scriptblock] $Value) {
    "| $Name | $(($columns | ForEach-Object $Value) -join ' | ') |"
}

'## Cost against size'
''
"200 backups a device, written through the engine; each column a session of its own, the module loaded and warm. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'), load at the end $((Get-Content /proc/loadavg -ErrorAction Ignore) -replace '^(\S+ \S+ \S+).*', '$1')."
''
"| work | $(($Backups | ForEach-Object { '{0:N0}' -f $_ }) -join ' | ') |"
"|---|$('---|' * $Backups.Count)"
Format-Row 'devices' { $_.Devices }
Format-Row 'opening (`Connect-EdgeRepository`)' { '{0:0} ms' -f $_.Reconnect }
Format-Row 'all backups of one device' { '{0:0} ms' -f $_.ListOne }
Format-Row 'all devices with the age of their newest backup' { '{0:0} ms' -f $_.ListAll }
Format-Row 'the same, right after a backup' { '{0:0} ms' -f $_.ListAllAfterBackup }
Format-Row 'one backup of one device, its retention included' { '{0:0} ms' -f $_.Backup }
Format-Row 'the same, when it removes many' { '{0:0} ms for {1}' -f $_.Retention, $_.RetentionRemoved }
Format-Row '`Optimize-EdgeRepository`' { '{0:0.0} s' -f ($_.Optimize / 1000) }
Format-Row 'building the catalog anew' { '{0:0.0} s' -f ($_.Build / 1000) }
Format-Row 'peak memory above the module: listings and backups' { '{0:0} MB' -f ($_.Peak / 1MB) }
Format-Row 'the same, building the catalog' { '{0:0} MB' -f ($_.PeakBuild / 1MB) }
Format-Row 'the same, Optimize' { '{0:0} MB' -f ($_.PeakOptimize / 1MB) }
''

$index = Join-Path $Work 'index'
'| opening the index of 1,000,000 chunks | time | peak memory | goal |'
'|---|---|---|---|'
foreach ($objects in 5, 5000) {
    Invoke-Corpus index $index "$index.key" 1000000 $objects
    $first = & dotnet $env:EDGEBACKUP_BENCH_TOOL open $index "$index.key" | Select-Object -First 1 | ConvertFrom-Json
    '| in {0} index objects, a process'' first | {1} ms | {2:0} MB | 1 s, 150 MB |' -f $objects, $first.OpenMilliseconds, ($first.PeakBytes / 1MB)
    Remove-Item $index, "$index.key" -Recurse -Force
}
''
