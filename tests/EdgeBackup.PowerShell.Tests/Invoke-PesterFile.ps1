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

# A block that breaks in its set-up runs none of its tests, and counts as one failure.
$failures = @(
    foreach ($test in $run.Failed) {
        [ordered]@{ Name = $test.ExpandedPath; Message = ($test.ErrorRecord | ForEach-Object { "$_`n$($_.ScriptStackTrace)" }) -join "`n" }
    }
    foreach ($block in @($run.FailedBlocks) + @($run.FailedContainers)) {
        [ordered]@{ Name = "$block"; Message = ($block.ErrorRecord | ForEach-Object { "$_`n$($_.ScriptStackTrace)" }) -join "`n" }
    }
)
[ordered]@{
    Passed   = $run.PassedCount
    Failed   = $failures.Count
    Skipped  = $run.SkippedCount + $run.NotRunCount
    Failures = $failures
} | ConvertTo-Json -Depth 5 | Set-Content -LiteralPath $ResultPath

exit ($failures.Count -gt 0)
