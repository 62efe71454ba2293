#Requires -Version 7.6
# A capture of a simulated BACnet device, beside the plainest reading of the same bytes; then the same 50 ms away.
param([int] $Runs)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$near, $far = 5MB, 512KB
$times = @{}
foreach ($run in 1..$Runs) {
    foreach ($way in @{ Name = 'near'; Length = $near; RoundTrip = 0 }, @{ Name = 'far'; Length = $far; RoundTrip = 50 }) {
        $answer = & dotnet $env:EDGEBACKUP_BENCH_TOOL bacnet $way.Length $way.RoundTrip
        if ($LASTEXITCODE -ne 0) { throw "The capture failed: $answer" }
        foreach ($line in $answer) {
            $name, $seconds = -split $line
            $key = "$($way.Name) $name"
            if (-not $times.ContainsKey($key)) { $times[$key] = [Collections.Generic.List[double]]::new() }
            $times[$key].Add([double] $seconds)
        }
    }
    Write-Host "bacnet, run $run of ${Runs}: $(($times.Keys | Sort-Object | ForEach-Object { "$_ $([Math]::Round($times[$_][-1], 2)) s" }) -join ', ')"
}

$median = @{}
foreach ($key in $times.Keys) { $median[$key] = Get-Median $times[$key] }
function Get-Row([string] $Title, [string] $Key, [long] $Length) {
    "| $Title | $([Math]::Round($median[$Key], 2)) s | $([Math]::Round($Length / 1KB / $median[$Key])) KB/s |"
}

'## A BACnet device'
''
"A simulated device in the same process, one configuration file of random bytes, APDUs of 1476 bytes; the whole procedure from the first question to END_BACKUP, bytes thrown away. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'); medians of $Runs runs, load at the end $((Get-Content /proc/loadavg -ErrorAction Ignore) -replace '^(\S+ \S+ \S+).*', '$1')."
''
'| | time | throughput |'
'|---|---|---|'
Get-Row '5 MB over loopback: one AtomicReadFile after the other, no answer looked at' 'near plain' $near
Get-Row '5 MB over loopback: EdgeBackup, answers in parts' 'near parts' $near
Get-Row '5 MB over loopback: EdgeBackup, a device that sends no parts' 'near whole' $near
Get-Row '512 KB at a round trip of 50 ms: EdgeBackup, answers in parts' 'far parts' $far
Get-Row '512 KB at a round trip of 50 ms: EdgeBackup, a device that sends no parts' 'far whole' $far
''
"The goals: 0.6 of the plain reading over loopback, $([Math]::Round($median['near plain'] / $median['near parts'], 2)) with parts and $([Math]::Round($median['near plain'] / $median['near whole'], 2)) without; parts 3 times as fast as none at 50 ms, $([Math]::Round($median['far whole'] / $median['far parts'], 1)) times."
''
