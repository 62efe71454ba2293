# The DSC resources: as classes, and as the command resources that DSC v3 runs by their manifests.
BeforeDiscovery {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    $manifests = Get-ChildItem (Get-ModulePath) -Filter *.dsc.resource.json | ForEach-Object { @{ Name = $_.Name; File = $_.FullName } }
}

BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $module = Get-Module EdgeBackup
    $repository = Initialize-EdgeRepository
    $simulator = Start-Simulator
    $simulated = $simulator.Device[0]
    $savedPath = $env:PATH
    $programs = New-TestFolder -Prefix programs
    if (-not $IsWindows) {
        # A crontab that really stores, so that nobody's own is touched.
        Set-Content (Join-Path $programs 'crontab') "#!/bin/sh`nt='$programs/table'; if [ `$1 = -u ]; then t=`$t.`$2; shift 2; fi`ncase `$1 in`n-l) [ -e `$t ] || { echo 'no crontab for you' >&2; exit 1; }; cat `$t ;;`n-) cat > `$t ;;`nesac"
        chmod +x (Join-Path $programs 'crontab')
        $env:PATH = "$programs$([IO.Path]::PathSeparator)$env:PATH"
    }

    function New-Resource {
        # As the DSC engines do: an object of the class in the module's own scope.
        param([string] $Class, [System.Collections.IDictionary] $Property)
        & $module { param($Class, $Property) New-Object $Class -Property $Property } $Class $Property
    }

    function Invoke-Converge {
        # Test, Set, Test, and Set again, of which the last must change nothing. Gives what was not as it should be.
        param($Resource)
        $Resource.Test() | Should -BeFalse
        $reasons = $Resource.Get().Reasons
        $reasons | Should -Not -BeNullOrEmpty
        $Resource.Set()
        $Resource.Test() | Should -BeTrue
        $Resource.Get().Reasons | Should -BeNullOrEmpty
        $events = @(Get-EdgeEvent).Count
        $Resource.Set()
        @(Get-EdgeEvent).Count | Should -Be $events
        $reasons.Code -replace '.*:'
    }

    function Invoke-Operation {
        # Runs an operation of a manifest as dsc does: the program and its arguments in the manifest's folder, JSON in.
        param([string] $File, [string] $Operation, $State)
        $call = (Get-Content -Raw $File | ConvertFrom-Json).$Operation
        Push-Location (Split-Path $File)
        try {
            $said = ($State ? ($State | ConvertTo-Json -Depth 5 -Compress) : '') | & $call.executable @($call.args) 2>&1
            $code = $LASTEXITCODE
        }
        finally {
            Pop-Location
        }
        [pscustomobject]@{
            Code  = $code
            State = @($said | Where-Object { $_ -is [string] } | ForEach-Object { $_ | ConvertFrom-Json })
            Error = @($said | Where-Object { $_ -isnot [string] } | ForEach-Object { "$_" })
        }
    }
}

AfterAll {
    $env:PATH = $savedPath
    Stop-All
}

