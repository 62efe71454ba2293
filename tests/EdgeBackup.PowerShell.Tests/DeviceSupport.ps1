# What the files that drive whole jobs share. Dot-source it in BeforeAll: its functions must see the test's own
# preferences, which functions of a module do not.
Import-Module $PSScriptRoot/TestSupport.psm1 -Force
$env:XDG_DATA_HOME = New-TestFolder -Prefix data
Import-Module (Get-ModulePath) -Force
Set-CompletionPatience
$ProgressPreference = 'SilentlyContinue'

function New-TestRepository {
    # A repository of its own with a key file, which becomes the session's.
    $folder = New-TestFolder -Prefix repository
    Initialize-EdgeRepository (Join-Path $folder 'r') -KeyFile (Join-Path $folder 'k.key')
}

function Watch {
    # Runs a script block to its end, whatever goes wrong, and gives all that it said. The block sees the variables of
    # this function before the test's own, which is why they have such names.
    param([scriptblock] $ScriptBlock)

    $ErrorActionPreference = 'Continue'
    $watchedRecords = [System.Collections.Generic.List[object]]::new()
    try {
        & $ScriptBlock *>&1 | ForEach-Object { $watchedRecords.Add($_) }
    }
    catch {
        $watchedRecords.Add($_)
    }
    $watched = [pscustomobject]@{
        All      = $watchedRecords
        Errors   = @($watchedRecords | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        Warnings = @($watchedRecords | Where-Object { $_ -is [System.Management.Automation.WarningRecord] })
        Output   = @($watchedRecords | Where-Object {
                $_ -isnot [System.Management.Automation.ErrorRecord] -and $_ -isnot [System.Management.Automation.InformationalRecord] -and
                $_ -isnot [System.Management.Automation.InformationRecord]
            })
    }
    # Everything, down to the inner exceptions; only when it is asked for, since that is slow.
    $watched | Add-Member ScriptProperty Text { $this.All | ForEach-Object { $_ | Format-List * -Force | Out-String -Width 4096 } | Out-String -Width 4096 }
    $watched
}

function Get-Refusal {
    # The one error that a script block ends with: its id, a colon, its message. Anything else is told as it is.
    param([scriptblock] $ScriptBlock)

    $refused = Watch $ScriptBlock
    if ($refused.Errors.Count -ne 1) {
        return "$($refused.Errors.Count) errors: $($refused.Errors -join ' | ') and $($refused.Output.Count) objects"
    }
    "$(Get-ErrorId $refused.Errors[0]): $($refused.Errors[0])"
}

function Start-Fleet {
    # The simulator of this file. Devices are added with Add-Device.
    $script:fleet = Start-Simulator -ArgumentList '--devices', '1'
    $script:control = ([uri]$fleet.Device[0].Address).GetLeftPart('Authority') + '/simulator/devices'
}

function Invoke-Control {
    # A call to the hand behind the devices.
    param([string] $Path, [string] $Method = 'GET', $Body)

    $call = @{ Uri = "$control/$Path"; Method = $Method }
    if ($Body -is [System.Collections.IDictionary]) {
        $call.Body = ConvertTo-Json $Body -Depth 5
        $call.ContentType = 'application/json'
    }
    elseif ($null -ne $Body) {
        $call.Body = [System.Text.Encoding]::UTF8.GetBytes($Body)
        $call.ContentType = 'application/octet-stream'
    }
    # It gives a list as one object; as a variable it is enumerated.
    $answer = Invoke-RestMethod @call
    $answer
}

function Add-Device {
    # Switches a simulated device on and, unless told otherwise, registers it. Returns its address.
    param([string] $Id, [string] $Type = 'edge-controller', [string] $Version = '1.25.0', [switch] $Unregistered)

    $device = Invoke-Control '' POST @{ id = $Id; type = $Type; version = $Version }
    if (-not $Unregistered) {
        $null = Register-EdgeDevice $device.address
    }
    $device.address
}

function Set-DeviceItem {
    param([string] $Id, [string] $Path, [string] $Text, [string] $Kind = 'configuration', [string] $Retain = 'cold')
    $null = Invoke-Control "$Id/items/$([uri]::EscapeDataString($Path).Replace('%2F', '/'))?kind=$Kind&retain=$Retain" PUT $Text
}

function Remove-DeviceItem {
    # Removes an item, where it is there.
    param([string] $Id, [string] $Path)
    $null = Invoke-RestMethod -Uri "$control/$Id/items/$Path" -Method Delete -SkipHttpErrorCheck
}

function Get-DeviceItem {
    # Path to SHA-256 of what a simulated device holds.
    param([string] $Id)
    $items = @{}
    (Invoke-Control "$Id/items") | ForEach-Object { $items[$_.path] = $_.sha256 }
    $items
}

function Add-Fault {
    param([string] $Id, [System.Collections.IDictionary] $Fault)
    $null = Invoke-Control "$Id/faults" POST $Fault
}

function Set-Behaviour {
    param([string] $Id, [System.Collections.IDictionary] $Behaviour)
    $null = Invoke-Control "$Id/faults" PATCH $Behaviour
}

function Get-DeviceCall {
    # The calls that a device received, as "METHOD path".
    param([string] $Id, [int] $Skip = 0)
    Invoke-Control "$Id/calls" | Select-Object -Skip $Skip | ForEach-Object { "$($_.method) $($_.path)" }
}

function Reset-Device {
    # Mends everything and ends all transactions.
    param([string] $Id)
    $null = Invoke-Control "$Id/faults" DELETE
    $null = Invoke-Control "$Id/transactions" DELETE
}

function Get-FolderState {
    # Everything below a folder as lines, to be compared.
    param([string] $Path)
    Get-ChildItem -LiteralPath $Path -Recurse -Force | Sort-Object FullName | ForEach-Object {
        $relative = [System.IO.Path]::GetRelativePath($Path, $_.FullName)
        if ($_.PSIsContainer) { "$relative/" } else { "$relative $((Get-FileHash -LiteralPath $_.FullName).Hash)" }
    }
}

function Stop-All {
    Get-EdgeRepository -ErrorAction Ignore | ForEach-Object { Disconnect-EdgeRepository -Repository $_ -ErrorAction Ignore }
    Stop-Simulator
    Remove-TestFolder
}
