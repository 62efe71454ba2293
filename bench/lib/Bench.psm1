#Requires -Version 7.6
# What all sections of the comparison need: medians, sizes, timed programs, and sessions of EdgeBackup.
$ErrorActionPreference = 'Stop'

function Get-Median([double[]] $Values) {
    $sorted = @($Values | Sort-Object)
    $sorted[[int][Math]::Floor(($sorted.Count - 1) / 2)]
}

function Get-FolderSize([string] $Path) {
    [long] (Get-ChildItem $Path -Recurse -File -Force | Measure-Object Length -Sum).Sum
}

# One program, timed from outside: wall and CPU seconds, peak memory in bytes.
function Measure-Program([string] $Program, [string[]] $Arguments, [string] $In = $PWD) {
    $times = New-TemporaryFile
    $output = New-TemporaryFile
    try {
        Push-Location $In
        & /usr/bin/time -q -f '%e %U %S %M' -o $times $Program @Arguments *> $output
        # Borg ends with 1 for a warning, for instance a file that changed.
        if ($LASTEXITCODE -gt [int]($Program -eq 'borg')) { throw "$Program $Arguments failed: $(Get-Content $output -Raw)" }
        $wall, $user, $system, $peak = (Get-Content $times | Select-Object -Last 1) -split ' '
        [pscustomobject] @{ Wall = [double] $wall; Cpu = [double] $user + [double] $system; Peak = 1KB * [long] $peak }
    }
    finally {
        Pop-Location
        Remove-Item $times, $output
    }
}

# Several programs one after another count as one: times add up, the peak is the largest.
function Join-Measure([object[]] $Measures, [double] $Wall) {
    [pscustomobject] @{
        Wall = $Wall ? $Wall : ($Measures | Measure-Object Wall -Sum).Sum
        Cpu  = ($Measures | Measure-Object Cpu -Sum).Sum
        Peak = ($Measures | Measure-Object Peak -Maximum).Maximum
    }
}

# The median of each figure by itself.
function Get-MedianMeasure([object[]] $Measures) {
    [pscustomobject] @{
        Wall = Get-Median $Measures.Wall
        Cpu  = Get-Median $Measures.Cpu
        Peak = Get-Median $Measures.Peak
    }
}

# One work of EdgeBackup in a session of its own: pwsh, the module, a warm-up, then the work.
function Measure-Edge([hashtable] $With) {
    $json = $With | ConvertTo-Json -Compress
    $answer = & pwsh -NoProfile -NonInteractive -File (Join-Path $PSScriptRoot '../Measure-Edge.ps1') -Options $json
    if ($LASTEXITCODE -ne 0) { throw "EdgeBackup failed at $($With.Work): $answer" }
    $answer | Select-Object -Last 1 | ConvertFrom-Json
}

# Makes or changes a corpus.
function Invoke-Corpus {
    & dotnet $env:EDGEBACKUP_BENCH_TOOL @args
    if ($LASTEXITCODE -ne 0) { throw "The corpus failed: $args" }
}

Export-ModuleMember -Function *