Describe 'EdgeDevice' {
    It 'registers a device, and finds no difference then' {
        $secret = [pscredential]::new('admin', (ConvertTo-SecureString 'hush-hush' -AsPlainText -Force))
        $device = New-Resource EdgeDevice @{ Id = $simulated.Id; Address = "$($simulated.Address)/"; Tag = 'north', 'new'; Site = 'harbour'; Credential = $secret }
        Invoke-Converge $device | Should -Be 'Ensure'
        $now = $device.Get()
        $now.Ensure | Should -Be 'Present'
        $now.State | Should -Be 'Active'
        $now.Site | Should -Be 'harbour'
        $now.Credential | Should -BeNullOrEmpty
        $now | ConvertTo-Json -Depth 4 | Should -Not -Match 'hush'
    }

    It 'changes what differs and nothing else' {
        $device = New-Resource EdgeDevice @{ Id = $simulated.Id; Tag = 'new', 'north'; Name = 'Pier 7' }
        Invoke-Converge $device | Should -Be 'Name'
        $found = Get-EdgeDevice $simulated.Id
        $found.Name | Should -Be 'Pier 7'
        $found.Site | Should -Be 'harbour'
        Invoke-Converge (New-Resource EdgeDevice @{ Id = $simulated.Id; Tag = @(); Site = '' }) | Should -Be 'Site', 'Tag'
    }

    It 'keeps the vault with the name of a secret, and changes one of them alone' {
        $plain = @{ Id = 'vaulted'; SkipContact = $true }
        Invoke-Converge (New-Resource EdgeDevice ($plain + @{ Address = $simulated.Address; Type = 'edge-controller'; CredentialSecret = 'one'; Vault = 'first' })) | Should -Be 'Ensure'
        Invoke-Converge (New-Resource EdgeDevice ($plain + @{ CredentialSecret = 'two' })) | Should -Be 'CredentialSecret'
        (Get-EdgeDevice vaulted).Vault | Should -Be 'first'
        Invoke-Converge (New-Resource EdgeDevice ($plain + @{ CredentialSecret = 'two'; Vault = 'second' })) | Should -Be 'Vault'
        $found = Get-EdgeDevice vaulted
        "$($found.CredentialSecret) in $($found.Vault)" | Should -Be 'two in second'
        Unregister-EdgeDevice vaulted -Confirm:$false
    }

    It 'says of a contradiction what the device says' {
        $wrong = New-Resource EdgeDevice @{ Id = 'somebody-else'; Address = $simulated.Address }
        Get-Refusal { $wrong.Set() } | Should -Match 'DeviceRegistrationMismatch'
        Get-Refusal { (New-Resource EdgeDevice @{ Id = 'new' }).Set() } | Should -Match 'Address'
    }

    It 'does not take a repository that is gone for a device that is gone' {
        Get-Refusal { (New-Resource EdgeDevice @{ Id = 'x'; Repository = Join-Path $programs 'none' }).Test() } | Should -Match 'RepositoryNotFound'
    }

    It 'knows an address and a type again however they are written' {
        $folder = New-FolderDevice -Id 'press-1' -Type 'press' -Files ([ordered]@{ 'etc/a.ini' = 'a=1' })
        Push-Location $programs
        try {
            Set-Content mytype.json '{ "id": "press", "title": "Press", "connections": ["Folder"], "items": [ { "path": "etc/**", "kind": "Configuration" } ] }'
            $device = New-Resource EdgeDevice @{ Id = 'press-1'; Address = "file://$folder/"; Type = './mytype.json'; Tag = 'north; new', 'x' }
            Invoke-Converge $device | Should -Be 'Ensure'
            $device.Get().Type | Should -Be 'press'
            (New-Resource EdgeDevice @{ Id = 'press-1'; Address = [IO.Path]::GetRelativePath($programs, $folder) }).Test() | Should -BeTrue
        }
        finally {
            Pop-Location
        }
        Unregister-EdgeDevice press-1 -Confirm:$false
    }

    It 'unregisters a device, and finds no difference then' {
        Invoke-Converge (New-Resource EdgeDevice @{ Id = $simulated.Id; Ensure = 'Absent' }) | Should -Be 'Ensure'
        Get-EdgeDevice | Should -BeNullOrEmpty
    }
}

