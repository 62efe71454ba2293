# Backups: taken, named, listed, read ("Pinned down": Pipeline, Backups; R5, R6, R10, R16).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
    foreach ($id in 'one', 'two', 'three') {
        $null = Add-Device $id
    }
    $folder = New-FolderDevice -Id 'folder'
    $null = Register-EdgeDevice $folder
}

AfterAll {
    Stop-All
}

Describe 'An automatic backup' {
    It 'is recorded with all that the design promises' {
        $backup = New-EdgeBackup one -Automatic
        $backup.Id | Should -Be $backup.Backup
        $backup.Device | Should -Be 'one'
        $backup.Kind | Should -Be 'Automatic'
        $backup.Content | Should -Be 'Configuration'
        $backup.Name | Should -BeNullOrEmpty
        $backup.Version | Should -Be '1.25.0'
        $backup.ItemCount | Should -BeGreaterThan 0
        $backup.Length | Should -BeGreaterThan 0
        $backup.Changed | Should -BeTrue
        $backup.Protected | Should -BeFalse
        $backup.Created | Should -BeOfType [datetime]
        ((Get-Date) - $backup.Created).Duration().TotalMinutes | Should -BeLessThan 15 -Because 'another zone is further away, and a busy machine is not'
        $backup.Expires.ToUniversalTime() | Should -Be $backup.Created.ToUniversalTime().AddMonths(6)
    }

    It 'is also made when nothing changed, and says so' {
        $first = New-EdgeBackup one -Automatic
        $second = New-EdgeBackup one -Automatic
        $second.Id | Should -Not -Be $first.Id
        $second.Changed | Should -BeFalse
    }

    It 'says when something changed' {
        Set-DeviceItem one 'config/site.json' '{"limit":99}'
        (New-EdgeBackup one -Automatic).Changed | Should -BeTrue
    }

    It 'makes the age of the newest backup visible (R5)' {
        $null = New-EdgeBackup folder -Automatic
        $device = Get-EdgeDevice folder
        $device.LastBackup | Should -Be (Get-EdgeBackup -Device folder -Latest).Created
        $device.BackupAge | Should -BeOfType [timespan]
        $device.BackupAge.TotalMinutes | Should -BeLessThan 15
        $device.BackupState | Should -Be 'Current'
        $null = Add-Device 'unsaved'
        (Get-EdgeDevice -BackupState Never).Id | Should -Contain 'unsaved'
        (Get-EdgeDevice -BackupState Never).Id | Should -Not -Contain 'folder'
        Unregister-EdgeDevice unsaved -Confirm:$false
    }
}

Describe 'A manual backup' {
    It 'has the name that its user gave (R6)' {
        $backup = New-EdgeBackup two -Name 'Before the café – upgrade ✓'
        $backup.Kind | Should -Be 'Manual'
        $backup.Name | Should -BeExactly 'Before the café – upgrade ✓'
        $backup.Expires | Should -BeNullOrEmpty
        (Get-EdgeBackup -Name 'Before*').Id | Should -Be $backup.Id
    }

    It 'wants exactly one of -Name and -Automatic' {
        (Watch { New-EdgeBackup two -Name x -Automatic }).Errors | Should -HaveCount 1
        (Watch { New-EdgeBackup two -Confirm:$false }).Errors | Should -HaveCount 1
    }

    It 'refuses a name used on that device, in any case, but not on another' {
        $null = New-EdgeBackup two -Name 'used'
        Get-Refusal { New-EdgeBackup two -Name 'used' } | Should -BeLike 'BackupNameInUse:*'
        (New-EdgeBackup three -Name 'used').Name | Should -Be 'used'
    }

    It 'refuses the name that is <Title>' -ForEach @(
        @{ Title = 'empty'; Value = ''; Ids = 'BackupNameInvalid', 'ParameterArgumentValidationErrorEmptyStringNotAllowed' }
        @{ Title = 'blank'; Value = '   '; Ids = 'BackupNameInvalid' }
        @{ Title = '129 characters'; Value = 'n' * 129; Ids = 'BackupNameInvalid' }
        @{ Title = 'with a line feed'; Value = "a`nb"; Ids = 'BackupNameInvalid' }
        @{ Title = 'with NUL'; Value = "a`0b"; Ids = 'BackupNameInvalid' }
        @{ Title = 'with an escape sequence'; Value = "a`e[31mb"; Ids = 'BackupNameInvalid' }
        @{ Title = 'with DEL'; Value = "a$([char]0x7f)b"; Ids = 'BackupNameInvalid' }
        @{ Title = 'with a C1 control'; Value = "a$([char]0x85)b"; Ids = 'BackupNameInvalid' }
    ) {
        $count = @(Get-EdgeBackup -Device two).Count
        $refusal = Get-Refusal { New-EdgeBackup two -Name $Value }
        $refusal.Split(':')[0] | Should -BeIn $Ids
        @(Get-EdgeBackup -Device two) | Should -HaveCount $count
    }

    It 'takes 128 characters' {
        (New-EdgeBackup two -Name ('n' * 128)).Name.Length | Should -Be 128
    }

    It 'may have wildcard characters in its name' {
        (New-EdgeBackup two -Name 'is [this] it?').Name | Should -BeExactly 'is [this] it?'
    }

    It 'makes one of two with one name at one moment' {
        $module = Get-ModulePath
        $path = (Get-EdgeRepository | Where-Object Default).Path
        $outcome = 1..4 | ForEach-Object -Parallel {
            Import-Module $using:module
            New-EdgeBackup one -Name 'race' -Repository $using:path -ErrorAction SilentlyContinue
        }
        @(Get-EdgeBackup -Device one -Name race) | Should -HaveCount 1
        @($outcome) | Should -HaveCount 1
    }
}

