# Building servers: groups (R15), history and retain levels (R10, R12), queued changes, business hours (R11).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
    $address = Add-Device 'bms' -Type 'bms-server' -Version '7.0.2' -Unregistered
    $null = Register-EdgeDevice $address -Site 'Lisbon'
    $unit = New-FolderDevice -Id 'unit'
    $null = Register-EdgeDevice $unit -Parent 'bms'
    $valve = New-FolderDevice -Id 'valve'
    $null = Register-EdgeDevice $valve -Parent 'unit'

    function Set-Broken {
        # Everything goes wrong at once.
        Set-DeviceItem 'bms' 'config/alarms.xml' 'broken'
        Set-DeviceItem 'bms' 'history/trends.log' 'broken' -Kind history
        Set-Content -LiteralPath (Join-Path $unit 'broken.txt') 'broken'
        Set-Content -LiteralPath (Join-Path $valve 'broken.txt') 'broken'
    }
}

AfterAll {
    Stop-All
}

Describe 'A group' {
    BeforeAll {
        $taken = Watch { New-EdgeBackup bms -Name 'before update' -IncludeChildren -Content All }
        $good = Get-DeviceItem 'bms'
    }

    It 'has the server and everything below it under one name, and an error for what nobody registered' {
        $taken.Output.Device | Should -Be 'bms', 'unit', 'valve'
        $taken.Output.Name | Sort-Object -Unique | Should -Be 'before update'
        $taken.Output.Group.Id | Sort-Object -Unique | Should -HaveCount 1
        $taken.Output[1].Group.Member | Should -Be 'bms', 'unit', 'valve', 'bms-ahu'
        $taken.Errors | ForEach-Object { Get-ErrorId $_ } | Should -Be 'DeviceNotFound'
        $taken.Errors[0].TargetObject | Should -Be 'bms-ahu'
    }

    It 'with -WhatIf names what would be captured and what nobody has registered' {
        $file = Join-Path $TestDrive 'whatif.txt'
        $null = Start-Transcript $file
        try { New-EdgeBackup bms -Name 'later' -IncludeChildren -WhatIf } finally { $null = Stop-Transcript }
        Get-Content $file -Raw | Should -Match "the 2 devices below it: unit, valve; not of bms-ahu"
        Get-EdgeBackup -Name 'later' -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'is found by <By>, and its missing member is named' -ForEach @(
        @{ By = 'its name' ; Word = { 'before update' } }
        @{ By = 'its id'; Word = { $taken.Output[0].Group.Id } }
        @{ By = 'a wildcard'; Word = { 'before*' } }
    ) {
        $said = Watch { Get-EdgeBackup -Group (& $Word) }
        $said.Output.Device | Should -Be 'bms', 'unit', 'valve'
        $said.Warnings | Should -HaveCount 1
        "$($said.Warnings)" | Should -BeLike '*no backup of 1 of its 4 devices: bms-ahu*'
    }

    It 'that does not exist is an error with the nearest name' {
        Get-Refusal { Get-EdgeBackup -Group 'before updat' } | Should -BeLike "BackupNotFound: There is no group of backups 'before updat'*before update*"
        Get-Refusal { Restore-EdgeBackup -Group 'nothing' -Confirm:$false } | Should -BeLike 'BackupNotFound:*'
    }

    It 'is shown as a text, a table and a list' {
        $group = $taken.Output[0].Group
        "$group" | Should -Be $group.Id
        $group | Format-Table | Out-String | Should -Match 'before update'
        $taken.Output[0] | Format-List | Out-String -Width 200 | Should -Match 'Group\s+: \w{24} of bms, 4 devices'
    }

    It 'goes with -WhatIf through every member and changes nothing' {
        Set-Broken
        $before = Get-DeviceItem 'bms'
        $said = Watch { Restore-EdgeBackup -Group 'before update' -WhatIf }
        $said.Output.Device | Should -Be 'bms', 'unit', 'valve'
        $said.Output[1].Removed | Should -Be 'broken.txt'
        $said.Errors | ForEach-Object { Get-ErrorId $_ } | Should -Be 'BackupNotFound'
        Get-DeviceItem 'bms' | ConvertTo-Json | Should -Be ($before | ConvertTo-Json)
        Get-EdgeBackup -Kind Safety | Should -BeNullOrEmpty
    }

    It 'does not touch what is below a server whose restore fails' {
        Set-Broken
        Set-Behaviour 'bms' @{ commitFailure = 'the database is locked' }
        $said = Watch { Restore-EdgeBackup -Group 'before update' -Confirm:$false }
        Reset-Device 'bms'
        $said.Output | Should -HaveCount 0
        $said.Errors.TargetObject | Should -Be 'bms-ahu', 'bms', 'unit', 'valve'
        "$($said.Errors[3])" | Should -BeLike "*nothing on it was changed, because 'bms'*"
        Join-Path $unit 'broken.txt' | Should -Exist
    }

    It 'goes back with the server first' {
        Set-Broken
        $said = Watch { Restore-EdgeBackup -Group 'before update' -Confirm:$false }
        $said.Output.Device | Should -Be 'bms', 'unit', 'valve'
        $said.Output.Verified | Should -Be $true, $true, $true
        $said.Output.SafetyBackup | Should -HaveCount 3
        (Get-DeviceItem 'bms')['config/alarms.xml'] | Should -Be $good['config/alarms.xml']
        Join-Path $valve 'broken.txt' | Should -Not -Exist
    }

    It 'takes no -Device' {
        { Restore-EdgeBackup -Group 'before update' -Device unit -Confirm:$false } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'of automatic backups has no name' {
        $automatic = (Watch { New-EdgeBackup bms -Automatic -IncludeChildren }).Output
        $automatic[0].Group.Name | Should -BeNullOrEmpty
        (Get-EdgeBackup -Group $automatic[0].Group.Id -WarningAction Ignore).Id | Sort-Object | Should -Be ($automatic.Id | Sort-Object)
    }
}

Describe 'Content' {
    BeforeAll {
        $all = New-EdgeBackup bms -Name 'all of it' -Content All
        $good = Get-DeviceItem 'bms'
    }

    BeforeEach {
        Set-DeviceItem 'bms' 'config/alarms.xml' 'newer'
        Set-DeviceItem 'bms' 'history/trends.log' 'newer' -Kind history
    }

    It '<Content> brings back <Back>' -ForEach @(
        @{ Content = 'Configuration'; Back = 'config/alarms.xml' }
        @{ Content = 'History'; Back = 'history/trends.log' }
        @{ Content = 'All'; Back = 'config/alarms.xml', 'history/trends.log' }
    ) {
        $result = $all | Restore-EdgeBackup -Content $Content -Confirm:$false
        $result.Restored | Should -Be $Back
        $now = Get-DeviceItem 'bms'
        foreach ($path in 'config/alarms.xml', 'history/trends.log') {
            $now[$path] -eq $good[$path] | Should -Be ($path -in $Back)
        }
        $result.NotRestored | Where-Object Path -EQ 'values/live.json' | ForEach-Object Reason | Should -BeLike '*retain level is None*'
    }

    It 'History of a backup without any is an error that says so' {
        $plain = New-EdgeBackup bms -Name 'plain' -Content Configuration
        Get-Refusal { $plain | Restore-EdgeBackup -Content History -Confirm:$false } | Should -BeLike 'BackupNotFound:*holds configuration only*'
    }
}

Describe 'Values of applications, and queued changes' {
    It 'asks for cold values, and names the others in NotSaved and NotRestored' {
        $null = Invoke-Control 'bms/applications/values/hours.json' PUT '1'
        $null = Invoke-Control 'bms/applications/values/average.json?retain=warm' PUT '2'
        $backup = New-EdgeBackup bms -Automatic
        ($backup | Get-EdgeBackupItem).Path | Should -Contain 'values/hours.json'
        $backup.NotSaved.Path | Should -Contain 'values/average.json'
        ($backup | Restore-EdgeBackup -Confirm:$false).NotRestored.Path | Should -Contain 'values/average.json'
    }

    It 'warns of a server that cannot be asked' {
        $null = Invoke-Control 'bms' PATCH @{ features = @('hold') }
        $null = Invoke-Control 'bms/applications/values/more.json' PUT '3'
        $said = Watch { New-EdgeBackup bms -Automatic }
        $null = Invoke-Control 'bms' PATCH @{ features = @('hold', 'persist', 'changes') }
        $said.Output | Should -HaveCount 1
        "$($said.Warnings)" | Should -BeLike '*cannot be asked to write them down: values/more.json.'
    }

    It 'waits for changes that are queued' {
        Set-Behaviour 'bms' @{ changeSeconds = 1 }
        $null = Invoke-Control 'bms/changes/config/queued.txt' PUT 'queued'
        $backup = New-EdgeBackup bms -Automatic
        Reset-Device 'bms'
        ($backup | Get-EdgeBackupItem -Path 'config/queued.txt').Length | Should -Be 6
    }
}

Describe 'Business hours' {
    It 'are those of the site, and Get-EdgeBackupPolicy says where they come from' {
        $policy = Get-EdgeBackupPolicy bms
        $policy.TimeZone | Should -Not -BeNullOrEmpty -Because 'one counts'
        $policy.Source | Should -Contain 'TimeZone: this machine, for want of a policy'
        (Get-EdgeBackupPolicy unit).TimeZone | Should -BeNullOrEmpty
        $set = Set-EdgeBackupPolicy -Site Lisbon -TimeZone Europe/Lisbon
        $set.Scope | Should -Be 'site Lisbon'
        $policy = Get-EdgeBackupPolicy bms
        $policy.Window | Should -Be 'Mon-Fri 00:00-06:00, Mon-Fri 18:00-24:00, Sat-Sun 00:00-24:00'
        $policy.TimeZone | Should -Be 'Europe/Lisbon'
        $policy.Source | Should -Contain 'Window: the device type'
        $policy.Source | Should -Contain 'TimeZone: site Lisbon'
        (Get-EdgeBackupPolicy unit).Window | Should -Be 'Always'
        (Get-EdgeBackupPolicy).Scope | Should -Contain 'site Lisbon'
    }

    It 'give way to a policy' {
        $null = Set-EdgeBackupPolicy -Device bms -Window Always
        (Get-EdgeBackupPolicy bms).Window | Should -Be 'Always'
    }
}