Describe 'EdgeBackupPolicy' {
    It 'sets what differs, whatever the spelling' {
        $policy = New-Resource EdgeBackupPolicy @{ Scope = 'Tag'; Target = 'north'; Interval = '12:00:00'; KeepLast = 0; Window = 'mon-fri  19:00-6:00,Sat 00:00-24:00'; TimeZone = 'W. Europe Standard Time'; OverdueAction = 'fail' }
        Invoke-Converge $policy | Should -Be 'Interval', 'KeepLast', 'OverdueAction', 'Window', 'TimeZone'
        Invoke-Converge (New-Resource EdgeBackupPolicy @{ Scope = 'Tag'; Target = 'north'; Interval = '12:00:00'; KeepLast = 3 }) | Should -Be 'KeepLast'
        $found = Get-EdgeBackupPolicy | Where-Object Scope -EQ 'tag north'
        $found.KeepLast | Should -Be 3
        $found.TimeZone | Should -Be 'Europe/Berlin'
    }

    It 'knows <_> again' -ForEach 'Mon,Tue,Wed 19:00-06:00', 'Daily 00:00-24:00', 'daily 1:00-2:00' {
        Invoke-Converge (New-Resource EdgeBackupPolicy @{ Scope = 'Tag'; Target = 'hours'; Window = $_ }) | Should -Be 'Window'
    }

    It 'says what is wrong with a window or a time' {
        Get-Refusal { (New-Resource EdgeBackupPolicy @{ Scope = 'All'; Window = 'Someday' }).Test() } | Should -Match 'A window is written like'
        Get-Refusal { (New-Resource EdgeBackupPolicy @{ Scope = 'All'; Interval = '24:00:00' }).Test() } | Should -Match '1\.00:00:00'
        Get-Refusal { (New-Resource EdgeBackupSchedule @{ Name = 'new'; Every = '24:00:00' }).Set() } | Should -Match '1\.00:00:00'
    }

    It 'keeps archives for years and puts a hold on, and takes it off again' {
        $policy = New-Resource EdgeBackupPolicy @{ Scope = 'Tag'; Target = 'court'; ArchiveRetentionYears = 10; LegalHold = $true }
        Invoke-Converge $policy | Should -Be 'ArchiveRetentionYears', 'LegalHold'
        $now = $policy.Get()
        $now.ArchiveRetentionYears, $now.LegalHold | Should -Be 10, $true
        (New-Resource EdgeBackupPolicy @{ Scope = 'Tag'; Target = 'court'; KeepLast = 1 }).Set()
        (Get-EdgeBackupPolicy | Where-Object Scope -EQ 'tag court').LegalHold | Should -BeTrue
        Invoke-Converge (New-Resource EdgeBackupPolicy @{ Scope = 'Tag'; Target = 'court'; ArchiveRetentionYears = 0; LegalHold = $false }) | Should -Be 'ArchiveRetentionYears', 'LegalHold'
        Get-EdgeBackupPolicy | Where-Object Scope -EQ 'tag court' | ForEach-Object { $_.ArchiveRetentionYears, $_.LegalHold } | Should -Be 0, $false
    }

    It 'does so by the manifest, too' {
        $file = Join-Path $module.ModuleBase 'edgebackup.backuppolicy.dsc.resource.json'
        $wanted = @{ scope = 'Tag'; target = 'manifest'; archiveRetentionYears = 7; legalHold = $true }
        $state = (Invoke-Operation $file set $wanted).State
        $state.archiveRetentionYears, $state.legalHold | Should -Be 7, $true
        (Invoke-Operation $file test ($wanted + @{ keepLast = 2 })).State._inDesiredState | Should -BeFalse
        $properties = (Get-Content -Raw $file | ConvertFrom-Json).schema.embedded.properties
        $properties.archiveRetentionYears.type, $properties.legalHold.type | Should -Be 'integer', 'boolean'
    }

    It 'is for all devices too' {
        Invoke-Converge (New-Resource EdgeBackupPolicy @{ Scope = 'All'; RetentionMonths = 12 }) | Should -Be 'RetentionMonths'
    }
}

Describe 'EdgeBackupSchedule' -Skip:$IsWindows {
    It 'registers, changes and removes a schedule' {
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; Method = 'Cron'; Every = '04:00:00'; At = '05:30'; Device = 'a*', 'b'; Repository = $repository.Path }) | Should -Be 'Ensure'
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; Method = 'Cron'; At = '01:30'; WatchFor = '00:01:00'; Device = 'b', 'a*' }) | Should -Be 'WatchFor'
        $found = Get-EdgeBackupSchedule night
        $found.Every | Should -Be ([timespan]::FromHours(4))
        $found.Device | Should -Be 'b', 'a*'
        $found.WatchFor | Should -Be ([timespan]::FromMinutes(1))
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; Method = 'Cron'; Ensure = 'Absent' }) | Should -Be 'Ensure'
        Get-EdgeBackupSchedule | Should -BeNullOrEmpty
    }

    It 'keeps the key of a schedule that it changes' {
        $key = Join-Path $programs 'night.key'
        $null = Add-EdgeRepositoryKey -KeyFile $key
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; Method = 'Cron'; KeyFile = $key }) | Should -Be 'Ensure'
        (Get-EdgeBackupSchedule night).KeyFile | Should -Be $key
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; ThrottleLimit = 3 }) | Should -Be 'ThrottleLimit'
        $found = Get-EdgeBackupSchedule night
        $found.KeyFile | Should -Be $key
        $found.Command | Should -Match 'Connect-EdgeRepository'
        Unregister-EdgeBackupSchedule night
    }

    It 'leaves a schedule with the account that it has, and moves it to the one that is named' -Skip:(-not [Environment]::IsPrivilegedProcess) {
        $null = Register-EdgeBackupSchedule night -Method Cron -User daemon -WarningAction SilentlyContinue
        (New-Resource EdgeBackupSchedule @{ Name = 'night'; User = 'daemon'; Method = 'Cron' }).Test() | Should -BeTrue
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; User = 'daemon'; Every = '01:00:00' }) | Should -Be 'Every'
        Get-EdgeBackupSchedule | Should -BeNullOrEmpty -Because 'it is none of root'
        (Get-EdgeBackupSchedule -User daemon).Every | Should -Be ([timespan]::FromHours(1))
        Unregister-EdgeBackupSchedule night -User daemon

        $null = Register-EdgeBackupSchedule night -Method Cron
        Invoke-Converge (New-Resource EdgeBackupSchedule @{ Name = 'night'; User = 'daemon' }) | Should -Be 'Account'
        Get-EdgeBackupSchedule | Should -BeNullOrEmpty
        (Get-EdgeBackupSchedule -User daemon).Account | Should -Be 'daemon'
        Unregister-EdgeBackupSchedule night -User daemon
    }
}

