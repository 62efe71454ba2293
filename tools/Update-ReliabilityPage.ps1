#Requires -Version 7.6
<#
.SYNOPSIS
    Writes the counts of a soak into docs/reliability.md, between its two marks.

.PARAMETER Results
    The file that the durability tests appended to: one line of JSON for each.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $Results
)

$ErrorActionPreference = 'Stop'
$page = Join-Path $PSScriptRoot '..' 'docs' 'reliability.md'
$begin, $end = '<!-- soak: begin -->', '<!-- soak: end -->'
$rows = Get-Content $Results | Where-Object { $_ } | ConvertFrom-Json | Sort-Object what
if (-not $rows) {
    throw "'$Results' holds no results."
}

function Get-Sum([string] $Property) {
    ($rows | Measure-Object -Property $Property -Sum).Sum
}

function Format-Row($Row) {
    '| {0} | {1:N0} | {2:N0} | {3:N0} | {4:N0} | {5:N0} | {6:N0} | {7:N0} | {8:N0} s |' -f $Row.what, $Row.trials, $Row.kills, $Row.faults, $Row.flips, $Row.checked, $Row.lost, $Row.wronglyRefused, $Row.seconds
}

$total = [pscustomobject]@{ what = '**all**' }
foreach ($name in 'trials', 'kills', 'faults', 'flips', 'checked', 'lost', 'wronglyRefused', 'seconds') {
    $total | Add-Member $name (Get-Sum $name)
}

$machine = '{0}, {1}, {2} cores, .NET {3}' -f [System.Runtime.InteropServices.RuntimeInformation]::OSDescription, [System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture, [Environment]::ProcessorCount, [Environment]::Version
$table = @(
    $begin
    ''
    '{0:yyyy-MM-dd} on {1}; seed {2}.' -f [DateTime]::UtcNow, $machine, (($rows.seed | Sort-Object -Unique) -join ', ')
    ''
    '| what | trials | kills | faults | flips | backups read back | lost | wrongly refused | duration |'
    '|---|---|---|---|---|---|---|---|---|'
    $rows | ForEach-Object { Format-Row $_ }
    Format-Row $total
    ''
    $end
) -join "`n"
$text = Get-Content $page -Raw
$from, $to = $text.IndexOf($begin), $text.IndexOf($end)
if ($from -lt 0 -or $to -lt $from) {
    throw "'$page' has lost the marks '$begin' and '$end'."
}

Set-Content $page ($text.Substring(0, $from) + $table + $text.Substring($to + $end.Length)) -NoNewline
Get-Item $page