Describe 'Several devices' {
    It 'come from <Title>' -ForEach @(
        @{ Title = 'ids'; Act = { New-EdgeBackup one, two -Automatic }; Expected = 'one', 'two' }
        @{ Title = 'a wildcard'; Act = { New-EdgeBackup t* -Automatic }; Expected = 'three', 'two' }
        @{ Title = 'strings in the pipeline'; Act = { 'one', 'three' | New-EdgeBackup -Automatic }; Expected = 'one', 'three' }
        @{ Title = 'device objects'; Act = { Get-EdgeDevice t* | New-EdgeBackup -Automatic }; Expected = 'three', 'two' }
        @{ Title = 'backup objects'; Act = { Get-EdgeBackup -Device one -Latest | New-EdgeBackup -Automatic }; Expected = 'one' }
        @{ Title = 'objects with a property Device'; Act = { [pscustomobject]@{ Device = 'two' } | New-EdgeBackup -Automatic }; Expected = 'two' }
        @{ Title = 'an id twice'; Act = { New-EdgeBackup one, one, ONE -Automatic }; Expected = 'one' }
        @{ Title = 'a wildcard without a match'; Act = { New-EdgeBackup zzz* -Automatic }; Expected = @() }
    ) {
        $said = Watch $Act
        $said.Errors | Should -HaveCount 0
        @($said.Output.Device | Sort-Object) | Should -Be $Expected
    }

    It 'come from objects read by Import-Clixml' {
        $file = Join-Path (New-TestFolder) 'devices.xml'
        Get-EdgeDevice one, two | Export-Clixml $file
        @((Import-Clixml $file | New-EdgeBackup -Automatic).Device | Sort-Object) | Should -Be 'one', 'two'
        Get-EdgeBackup -Device one -Latest | Export-Clixml $file
        Import-Clixml $file | Get-EdgeBackupItem | Should -Not -BeNullOrEmpty
        (Import-Clixml $file | Test-EdgeBackup).Intact | Should -BeTrue
        (Import-Clixml $file).Backup | Should -Be (Import-Clixml $file).Id
    }

    It 'come from a job' {
        $module = Get-ModulePath
        $path = (Get-EdgeRepository | Where-Object Default).Path
        $job = Start-Job { Import-Module $using:module; $null = Connect-EdgeRepository $using:path; Get-EdgeDevice one, two; Get-EdgeBackup -Device one -Latest }
        $received = Receive-Job $job -Wait -AutoRemoveJob
        $received | Should -HaveCount 3
        @((($received | Select-Object -First 2) | New-EdgeBackup -Automatic).Device | Sort-Object) | Should -Be 'one', 'two'
        ($received[2] | Test-EdgeBackup).Intact | Should -BeTrue
    }

    It 'give an error for each that fails and a backup for each that does not (R16)' {
        $null = Invoke-Control 'two/transactions' POST @{}
        Add-Fault three @{ kind = 'cutBefore'; path = 'items'; times = -1 }
        $said = Watch { New-EdgeBackup one, two, three, folder -Automatic }
        Reset-Device two
        Reset-Device three
        @($said.Output.Device | Sort-Object) | Should -Be 'folder', 'one'
        $said.Errors | Should -HaveCount 2
        @($said.Errors | ForEach-Object { "$($_.TargetObject)" } | Sort-Object) | Should -Be 'three', 'two'
        @($said.Errors | Get-ErrorId | Sort-Object) | Should -Contain 'DeviceBusy'
    }

    It 'are named in their errors, whatever the fault' {
        $gone = New-FolderDevice -Id 'gone'
        $null = Register-EdgeDevice $gone
        Remove-Item $gone -Recurse
        $said = Watch { New-EdgeBackup one, gone -Automatic }
        $said.Output.Device | Should -Be 'one'
        $said.Errors | Get-ErrorId | Should -Be 'DeviceUnreachable'
        $said.Errors[0].TargetObject | Should -Be 'gone'
        "$($said.Errors[0])" | Should -Match "'gone'"
        Unregister-EdgeDevice gone -Confirm:$false
    }

    It 'name the one that is not known and go on with the rest' {
        $said = Watch { New-EdgeBackup one, nosuch, two -Automatic }
        @($said.Output.Device | Sort-Object) | Should -Be 'one', 'two'
        @($said.Errors | Get-ErrorId) | Should -Be 'DeviceNotFound'
    }

    It 'run beside each other, or one after the other with -ThrottleLimit 1' {
        # Each comes when it is taken: the first is busy until the other two are there.
        $null = Invoke-Control 'one/transactions' POST @{}
        $others = 0
        $parallel = New-EdgeBackup one, two, three -Automatic -ThrottleLimit 3 -WaitForIdle 00:05:00 | ForEach-Object {
            $_
            if ($_.Device -ne 'one' -and ++$others -eq 2) { Reset-Device one }
        }
        $serial = New-EdgeBackup one, two, three -Automatic -ThrottleLimit 1
        $parallel.Device[0, 1] | Sort-Object | Should -Be 'three', 'two'
        $parallel.Device[2] | Should -Be 'one'
        $serial.Device | Should -Be 'one', 'two', 'three'
    }

    It 'refuse -ThrottleLimit <_>' -ForEach 0, -1 {
        (Watch { New-EdgeBackup one -Automatic -ThrottleLimit $_ }).Errors | Should -HaveCount 1
    }

    It 'stop when the pipeline has enough, and leave nothing half-made' {
        $null = New-EdgeBackup one, two, three -Automatic -ThrottleLimit 1 | Select-Object -First 1
        (Test-EdgeRepository).Healthy | Should -BeTrue
        foreach ($id in 'one', 'two', 'three') { (Invoke-Control $id).held | Should -BeFalse }
    }
}

