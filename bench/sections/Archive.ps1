#Requires -Version 7.6
# A large history into an archive, generated and over HTTP, and out of it again with a filter.
param([string] $Work, [int] $Runs, [int] $Events = 1000000, [int] $Records = 5000000)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

function Invoke-Tool([string[]] $Arguments) {
    $answer = & dotnet $env:EDGEBACKUP_BENCH_TOOL @Arguments
    if ($LASTEXITCODE -ne 0) { throw "The tool failed: $answer" }
    [double[]] (-split $answer)
}

$folder = New-Item -ItemType Directory -Force (Join-Path $Work 'archive')
$written, $http, $filtered, $wild = 1..4 | ForEach-Object { , [Collections.Generic.List[double]]::new() }
$peaks = [Collections.Generic.List[double]]::new()
try {
    foreach ($run in 1..$Runs) {
        Remove-Item "$folder/*" -Recurse -Force
        $seconds, $count, $bytes, $peak = Invoke-Tool 'archive', "$folder", $Events, $Records
        if ($count -ne $Events + $Records) { throw "The archive has $count records." }
        $written.Add($count / $seconds)
        $peaks.Add($peak)

        # The cmdlet in a shell of its own: what it gives is few, what it looks at is all.
        $script = @'
$ProgressPreference = 'SilentlyContinue'
Import-Module $env:EDGEBACKUP_BENCH_MODULE
$null = Get-EdgeArchiveRecord "$env:EDGEBACKUP_BENCH_ARCHIVES" -Category nothing
$one = Measure-Command { $given = @(Get-EdgeArchiveRecord "$env:EDGEBACKUP_BENCH_ARCHIVES" -Value 17.77) }
$two = Measure-Command { $more = @(Get-EdgeArchiveRecord "$env:EDGEBACKUP_BENCH_ARCHIVES" -Value '1?.77') }
"$($one.TotalSeconds) $($given.Count) $($two.TotalSeconds) $($more.Count)"
'@
        $env:EDGEBACKUP_BENCH_ARCHIVES = "$folder/archives"
        $env:EDGEBACKUP_BENCH_MODULE = (Resolve-Path (Join-Path $PSScriptRoot '../../output/EdgeBackup')).Path
        $one, $given, $two, $more = [double[]] (-split (& pwsh -NoProfile -NonInteractive -Command $script))
        if ($given -lt $Records / 1000 -or $more -lt $given) { throw "The filters gave $given and $more records." }
        $filtered.Add($count / $one)
        $wild.Add($count / $two)
        Write-Host "archive, run $run of ${Runs}: $([Math]::Round($written[-1])) written, $([Math]::Round($filtered[-1])) read in a second, $([Math]::Round($peak / 1MB)) MB"
    }

    # Over HTTP both ends are on this machine; a tenth is enough to tell the rate.
    $simulator = [Diagnostics.ProcessStartInfo]::new('dotnet')
    foreach ($argument in (Resolve-Path (Join-Path $PSScriptRoot '../../src/EdgeBackup.Simulator/bin/Release/net10.0/EdgeBackup.Simulator.dll')).Path, 'serve', '--devices', '0', '--bms', '1', '--events', ($Events / 10), '--records', ($Records / 10)) { $simulator.ArgumentList.Add($argument) }
    $simulator.RedirectStandardOutput = $true
    $process = [Diagnostics.Process]::Start($simulator)
    try {
        $address = (-split $process.StandardOutput.ReadLine())[2]
        foreach ($run in 1..$Runs) {
            Remove-Item "$folder/*" -Recurse -Force
            $seconds, $count, $null = Invoke-Tool 'archive', "$folder", 0, 0, $address
            if ($count -lt ($Events + $Records) / 10) { throw "The archive over HTTP has $count records." }
            $http.Add($count / $seconds)
        }
    }
    finally {
        $process.Kill($true)
    }
}
finally {
    Remove-Item $folder -Recurse -Force
}

function Format-Rate([double] $Rate) { '{0:N0} records/s' -f $Rate }

'## Archives'
''
"{0:N0} events and {1:N0} trend records in 50 logs. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'); medians of $Runs runs, load at the end $((Get-Content /proc/loadavg -ErrorAction Ignore) -replace '^(\S+ \S+ \S+).*', '$1')." -f $Events, $Records
''
'| | result | goal | met |'
'|---|---|---|---|'
"| ``New-EdgeArchive``'s engine, generated history, to CSV | $(Format-Rate (Get-Median $written)) | 200,000 | $((Get-Median $written) -ge 200000 ? 'yes' : '**no**') |"
"| its peak memory, the whole process | $([Math]::Round((Get-Median $peaks) / 1MB)) MB | 200 MB | $((Get-Median $peaks) -lt 200MB ? 'yes' : '**no**') |"
"| the same from the simulator over HTTP, a tenth of the records, both on this machine | $(Format-Rate (Get-Median $http)) | | |"
"| ``Get-EdgeArchiveRecord -Value 17.77`` over all, in pwsh | $(Format-Rate (Get-Median $filtered)) | 500,000 | $((Get-Median $filtered) -ge 500000 ? 'yes' : '**no**') |"
"| ``Get-EdgeArchiveRecord -Value '1?.77'`` over all, in pwsh | $(Format-Rate (Get-Median $wild)) | 500,000 | $((Get-Median $wild) -ge 500000 ? 'yes' : '**no**') |"
''
