#Requires -Version 7.6
# The rows of the comparison and bench/RESULTS.md, one table a section.
$ErrorActionPreference = 'Stop'

function Format-Measure($Measure) {
    if ($null -eq $Measure) { return '' }
    '{0:0.00} s, CPU {1:0.0} s, {2:0} MB' -f $Measure.Wall, $Measure.Cpu, ($Measure.Peak / 1MB)
}

# A row about time: how many times as fast as the faster peer.
function New-TimeRow([string] $Work, $Edge, $Restic, $Borg, [double] $Goal) {
    $ratio = (@($Restic, $Borg) | Where-Object { $_ } | Measure-Object Wall -Minimum).Minimum / $Edge.Wall
    [pscustomobject] @{
        Work = $Work; Edge = Format-Measure $Edge; Restic = Format-Measure $Restic; Borg = Format-Measure $Borg
        Result = '{0:0.0} times as fast' -f $ratio; Goal = "$Goal times"; Met = $ratio -ge $Goal
    }
}

# A row about bytes: the share of what the smaller peer needs.
function New-ByteRow([string] $Work, [double] $Edge, [double] $Restic, [double] $Borg, [double] $Goal) {
    $ratio = $Edge / [Math]::Min($Restic, $Borg)
    [pscustomobject] @{
        Work = $Work; Edge = '{0:0.0} MB' -f ($Edge / 1MB); Restic = '{0:0.0} MB' -f ($Restic / 1MB); Borg = '{0:0.0} MB' -f ($Borg / 1MB)
        Result = '{0:0.00} of the smaller' -f $ratio; Goal = "at most $Goal"; Met = $ratio -le $Goal
    }
}

# A row about memory: EdgeBackup's peak above the loaded module's own against restic's peak.
function New-MemoryRow([string] $Work, $Edge, $Restic) {
    [pscustomobject] @{
        Work = "$Work, peak memory"; Edge = '{0:0} MB' -f ($Edge.Peak / 1MB); Restic = '{0:0} MB' -f ($Restic.Peak / 1MB); Borg = ''
        Result = '{0:0.00} of restic''s' -f ($Edge.Peak / $Restic.Peak); Goal = 'at most 1'; Met = $Edge.Peak -le $Restic.Peak
    }
}

function Format-Section([string] $Title, [string] $Note, [object[]] $Rows) {
    "## $Title"
    ''
    $Note
    ''
    '| work | EdgeBackup | restic | borg | result | goal | met |'
    '|---|---|---|---|---|---|---|'
    foreach ($row in $Rows) {
        "| $($row.Work) | $($row.Edge) | $($row.Restic) | $($row.Borg) | $($row.Result) | $($row.Goal) | $($row.Met ? 'yes' : '**no**') |"
    }
    ''
}

function Get-MachineText {
    $cpu = (Get-Content /proc/cpuinfo -ErrorAction Ignore | Select-String 'model name' | Select-Object -First 1) -replace '.*:\s*', ''
    "$([Environment]::ProcessorCount) cores ($cpu), $([Runtime.InteropServices.RuntimeInformation]::OSDescription), .NET $([Environment]::Version), " +
    "PowerShell $($PSVersionTable.PSVersion), $((& restic version) -replace ' compiled.*', ''), $(& borg --version)"
}

# Puts a section at its place; those that were not measured now stay as they were.
function Set-ResultSection([string] $Path, [string] $Name, [string[]] $Order, [string[]] $Lines) {
    $sections = [ordered] @{}
    $current = $null
    foreach ($line in Get-Content $Path -ErrorAction Ignore) {
        if ($line -match '^<!-- (\w+) -->$') { $sections[($current = $Matches[1])] = [Collections.Generic.List[string]]::new() }
        elseif ($current) { $sections[$current].Add($line) }
    }
    $sections[$Name] = $Lines
    $text = @(
        '# Results'
        ''
        'Written by `bench/run`: EdgeBackup, restic (encrypted, default compression) and borg (repokey-blake2, zstd 1) on the same data in turn, all warm; EdgeBackup inside a session with the module loaded. Each cell is wall time, CPU time of all cores and peak memory, for EdgeBackup above that of the loaded module. Each section says when and on what it was measured; `bench/run -Only <section>` writes one anew.'
        ''
        foreach ($known in $Order) {
            if ($sections[$known]) { "<!-- $known -->"; ($sections[$known] -join "`n").TrimEnd(); '' }
        }
    )
    Set-Content $Path (($text -join "`n").TrimEnd() + "`n") -NoNewline
}

Export-ModuleMember -Function *