Describe '-WhatIf' {
    It 'takes no backup and writes nothing' {
        $root = (Get-EdgeRepository | Where-Object Default).Path
        $before = Get-FolderState $root
        New-EdgeBackup one -Name 'never' -WhatIf | Should -BeNullOrEmpty
        New-EdgeBackup * -Automatic -WhatIf | Should -BeNullOrEmpty
        Get-FolderState $root | Should -Be $before
    }
}

Describe 'Content (R10, R12)' {
    BeforeAll {
        $configuration = New-EdgeBackup three -Name 'configuration only'
        $all = New-EdgeBackup three -Name 'all of it' -Content All
    }

    It 'is without history by default' {
        ($configuration | Get-EdgeBackupItem).Kind | Should -Not -Contain 'History'
    }

    It 'has history with All' {
        $all.Content | Should -Be 'All'
        ($all | Get-EdgeBackupItem).Kind | Should -Contain 'History'
    }

    It 'holds identity items and never those of retain level None' {
        $items = $all | Get-EdgeBackupItem
        $items.Kind | Should -Contain 'Identity'
        $items.Retain | Should -Contain 'Warm'
        $items.Retain | Should -Not -Contain 'None'
        $items.Path | Should -Not -Contain 'values/live.json'
    }

    It 'is what the device holds, byte by byte' {
        $saved = @{}
        $all | Get-EdgeBackupItem | ForEach-Object { $saved[$_.Path] = $_.Digest }
        $held = Get-DeviceItem three
        $held.Remove('values/live.json')
        $saved.Keys | Sort-Object | Should -Be ($held.Keys | Sort-Object)
        foreach ($path in $held.Keys) {
            "$($saved[$path])".ToLowerInvariant() | Should -Match $held[$path]
        }
    }
}

