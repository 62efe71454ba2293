# Runs one Pester file and writes its counts and failures as JSON.
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $ResultPath
)

$ErrorActionPreference = 'Stop'
Import-Module Pester -MinimumVersion 5.5

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$run = Invoke-Pester -Configuration $configuration

function Get-Message($ErrorRecord) {
    # Of the stack only the lines in the tests' own files: the rest is Pester's.
    foreach ($record in $ErrorRecord) {
        "$record"
        $record.ScriptStackTrace -split "`n" | Where-Object { $_ -match '\.Tests\.ps1|TestSupport' }
    }
}

# A block that breaks in its set-up runs none of its tests, and counts as one failure.
$failures = @(
    foreach ($test in $run.Failed | Where-Object ErrorRecord) {
        [ordered]@{ Name = $test.ExpandedPath; Message = (Get-Message $test.ErrorRecord) -join "`n" }
    }
    foreach ($block in $run.FailedBlocks) {
        [ordered]@{ Name = "$($block.ExpandedPath) (set-up or clean-up)"; Message = (Get-Message $block.ErrorRecord) -join "`n" }
    }
    foreach ($container in $run.FailedContainers) {
        [ordered]@{ Name = "$($container.Name) (discovery)"; Message = (Get-Message $container.ErrorRecord) -join "`n" }
    }
)
[ordered]@{
    Passed   = $run.PassedCount
    Failed   = $failures.Count
    Skipped  = $run.SkippedCount + $run.NotRunCount
    Failures = $failures
} | ConvertTo-Json -Depth 5 | Set-Content -LiteralPath $ResultPath

exit ($failures.Count -gt 0)