Describe 'EdgeBackupSchedule where there is a choice' {
    # There is but one scheduler here. What the commands are told says enough.
    BeforeAll {
        function New-Known([hashtable] $Property) {
            $known = @{ Name = 'night'; Method = 'Cron'; Scope = 'User'; Account = [Environment]::UserName; Command = 'c'; Enabled = $true; Every = '00:15:00'; Repository = $repository.Path; Path = @('one') }
            foreach ($name in $Property.Keys) { $known[$name] = $Property[$name] }
            [pscustomobject]$known
        }

        function Get-Told([hashtable] $Wanted, $Known) {
            # What Set tells Register-EdgeBackupSchedule, and what it removes.
            $module.Invoke({
                    param($known)
                    $script:told, $script:known = @{ Removed = @() }, $known
                    function script:Get-EdgeBackupSchedule { [CmdletBinding()] param($Name, $User) $script:known }
                    function script:Register-EdgeBackupSchedule { [CmdletBinding()] param($Name, $Every, $At, $RandomDelay, $TimeLimit, $WatchFor, $ThrottleLimit, $SiteThrottleLimit, $Device, $Repository, $KeyFile, $Method, $Scope, $User, $Credential, $ServiceAccount, [switch] $Force, [switch] $Confirm) $script:told.Register = $PSBoundParameters; [pscustomobject]@{ Path = @("$Method $Scope") } }
                    function script:Unregister-EdgeBackupSchedule { [CmdletBinding()] param($Schedule, $Method, $Scope, $User, [switch] $Confirm) $script:told.Removed += "$Method $Scope $User" }
                }, $Known)
            try {
                (New-Resource EdgeBackupSchedule $Wanted).Set()
                $module.Invoke({ $script:told })
            }
            finally {
                $module.Invoke({ Remove-Item Function:Get-EdgeBackupSchedule, Function:Register-EdgeBackupSchedule, Function:Unregister-EdgeBackupSchedule; Remove-Variable told, known -Scope Script })
            }
        }
    }

    It 'changes a schedule where it stands' {
        $told = Get-Told @{ Name = 'night'; Every = '01:00:00' } (New-Known @{ Method = 'Cron'; Scope = 'User'; KeyFile = '/k'; Path = 'Cron User' })
        $told.Register.Method | Should -Be 'Cron'
        $told.Register.Scope | Should -Be 'User'
        $told.Register.KeyFile | Should -Be '/k'
        $told.Removed | Should -BeNullOrEmpty
    }

    It 'takes it away where it stood, when it moves' {
        $told = Get-Told @{ Name = 'night'; Method = 'Systemd'; Scope = 'System' } (New-Known @{ Path = 'Cron User' })
        $told.Register.Method | Should -Be 'Systemd'
        $told.Removed | Should -Be "Cron User $([Environment]::UserName)"
    }

    It 'on Windows leaves the account as it is, or asks for its password' {
        $of = { param($schedule) & $module { param($schedule) Get-DscScheduleAccount $schedule $true } $schedule }
        (& $of (New-Known @{ Account = 'CORP\edge$'; Scope = 'System' })).ServiceAccount | Should -Be 'CORP\edge$'
        (& $of (New-Known @{ Account = 'SYSTEM'; Scope = 'System' })).Count | Should -Be 0
        (& $of (New-Known @{ Account = "$([Environment]::UserDomainName)\$([Environment]::UserName)" })).Count | Should -Be 0
        { & $of (New-Known @{ Account = 'CORP\me'; Scope = 'System' }) } | Should -Throw '*CORP\me*Credential*'
        { & $of (New-Known @{ Account = 'CORP\somebody' }) } | Should -Throw '*Credential*'
    }
}

Describe 'DSC v3: <Name>' -ForEach $manifests {
    It 'names a type, its operations, and a schema that knows every property of the class' {
        $manifest = Get-Content -Raw $File | ConvertFrom-Json -AsHashtable
        $manifest.type | Should -Match '^EdgeBackup\.Dsc/\w+$'
        $manifest.version | Should -Be (Import-PowerShellDataFile (Join-Path (Get-ModulePath) 'EdgeBackup.psd1')).ModuleVersion
        $class = "Edge$($manifest.type.Split('/')[1])"
        $manifest.get.args[-1] | Should -Match $class
        $known = & $module { param($name) ($name -as [type]).GetProperties().Name } $class | Where-Object { $_ -notin 'Ensure', 'Reasons' }
        $named = $manifest.schema.embedded.properties.Keys | Where-Object { $_ -notlike '_*' }
        Compare-Object $known $named | Should -BeNullOrEmpty
    }
}

