#Requires -Version 7.6
# One run of the schedule over simulated devices.
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Report.psm1')

'## A scheduled run over 500 HTTP devices'
''
"2 MB each, in sites of ten, every call 50 ms on its way; each run a session of its own, not warmed up, with 16 devices read at once and 8 a site. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'), load $((Get-Content /proc/loadavg -ErrorAction Ignore) -replace '^(\S+ \S+ \S+).*', '$1')."
''
& (Join-Path $PSScriptRoot '../Measure-Schedule.ps1')
