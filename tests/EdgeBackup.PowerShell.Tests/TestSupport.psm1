# What the Pester files share. They test the staged module, never the source tree, and import it themselves with
# Import-Module (Get-ModulePath): a binary module that a module imports for others does not reach them.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3

$script:Root = Split-Path (Split-Path $PSScriptRoot)
$script:Folders = [System.Collections.Generic.List[string]]::new()
$script:Simulators = [System.Collections.Generic.List[object]]::new()

function Get-ModulePath {
    # The staged module's folder.
    $path = Join-Path $script:Root 'output' 'EdgeBackup'
    if (-not (Test-Path (Join-Path $path 'EdgeBackup.psd1'))) {
        throw "The module is not staged at '$path'. Build the solution first."
    }
    $path
}

function Get-SourceRoot {
    $script:Root
}

function Get-TestCmdletPath {
    # The cmdlets that exist for tests alone. Import the module itself first.
    Get-NewestBuild 'tests/EdgeBackup.PowerShell.TestCmdlets' 'EdgeBackup.PowerShell.TestCmdlets.dll'
}

function Get-NewestBuild {
    # Whichever of Debug and Release was built last.
    param([string] $Project, [string] $File)

    $found = Get-ChildItem (Join-Path $script:Root $Project 'bin' '*' 'net10.0' $File) -ErrorAction Ignore |
        Sort-Object LastWriteTime | Select-Object -Last 1
    if (-not $found) {
        throw "'$File' is not built. Build the solution first."
    }
    $found.FullName
}

function Set-CompletionPatience {
    # Whoever presses Tab is offered what was found after 1.5 s, which on a busy machine is nothing. Where a test asks what
    # is found, it waits. Import the module first.
    param([timespan] $Patience = [timespan]::FromMinutes(2))

    $assembly = (Get-Command Get-EdgeDevice).ImplementingType.Assembly
    $completer = $assembly.GetType('EdgeBackup.PowerShell.Completion.RepositoryCompleter', $true)
    $completer.GetProperty('Patience', [System.Reflection.BindingFlags] 'NonPublic, Static').SetValue($null, $Patience)
}

function New-TestFolder {
    # A new temporary folder; Remove-TestFolder takes them all away.
    param([string] $Prefix = 'eb')

    $path = Join-Path ([System.IO.Path]::GetTempPath()) "$Prefix-$([guid]::NewGuid().ToString('n').Substring(0, 12))"
    $null = New-Item -ItemType Directory -Path $path
    $script:Folders.Add($path)
    $path
}

function Remove-TestFolder {
    foreach ($folder in $script:Folders) {
        if (Test-Path -LiteralPath $folder) {
            Remove-Item -LiteralPath $folder -Recurse -Force
        }
    }
    $script:Folders.Clear()
}

function New-FolderDevice {
    # A folder that is a device: edge-device.json and some settings. Returns its path.
    param(
        [Parameter(Mandatory)] [string] $Id,
        [string] $Type = 'edge-controller',
        [string] $Version = '1.25.0',
        [string] $Name = $Id,
        [System.Collections.IDictionary] $Files = [ordered]@{ 'settings/network.json' = '{"dhcp":true}'; 'settings/site.ini' = 'name=test' }
    )

    # In a folder of its own: what a restore stages beside it belongs to no other test.
    $path = Join-Path (New-TestFolder -Prefix 'device') 'device'
    $null = New-Item -ItemType Directory -Path $path
    @{ id = $Id; name = $Name; type = $Type; version = $Version } | ConvertTo-Json | Set-Content -LiteralPath (Join-Path $path 'edge-device.json')
    foreach ($file in $Files.Keys) {
        $full = Join-Path $path $file
        $null = New-Item -ItemType Directory -Force -Path (Split-Path $full)
        [System.IO.File]::WriteAllText($full, $Files[$file])
    }
    $path
}

function Start-Simulator {
    # Starts simulated devices on loopback. Returns an object with Process and Device[] (Id, Type, Address).
    param([string[]] $ArgumentList = @('--devices', '1'), [int] $TimeoutSeconds = 120)

    $start = [System.Diagnostics.ProcessStartInfo]::new('dotnet')
    foreach ($argument in @((Get-NewestBuild 'src/EdgeBackup.Simulator' 'EdgeBackup.Simulator.dll'), 'serve') + $ArgumentList) {
        $start.ArgumentList.Add($argument)
    }
    $start.RedirectStandardOutput = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $simulator = [pscustomobject]@{ Process = $process; Device = @() }
    $script:Simulators.Add($simulator)

    # It prints a line a device when all of them answer, and one more for the management device of BACnet ones. Counted,
    # not timed: between two lines a busy machine may pause.
    $number = @{ '--devices' = 1; '--bms' = 0; '--bacnet' = 0 }
    for ($at = 0; $at -lt $ArgumentList.Count; $at += 2) {
        $number[$ArgumentList[$at]] = [int] $ArgumentList[$at + 1]
    }
    $lines = $number['--devices'] + $number['--bms'] + $number['--bacnet'] + [int] ($number['--bacnet'] -gt 0)
    while ($simulator.Device.Count -lt $lines) {
        $line = $process.StandardOutput.ReadLineAsync()
        if (-not $line.Wait($TimeoutSeconds * 1000)) {
            throw "The simulator is not ready after $TimeoutSeconds s."
        }
        if ($null -eq $line.Result) {
            throw "The simulator ended with exit code $($process.ExitCode)."
        }
        $id, $type, $address = $line.Result -split ' ', 3
        $simulator.Device += [pscustomobject]@{ Id = $id; Type = $type; Address = $address }
    }
    $simulator
}

function Stop-Simulator {
    # Stops the given simulator, or all.
    param([object[]] $Simulator = $script:Simulators.ToArray())

    foreach ($one in $Simulator) {
        if (-not $one.Process.HasExited) {
            $one.Process.Kill($true)
            $one.Process.WaitForExit()
        }
        $null = $script:Simulators.Remove($one)
    }
}

function Get-Thrown {
    # Runs a script block and gives the error record it ended with; nothing when it did not.
    param([Parameter(Mandatory)] [scriptblock] $ScriptBlock)

    try {
        $null = & $ScriptBlock
    }
    catch {
        $_
    }
}

function Get-ErrorId {
    # The part of an error's id before the comma.
    param([Parameter(Mandatory, ValueFromPipeline)] [System.Management.Automation.ErrorRecord] $ErrorRecord)

    process {
        $ErrorRecord.FullyQualifiedErrorId.Split(',')[0]
    }
}

Export-ModuleMember -Function Get-ModulePath, Get-SourceRoot, Get-NewestBuild, Get-TestCmdletPath, Set-CompletionPatience, New-TestFolder, Remove-TestFolder, New-FolderDevice,
    Start-Simulator, Stop-Simulator, Get-Thrown, Get-ErrorId