Describe 'DSC v3' {
    BeforeAll {
        $folder = New-FolderDevice -Id 'v3'
        $deviceFile, $policyFile, $scheduleFile = 'device', 'backuppolicy', 'backupschedule' | ForEach-Object { Join-Path (Get-ModulePath) "edgebackup.$_.dsc.resource.json" }
    }

    It 'says what would be, makes it so, and finds it so' {
        $wanted = @{ id = 'v3'; address = $folder; tag = @('x'); credential = @{ username = 'u'; password = 'hush-hush' }; _exist = $true }
        $shown = Invoke-Operation $deviceFile whatIf $wanted
        $shown.State.tag | Should -Be 'x'
        $shown.State._metadata.whatIf | Should -Match 'Absent'
        Get-EdgeDevice | Should -BeNullOrEmpty

        $made = Invoke-Operation $deviceFile set $wanted
        $made.Code | Should -Be 0
        $made.State._exist | Should -BeTrue
        "$($made | ConvertTo-Json -Depth 5)" | Should -Not -Match 'hush'
        (Invoke-Operation $deviceFile test $wanted).State._inDesiredState | Should -BeTrue
        (Invoke-Operation $deviceFile test @{ id = 'v3'; site = 's' }).State._inDesiredState | Should -BeFalse
        (Invoke-Operation $deviceFile export).State.id | Should -Be 'v3'
    }

    It 'tells an error as one line of JSON, and by its exit code' {
        $failed = Invoke-Operation $deviceFile set @{ id = 'other'; address = $folder }
        $failed.Code | Should -Be 1
        $failed.State | Should -BeNullOrEmpty
        ($failed.Error | ConvertFrom-Json).error | Should -Match '^DeviceRegistrationMismatch: '
        (Invoke-Operation $deviceFile get @{ id = 'v3'; bogus = 1 }).Error | Should -Match 'bogus'
    }

    It 'takes no 24 hours, of which .NET makes days' {
        $patterns = $policyFile, $scheduleFile | ForEach-Object { (Get-Content -Raw $_ | ConvertFrom-Json -AsHashtable).schema.embedded.properties.Values.pattern } | Where-Object { $_ }
        $patterns | Should -HaveCount 7
        foreach ($pattern in $patterns) {
            '24:00:00' | Should -Not -Match $pattern
            '1.00:00:00', '23:59', '5:00' | Should -Match $pattern
        }
    }

    It 'gives warnings to the log of dsc, and JSON alone to standard output' {
        $key = Join-Path $programs 'damaged.key'
        $damaged = Initialize-EdgeRepository (Join-Path $programs 'damaged') -KeyFile $key
        $null = Set-EdgeBackupPolicy -KeepLast 2 -Repository $damaged
        Get-ChildItem (Join-Path $damaged.Path 'policies') -Recurse -File | Set-Content -Value 'torn'
        $null = Connect-EdgeRepository $repository.Path
        foreach ($operation in 'get', 'test', 'whatIf') {
            $said = Invoke-Operation $policyFile $operation @{ scope = 'All'; target = ''; keepLast = 2; repository = $damaged.Path; keyFile = $key }
            $said.Code | Should -Be 0 -Because "$operation $($said.Error)"
            $said.State | Should -HaveCount 1
            $said.Error | Should -Not -BeNullOrEmpty
            ($said.Error | ConvertFrom-Json).warn | Should -Match 'A policy is left out'
        }
    }

    It 'says only what would be otherwise' -Skip:$IsWindows {
        $null = Register-EdgeBackupSchedule shown -Method Cron
        $shown = (Invoke-Operation $scheduleFile whatIf @{ name = 'shown'; every = '02:00:00' }).State
        $shown.every | Should -Be '02:00:00'
        $shown.enabled | Should -BeTrue
        $shown._metadata.whatIf | Should -HaveCount 1
        Unregister-EdgeBackupSchedule shown
    }

    It 'exports policies as they can be set again' {
        $exported = (Invoke-Operation $policyFile export).State
        $exported.scope | Should -Be 'All', 'Tag', 'Tag', 'Tag', 'Tag'
        (Invoke-Operation $policyFile test $exported[1]).State._inDesiredState | Should -BeTrue
    }

    It 'knows of a schedule that is not there' {
        (Invoke-Operation $scheduleFile test @{ name = 'none'; _exist = $false }).State._inDesiredState | Should -BeTrue
    }
}
