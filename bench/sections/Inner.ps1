#Requires -Version 7.6
# The inner loops, by BenchmarkDotNet (its short job, in its own process).
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

$table = & dotnet $env:EDGEBACKUP_BENCH_TOOL inner
if ($LASTEXITCODE -ne 0) { throw "The inner loops failed: $table" }
'## Inner loops'
''
"BenchmarkDotNet 0.14.0, short job, one core, medians. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'), load at the end $((Get-Content /proc/loadavg -ErrorAction Ignore) -replace '^(\S+ \S+ \S+).*', '$1')."
''
@($table | Where-Object { $_ -match '^\|' })
''
