# Devices: registered, found, changed, forgotten ("Pinned down": Register, Pipeline).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
}

AfterAll {
    Stop-All
}

Describe 'Register-EdgeDevice' {
    It 'takes id, name, type and version from the device' {
        $address = Add-Device 'reg-1' -Version '1.26.1' -Unregistered
        $device = Register-EdgeDevice $address
        $device.Id | Should -BeExactly 'reg-1'
        $device.Device | Should -BeExactly 'reg-1'
        $device.Type | Should -Be 'edge-controller'
        $device.Version | Should -Be '1.26.1'
        $device.State | Should -Be 'Active'
        $device.BackupState | Should -Be 'Never'
        $device.LastBackup | Should -BeNullOrEmpty
        $device.BackupAge | Should -BeNullOrEmpty
    }

    It 'takes a folder by a relative path and remembers it absolute' {
        $folder = New-FolderDevice -Id 'reg-folder'
        Push-Location (Split-Path $folder)
        $device = Register-EdgeDevice "./$(Split-Path $folder -Leaf)"
        Pop-Location
        $device.Address | Should -Be $folder
        $device.Version | Should -Be '1.25.0'
    }

    It 'takes a folder without edge-device.json from the registration' {
        $folder = New-TestFolder
        'x' | Set-Content (Join-Path $folder 'a.txt')
        $device = Register-EdgeDevice $folder -Id 'bare' -Type 'edge-controller' -Version '1.24.5' -Name 'Bare one' -Tag 'north', 'lab' -Site 'Hall 3'
        $device.Name | Should -Be 'Bare one'
        $device.Tag | Should -Be 'north', 'lab'
        $device.Site | Should -Be 'Hall 3'
        New-EdgeBackup bare -Automatic | Should -HaveCount 1
    }

    It 'lets the device''s version win over a registered one' {
        $folder = New-FolderDevice -Id 'version-wins' -Version '1.27.0'
        (Register-EdgeDevice $folder -Version '1.25.0').Version | Should -Be '1.27.0'
    }

    It 'refuses an <Property> that contradicts the device' -ForEach @(
        @{ Property = 'Id'; Value = 'other' }
        @{ Property = 'Type'; Value = 'bms-server' }
    ) {
        $folder = New-FolderDevice -Id "contra-$Property"
        $given = @{ $Property = $Value }
        Get-Refusal { Register-EdgeDevice $folder @given } | Should -BeLike 'DeviceRegistrationMismatch:*'
        Get-EdgeDevice "contra-$Property", 'other' -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'refuses a device that does not answer' {
        Get-Refusal { Register-EdgeDevice 'http://127.0.0.1:9/' } | Should -BeLike 'DeviceUnreachable:*'
    }

    It 'refuses a folder that is not there' {
        Get-Refusal { Register-EdgeDevice (Join-Path (New-TestFolder) 'gone') } | Should -BeLike 'DeviceUnreachable:*'
    }

    It 'registers a silent device with -SkipContact, -Id and -Type' {
        $device = Register-EdgeDevice 'http://127.0.0.1:9/' -Id 'silent' -Type 'edge-controller' -SkipContact
        $device.Id | Should -Be 'silent'
        Get-Refusal { New-EdgeBackup silent -Automatic } | Should -BeLike 'DeviceUnreachable:*'
        (Test-EdgeDevice silent).Reachable | Should -BeFalse
    }

    It 'wants <_> with -SkipContact' -ForEach 'Id', 'Type' {
        $given = @{ Id = 'half'; Type = 'edge-controller' }
        $given.Remove($_)
        (Watch { Register-EdgeDevice 'http://127.0.0.1:9/' @given -SkipContact }).Errors | Should -HaveCount 1
        Get-EdgeDevice half -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'refuses a type that is <Title>' -ForEach @(
        @{ Title = 'no word'; Address = $null; Type = 'Coffee Machine!' }
        @{ Title = 'unknown for HTTP'; Address = 'http://127.0.0.1:9/'; Type = 'coffee-machine' }
    ) {
        $place = $Address ?? (New-TestFolder)
        (Watch { Register-EdgeDevice $place -Id 'odd' -Type $Type -SkipContact }).Errors | Should -HaveCount 1
        Get-EdgeDevice odd -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'refuses a second device with an id that is taken' {
        $null = Register-EdgeDevice (New-FolderDevice -Id 'twin')
        $second = New-FolderDevice -Id 'twin'
        Get-Refusal { Register-EdgeDevice $second } | Should -BeLike 'DeviceIdDuplicate:*'
        (Get-EdgeDevice twin).Address | Should -Not -Be $second
    }

    It 'refuses a folder that is a repository' {
        $folder = Join-Path (New-TestFolder) 'r'
        $null = Initialize-EdgeRepository $folder -KeyFile (Join-Path (New-TestFolder) 'k')
        $null = New-TestRepository
        (Watch { Register-EdgeDevice $folder -Id 'vault' -Type 'edge-controller' }).Errors | Should -HaveCount 1
        Get-EdgeDevice vault -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'makes no repository of a folder that is a device' {
        $folder = New-FolderDevice -Id 'device-not-vault'
        $null = Register-EdgeDevice $folder
        $before = Get-FolderState $folder
        (Watch { Initialize-EdgeRepository $folder -KeyFile (Join-Path (New-TestFolder) 'k') }).Errors | Should -HaveCount 1
        Get-FolderState $folder | Should -Be $before
    }

    It 'refuses credentials over plain http to other than loopback' {
        $credential = [pscredential]::new('admin', (ConvertTo-SecureString 's3cret-word' -AsPlainText))
        $said = Watch { Register-EdgeDevice 'http://192.0.2.1/' -Id 'far' -Type 'edge-controller' -SkipContact -Credential $credential }
        $said.Errors | Should -HaveCount 1
        $said.Text | Should -Match 'AllowUnencryptedAuthentication'
        $said.Text | Should -Not -Match 's3cret-word'
        $device = Register-EdgeDevice 'http://192.0.2.1/' -Id 'far' -Type 'edge-controller' -SkipContact -Credential $credential -AllowUnencryptedAuthentication
        $device.Id | Should -Be 'far'
    }

    It 'writes nothing with -WhatIf' {
        $folder = New-FolderDevice -Id 'whatif'
        $before = Get-FolderState (Get-EdgeRepository | Where-Object Default).Path
        Register-EdgeDevice $folder -WhatIf | Should -BeNullOrEmpty
        Get-FolderState (Get-EdgeRepository | Where-Object Default).Path | Should -Be $before
    }

    It 'refuses the id <Id>' -ForEach @(
        @{ Id = ''; Value = '' }
        @{ Id = 'with a line feed'; Value = "a`nb" }
    ) {
        $folder = New-TestFolder
        (Watch { Register-EdgeDevice $folder -Id $Value -Type 'edge-controller' -Version '1.25.0' }).Errors | Should -HaveCount 1
    }

    It 'tells devices apart whose ids hold brackets' {
        $null = New-TestRepository
        foreach ($id in 'rack[1]', 'rack1') {
            $null = Register-EdgeDevice (New-FolderDevice -Id $id)
        }
        (Get-EdgeDevice | Where-Object Id -eq 'rack[1]' | New-EdgeBackup -Automatic).Device | Should -Be 'rack[1]'
        (Get-EdgeBackup).Device | Should -Be 'rack[1]'
    }

    It 'steers no object of the store by the id <_>' -ForEach '../../escape', '/etc/escape', 'con', 'a/b' {
        $null = New-TestRepository
        $folder = New-FolderDevice -Id $_
        $said = Watch { Register-EdgeDevice $folder }
        $root = (Get-EdgeRepository | Where-Object Default).Path
        if (-not $said.Errors) {
            (New-EdgeBackup $_ -Automatic).Device | Should -Be $_
        }
        @(Get-ChildItem (Split-Path $root) -Recurse -Force | Where-Object Name -match 'escape') | Should -HaveCount 0
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }
}

Describe 'Get-EdgeDevice' {
    BeforeAll {
        $null = New-TestRepository
        foreach ($id in 'alpha-1', 'alpha-2', 'beta-1') {
            $null = Register-EdgeDevice (New-FolderDevice -Id $id -Name "The $id") -Tag ($id -replace '-.*')
        }
    }

    It 'finds by <Name>' -ForEach @(
        @{ Name = 'id'; Given = @{ Id = 'alpha-1' }; Expected = 'alpha-1' }
        @{ Name = 'wildcard'; Given = @{ Id = 'alpha-*' }; Expected = 'alpha-1', 'alpha-2' }
        @{ Name = 'id in another case'; Given = @{ Id = 'ALPHA-?' }; Expected = 'alpha-1', 'alpha-2' }
        @{ Name = 'name'; Given = @{ Name = '*beta*' }; Expected = 'beta-1' }
        @{ Name = 'tag'; Given = @{ Tag = 'alpha' }; Expected = 'alpha-1', 'alpha-2' }
        @{ Name = 'type'; Given = @{ Type = 'edge-*' }; Expected = 'alpha-1', 'alpha-2', 'beta-1' }
        @{ Name = 'backup state'; Given = @{ BackupState = 'Current' }; Expected = @() }
        @{ Name = 'state'; Given = @{ State = 'Active' }; Expected = 'alpha-1', 'alpha-2', 'beta-1' }
    ) {
        @((Get-EdgeDevice @Given).Id | Sort-Object) | Should -Be $Expected
    }

    It 'gives nothing for a wildcard without a match' {
        Get-EdgeDevice 'zzz*' | Should -BeNullOrEmpty
    }

    It 'names the nearest for a literal without a match' {
        Get-Refusal { Get-EdgeDevice 'alpha-3' } | Should -BeLike 'DeviceNotFound:*alpha-1*'
    }

    It 'gives the ones it finds beside the one it does not' {
        $said = Watch { Get-EdgeDevice 'alpha-1', 'nosuch', 'beta-1' }
        $said.Output.Id | Should -Be 'alpha-1', 'beta-1'
        $said.Errors | Should -HaveCount 1
    }
}

Describe 'Set-EdgeDevice and Unregister-EdgeDevice' {
    BeforeAll {
        $null = New-TestRepository
        $null = Register-EdgeDevice (New-FolderDevice -Id 'change-me')
    }

    It 'changes what it is given and keeps the rest' {
        Set-EdgeDevice change-me -Name 'New name' -Site 'Dock'
        $null = Get-EdgeDevice change-me | Set-EdgeDevice -Tag 'x', 'y'
        $device = Get-EdgeDevice change-me
        $device.Name | Should -Be 'New name'
        $device.Site | Should -Be 'Dock'
        $device.Tag | Should -Be 'x', 'y'
    }

    It 'keeps the backups of a device that is unregistered' {
        $backup = New-EdgeBackup change-me -Automatic
        Unregister-EdgeDevice change-me -Confirm:$false
        Get-EdgeDevice change-me -ErrorAction Ignore | Should -BeNullOrEmpty
        (Get-EdgeBackup -Id $backup.Id).Device | Should -Be 'change-me'
        (Get-EdgeBackup -Device change-me).Id | Should -Be $backup.Id
        $target = Join-Path (New-TestFolder) 'out'
        (Restore-EdgeBackup $backup.Id -Destination $target).Restored.Count | Should -BeGreaterThan 0
        Get-Refusal { New-EdgeBackup change-me -Automatic } | Should -BeLike 'DeviceNotFound:*'
    }
}

Describe 'Hardware that is not what was registered' {
    It 'refuses a device whose id changed and speaks of Switch' {
        $null = Add-Device 'was-this'
        $null = Invoke-Control 'was-this' PATCH @{ id = 'is-that' }
        Get-Refusal { New-EdgeBackup was-this -Automatic } | Should -BeLike 'DeviceIdChanged:*Switch-EdgeDevice*'
        (Test-EdgeDevice was-this).CanBackup | Should -BeFalse
        Get-EdgeBackup -Device was-this | Should -BeNullOrEmpty
    }

    It 'refuses an answer that is <Name>' -ForEach @(
        @{ Name = 'no JSON'; Body = '<html>login</html>' }
        @{ Name = 'an empty object'; Body = '{}' }
        @{ Name = 'a list'; Body = '[]' }
        @{ Name = 'cut'; Body = '{"id":"x"' }
        @{ Name = 'without an id'; Body = '{"id":"","name":"n","type":"edge-controller","version":"1.25.0","time":"2026-01-01T00:00:00Z","features":[]}' }
        @{ Name = 'empty'; Body = '' }
    ) {
        $id = "answer-$(Get-Random)"
        $address = Add-Device $id -Unregistered
        Add-Fault $id @{ kind = 'replaceBody'; path = 'device'; body = $Body; contentType = 'application/json'; times = -1 }
        Get-Refusal { Register-EdgeDevice $address } | Should -BeLike 'DeviceResponseInvalid:*'
    }

    It 'says when its password is refused' {
        $address = Add-Device 'locked' -Unregistered
        $null = Invoke-Control 'locked' PATCH @{ userName = 'admin'; password = 'right' }
        Get-Refusal { Register-EdgeDevice $address } | Should -BeLike 'DeviceAuthenticationFailed:*'
        $credential = [pscredential]::new('admin', (ConvertTo-SecureString 'right' -AsPlainText))
        (Register-EdgeDevice $address -Credential $credential).Id | Should -Be 'locked'
        (New-EdgeBackup locked -Automatic).Device | Should -Be 'locked'
    }
}

Describe 'Test-EdgeDevice' {
    It 'says what stands in the way' {
        $null = Add-Device 'tested'
        $test = Test-EdgeDevice tested
        $test.Reachable | Should -BeTrue
        $test.VersionSupported | Should -BeTrue
        $test.CanBackup | Should -BeTrue
        $null = Invoke-Control 'tested/transactions' POST @{}
        $test = Get-EdgeDevice tested | Test-EdgeDevice
        $test.CanBackup | Should -BeFalse
        $test.RunningTransactions | Should -Be 1
        $test.Reason | Should -Not -BeNullOrEmpty
    }
}
