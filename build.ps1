#Requires -Version 7.6
<#
.SYNOPSIS
    Builds, tests, soaks, demonstrates or packages EdgeBackup.

.DESCRIPTION
    Everything that matters happens in `dotnet build` and `dotnet test`; this names the usual ways to call them.

    Build    stages the module under output/EdgeBackup.
    Test     builds, then runs the xunit and the Pester tests.
    Soak     runs the long versions of the durability tests, and writes their counts into docs/reliability.md.
    Demo     builds, starts simulated devices on loopback, and does the main job with the cmdlets.
    Bench    compares EdgeBackup with restic and borg, and writes bench/RESULTS.md; more options: bench/Compare.ps1.
    Package  tests nothing; writes output/EdgeBackup.<version>.zip from a clean Release build.

.EXAMPLE
    ./build.ps1
.EXAMPLE
    ./build.ps1 -Task Test -Configuration Debug
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Soak', 'Demo', 'Bench', 'Package')]
    [string] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # How many times the long counts of Soak.
    [ValidateRange(1, 1000)]
    [int] $SoakFactor = 1
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
Set-Location $PSScriptRoot

$solution = Join-Path $PSScriptRoot 'EdgeBackup.sln'
$module = Join-Path $PSScriptRoot 'output' 'EdgeBackup'

switch ($Task) {
    'Build' {
        dotnet build $solution -c $Configuration -nologo
    }
    'Test' {
        if (-not (Get-Module Pester -ListAvailable | Where-Object Version -GE 5.5)) {
            Write-Warning 'Pester 5.5 or later is not installed: the tests of the cmdlets will be skipped. Install it with: Install-PSResource Pester'
        }
        dotnet test $solution -c $Configuration -nologo
    }
    'Soak' {
        $results = New-TemporaryFile
        $env:EDGEBACKUP_SOAK = $SoakFactor
        $env:EDGEBACKUP_SOAK_RESULTS = $results.FullName
        try {
            # What failed is counted too: the page is written before the failure ends this.
            $PSNativeCommandUseErrorActionPreference = $false
            dotnet test (Join-Path $PSScriptRoot 'tests' 'EdgeBackup.Core.Tests') -c $Configuration -nologo --filter 'FullyQualifiedName~.Durability.|FullyQualifiedName~.Several.|FullyQualifiedName~BacnetFuzz'
            $failed = $LASTEXITCODE -ne 0
            $PSNativeCommandUseErrorActionPreference = $true
            & (Join-Path $PSScriptRoot 'tools' 'Update-ReliabilityPage.ps1') -Results $results.FullName
            if ($failed) {
                throw 'A test of the soak failed; docs/reliability.md has the counts so far, and the output above says what failed and with which seed.'
            }
        } finally {
            $env:EDGEBACKUP_SOAK = $env:EDGEBACKUP_SOAK_RESULTS = $null
            Remove-Item $results
        }
    }
    'Demo' {
        dotnet build $solution -c $Configuration -nologo -v quiet
        # A process of its own, so that the session it is called from does not keep the module's files open.
        pwsh -NoProfile -File (Join-Path $PSScriptRoot 'tools' 'Invoke-Demo.ps1') -Configuration $Configuration
    }
    'Bench' {
        pwsh -NoProfile -File (Join-Path $PSScriptRoot 'bench' 'Compare.ps1')
    }
    'Package' {
        dotnet build $solution -c Release -nologo -v quiet --no-incremental
        $version = (Import-PowerShellDataFile (Join-Path $module 'EdgeBackup.psd1')).ModuleVersion
        $package = Join-Path $PSScriptRoot 'output' "EdgeBackup.$version.zip"
        Compress-Archive -Path $module -DestinationPath $package -Force
        Get-Item $package
    }
}
