#Requires -Version 7.6
<#
.SYNOPSIS
    Does EdgeBackup's main job with its cmdlets, against simulated devices on loopback.

.DESCRIPTION
    Everything happens in a temporary folder, which is removed at the end; the user's own repository is not touched.
    Called by build.ps1 -Task Demo, which builds first.
#>
[CmdletBinding()]
param(
    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot
Import-Module (Join-Path $root 'output' 'EdgeBackup')

function Write-Step([string] $Text) {
    "`n$($PSStyle.Bold)# $Text$($PSStyle.Reset)"
}

$folder = (New-Item -ItemType Directory (Join-Path ([System.IO.Path]::GetTempPath()) "edgebackup-demo-$PID")).FullName
$simulatorDll = Join-Path $root 'src' 'EdgeBackup.Simulator' 'bin' $Configuration 'net10.0' 'EdgeBackup.Simulator.dll'
$start = [System.Diagnostics.ProcessStartInfo]::new('dotnet', [string[]] @($simulatorDll, 'serve', '--devices', '3'))
$start.RedirectStandardOutput = $true
$simulator = [System.Diagnostics.Process]::Start($start)
try {
    # One line a device: id, type, address.
    $devices = foreach ($number in 1..3) {
        $id, $type, $address = $simulator.StandardOutput.ReadLine() -split ' ', 3
        [pscustomobject]@{ Id = $id; Type = $type; Address = $address }
    }
    $working, $broken, $replacement = $devices.Id

    Write-Step 'Make a repository; keep the recovery key.'
    Initialize-EdgeRepository (Join-Path $folder 'repository') -KeyFile (Join-Path $folder 'demo.key') | Out-Default

    Write-Step 'Register the devices by their addresses.'
    $devices | ForEach-Object { Register-EdgeDevice $_.Address } | Out-Default

    Write-Step 'Take a named backup of one, and automatic ones of all.'
    New-EdgeBackup $working -Name 'before the update' | Out-Default
    Get-EdgeDevice | New-EdgeBackup -Automatic | Out-Default

    Write-Step 'See how old the newest backup of each device is.'
    Get-EdgeDevice | Out-Default

    Write-Step 'Bring a device back to the named backup.'
    Get-EdgeBackup $working -Name 'before the update' | Restore-EdgeBackup -Confirm:$false | Format-List | Out-Default

    Write-Step "Hardware has died: move the state of $broken onto $replacement."
    Switch-EdgeDevice -Device $replacement -Replaces $broken -Reason 'demonstration' -Confirm:$false | Format-List | Out-Default
    Get-EdgeDevice | Out-Default

    Write-Step 'Prove that the repository is whole, byte by byte.'
    Test-EdgeRepository -ReadData | Out-Default
    Disconnect-EdgeRepository
}
finally {
    if (-not $simulator.HasExited) {
        $simulator.Kill($true)
        $simulator.WaitForExit()
    }
    Remove-Item -LiteralPath $folder -Recurse -Force
}