Describe 'Get-EdgeBackup' {
    BeforeAll {
        $everything = Get-EdgeBackup
    }

    It 'filters by <Title>' -ForEach @(
        @{ Title = 'device'; Given = @{ Device = 'two' }; Test = { $_.Device -eq 'two' } }
        @{ Title = 'a wildcard of devices'; Given = @{ Device = 't*' }; Test = { $_.Device -like 't*' } }
        @{ Title = 'kind'; Given = @{ Kind = 'Manual' }; Test = { $_.Kind -eq 'Manual' } }
        @{ Title = 'kinds'; Given = @{ Kind = 'Manual', 'Safety' }; Test = { $_.Kind -in 'Manual', 'Safety' } }
        @{ Title = 'name'; Given = @{ Name = 'u*' }; Test = { $_.Name -like 'u*' } }
        @{ Title = 'after'; Given = @{ After = [datetime]::Now.AddDays(-1) }; Test = { $true } }
        @{ Title = 'after, in vain'; Given = @{ After = [datetime]::Now.AddDays(1) }; Test = { $false } }
        @{ Title = 'before'; Given = @{ Before = [datetime]::Now.AddDays(1) }; Test = { $true } }
        @{ Title = 'before in universal time'; Given = @{ Before = [datetime]::UtcNow.AddHours(-1) }; Test = { $false } }
    ) {
        $expected = @($everything | Where-Object $Test)
        @((Get-EdgeBackup @Given).Id | Sort-Object) | Should -Be @($expected.Id | Sort-Object)
    }

    It 'gives the newest of each device with -Latest' {
        $latest = Get-EdgeBackup -Latest
        @($latest.Device | Sort-Object) | Should -Be 'folder', 'one', 'three', 'two'
        foreach ($backup in $latest) {
            $backup.Created | Should -Be ($everything | Where-Object Device -eq $backup.Device | Sort-Object Created | Select-Object -Last 1).Created
        }
    }

    It 'says which backup it does not know' {
        Get-Refusal { Get-EdgeBackup -Id 'ffffffffffffffffffffffff' } | Should -BeLike 'BackupNotFound:*'
        Get-Refusal { Get-EdgeBackup -Device 'onee' } | Should -BeLike 'DeviceNotFound:*one*'
        Get-Refusal { Get-EdgeBackupItem 'ffffffffffffffffffffffff' } | Should -BeLike 'BackupNotFound:*'
        Get-Refusal { Test-EdgeBackup 'ffffffffffffffffffffffff' } | Should -BeLike 'BackupNotFound:*'
        Get-EdgeBackup -Id 'fff*' | Should -BeNullOrEmpty
    }

    It 'lists the same without its catalog' {
        $before = Get-EdgeBackup | Sort-Object Id | ForEach-Object Id
        $path = (Get-EdgeRepository | Where-Object Default).Path
        $data = $env:XDG_DATA_HOME
        $catalogs = Get-ChildItem $data -Recurse -File | Where-Object FullName -match 'catalog'
        $catalogs | Should -Not -BeNullOrEmpty
        Disconnect-EdgeRepository -Repository $path
        $catalogs | Where-Object { Test-Path $_ } | ForEach-Object { [System.IO.File]::WriteAllText($_.FullName, 'this is no database') }
        $null = Connect-EdgeRepository $path
        Get-EdgeBackup | Sort-Object Id | ForEach-Object Id | Should -Be $before
    }
}

Describe 'Test-EdgeBackup' {
    It 'finds every backup of the session intact' {
        $tests = Get-EdgeBackup | Test-EdgeBackup
        $tests | Should -HaveCount @(Get-EdgeBackup).Count
        $tests.Intact | Should -Not -Contain $false
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }
}
