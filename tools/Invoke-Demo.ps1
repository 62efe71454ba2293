#Requires -Version 7.6
<#
.SYNOPSIS
    Does the main job with the cmdlets against simulated devices, and shows every command with its output.

.DESCRIPTION
    Works in a temporary folder that is gone afterwards; the simulator is a child process that is stopped at the end. The
    exit code is 1 when a step does not give what it should. Build first: ./build.ps1 -Task Demo does both.
#>
[CmdletBinding()]
param(
    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3

$root = Split-Path $PSScriptRoot
$work = Join-Path ([System.IO.Path]::GetTempPath()) "edgebackup-demo-$([guid]::NewGuid().ToString('n').Substring(0, 12))"
$simulator = $null
$steps = 0

function Start-Simulator {
    # Returns the process and the devices' addresses by id; it prints a line a device when all of them answer.
    $dll = Join-Path $root 'src' 'EdgeBackup.Simulator' 'bin' $Configuration 'net10.0' 'EdgeBackup.Simulator.dll'
    $start = [System.Diagnostics.ProcessStartInfo]::new('dotnet')
    foreach ($argument in $dll, 'serve', '--devices', '3', '--bms', '1') {
        $start.ArgumentList.Add($argument)
    }
    $start.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $address = @{}
    while ($address.Count -lt 4) {
        $line = $process.StandardOutput.ReadLine()
        if ($null -eq $line) {
            throw 'The simulator ended before its devices answered.'
        }
        $id, $null, $address[$id] = $line -split ' ', 3
    }
    @{ Process = $process; Address = $address }
}

function Step {
    # Shows each statement and what it gives. Call it with a dot, so that what the statements set stays.
    param([string] $Title, [scriptblock] $Command)

    $script:steps++
    Write-Host "`n$($script:steps). $Title" -ForegroundColor Cyan
    foreach ($statement in $Command.Ast.EndBlock.Statements) {
        Write-Host "PS> $statement" -ForegroundColor DarkGray
        $text = . ([scriptblock]::Create($statement)) | Out-String -Width 160
        if ($text.Trim()) {
            Write-Host "$($text.TrimEnd())`n"
        }
    }
}

function Confirm-That {
    param([bool] $IsSo, [string] $Otherwise)

    if (-not $IsSo) {
        throw $Otherwise
    }
}

function Invoke-Simulator {
    # The hand behind the devices: docs/simulator.md.
    param([string] $Method, [string] $Path, [string] $Body = '{}')

    $uri = [uri]::new([uri]$address['edge-001'], "/simulator/devices/$Path")
    $null = Invoke-RestMethod -Method $Method -Uri $uri -Body $Body -ContentType 'application/json'
}

try {
    $null = New-Item -ItemType Directory -Path (Join-Path $work 'kiosk' 'settings')
    # The catalog goes to the user's data folder, which is moved too. Windows does not let that be moved: there the
    # catalog of the demo stays behind, a file of a few KB that nobody needs.
    $env:XDG_DATA_HOME = Join-Path $work 'user'
    Set-Content (Join-Path $work 'kiosk' 'edge-device.json') '{"id":"kiosk-7","name":"Payment kiosk","type":"kiosk","version":"3.1"}'
    Set-Content (Join-Path $work 'kiosk' 'settings' 'display.ini') 'brightness=80'
    $simulator = Start-Simulator
    $address = $simulator.Address
    $folder = Join-Path $work 'kiosk'
    $repository = Join-Path $work 'repository'
    Import-Module (Join-Path $root 'output' 'EdgeBackup')

    . Step 'Make a repository; keep the recovery key somewhere else' {
        Initialize-EdgeRepository -Path $repository -KeyFile (Join-Path $work 'demo.key') | Select-Object FormatVersion, RecoveryKey
    }

    . Step 'Register two edge controllers, a building server and a folder' {
        $address['edge-001'], $address['edge-002'], $address['bms-001'], $folder | ForEach-Object { Register-EdgeDevice $_ }
    }
    Confirm-That (@(Get-EdgeDevice -BackupState Never).Count -eq 4) 'Four devices should be registered and have no backup yet.'

    . Step 'Back all of them up under a name' {
        $named = Get-EdgeDevice | New-EdgeBackup -Name 'before firmware update'
        $named
    }
    Confirm-That (@($named).Count -eq 4) 'There should be four named backups.'

    Invoke-Simulator Post 'edge-002/transactions'
    . Step 'The nightly run: somebody is charging at edge-002' {
        $nightly = Get-EdgeDevice | New-EdgeBackup -Automatic -ErrorVariable refused -ErrorAction SilentlyContinue
        $nightly
        $refused | ForEach-Object { "$($_.FullyQualifiedErrorId.Split(',')[0]): $_" }
        Get-EdgeTransaction edge-002
        Get-EdgeDevice -BackupState Postponed
    }
    Confirm-That (@($nightly).Count -eq 3 -and @($refused).Count -eq 1 -and $refused[0].FullyQualifiedErrorId -like 'DeviceBusy,*') 'Three backups and one refusal were expected.'
    Confirm-That (@(Get-EdgeDevice -BackupState Postponed).Device -eq 'edge-002') 'The refused device should be shown as postponed.'

    Invoke-Simulator Delete 'edge-002/transactions'
    . Step 'The car has left' {
        $late = New-EdgeBackup edge-002 -Automatic
        $late
    }
    Confirm-That ($null -ne $late) 'The idle device should have been backed up.'

    . Step 'What is there, newest first' {
        Get-EdgeBackup
        Get-EdgeBackup -Latest | Get-EdgeBackupItem -Path '*.ini', '*/profiles.json'
    }
    Confirm-That (@(Get-EdgeBackup).Count -eq 8) 'There should be eight backups.'

    Invoke-Simulator Put 'edge-001/items/config/ocpp/backoffice.xml' '<backoffice url="wss://wrong.example/"/>'
    . Step 'A setting of edge-001 was broken: look at the plan, then restore' {
        $backup = Get-EdgeBackup edge-001 -Name 'before*'
        $backup | Restore-EdgeBackup -WhatIf
        $restored = $backup | Restore-EdgeBackup -Confirm:$false
        $restored | Format-List
    }
    Confirm-That ($restored.Verified -and "$($restored.Restored)" -eq 'config/ocpp/backoffice.xml' -and $restored.SafetyBackup) 'One setting should have been restored and verified.'

    Invoke-Simulator Delete 'edge-002'
    . Step 'edge-002 dies; edge-003 takes its place' {
        $null = Register-EdgeDevice $address['edge-003'] -Name 'Car park south'
        $switched = Switch-EdgeDevice -Device edge-003 -Replaces edge-002 -Reason 'mainboard dead' -Confirm:$false
        $switched | Format-List
        Get-EdgeBackup edge-003
        Get-EdgeDevice
    }
    Confirm-That ($switched.Replaces -eq 'edge-002' -and (Get-EdgeDevice edge-002).State -eq 'Replaced') 'The dead device should be fenced.'
    Confirm-That ("$((Get-EdgeBackup edge-003).Device | Sort-Object -Unique)" -eq 'edge-002 edge-003') 'The history of both should be listed.'

    . Step 'Verify every byte' {
        $test = Test-EdgeRepository -ReadData
        $test
    }
    Confirm-That $test.Healthy 'The repository is damaged.'
    Write-Host "`nEverything came out as it should." -ForegroundColor Green
}
catch {
    [Console]::Error.WriteLine("The demo failed: $_")
    [Console]::Error.WriteLine($_.ScriptStackTrace)
    exit 1
}
finally {
    if ($simulator) {
        if (-not $simulator.Process.HasExited) {
            $simulator.Process.Kill($true)
            $simulator.Process.WaitForExit()
        }
    }
    if (Get-Module EdgeBackup) {
        Remove-Module EdgeBackup
    }
    if (Test-Path -LiteralPath $work) {
        Remove-Item -LiteralPath $work -Recurse -Force
    }
}
