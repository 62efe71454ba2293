# What Tab offers: ids, names, types, tags and backups from the repository that the command would use.
BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    $env:XDG_DATA_HOME = New-TestFolder
    Import-Module (Get-ModulePath) -Force
    Set-CompletionPatience
    $repository = Join-Path (New-TestFolder) 'r'
    $null = Initialize-EdgeRepository $repository -KeyFile (Join-Path (New-TestFolder) 'r.key')

    function Get-Completion([string] $Line) {
        (TabExpansion2 $Line $Line.Length).CompletionMatches
    }

    function Get-CompletionText([string] $Line) {
        @((Get-Completion $Line).CompletionText)
    }

    $null = Register-EdgeDevice (New-FolderDevice 'edge-001' -Name 'Harbour east') -Tag north, harbour
    $null = Register-EdgeDevice (New-FolderDevice 'edge-002' -Name 'Harbour west') -Tag north
    $null = Register-EdgeDevice (New-FolderDevice 'pump 1' -Name "Ada's pump" -Type 'pump-station') -Tag 'first floor'
    $null = Register-EdgeDevice (New-FolderDevice 'odd[1]' -Name 'Odd')
    $named = New-EdgeBackup edge-001 -Name 'before update'
    $automatic = New-EdgeBackup edge-002 -Automatic
    $apostrophe = New-EdgeBackup 'pump 1' -Name "Ada's last"
}

AfterAll {
    Get-EdgeRepository -ErrorAction Ignore | ForEach-Object { Disconnect-EdgeRepository -Repository $_ }
    Remove-TestFolder
}

Describe 'Ids of devices' {
    It 'are offered by <_>' -ForEach @(
        'New-EdgeBackup edge', 'New-EdgeBackup -Device edge', 'Get-EdgeBackup edge', 'Get-EdgeDevice edge', 'Get-EdgeDevice -Id edge'
        'Set-EdgeDevice edge', 'Unregister-EdgeDevice edge', 'Test-EdgeDevice edge', 'Get-EdgeTransaction edge', 'Stop-EdgeTransaction edge'
        'Restore-EdgeBackup x -Device edge', 'Switch-EdgeDevice edge', 'Switch-EdgeDevice x -Replaces edge', 'Get-EdgeEvent edge'
        'Get-EdgeBackupPolicy edge', 'Set-EdgeBackupPolicy -Device edge', 'Register-EdgeDevice x -Parent edge', 'Set-EdgeDevice x -Parent edge'
        'Get-EdgeArchive . -Device edge', 'Get-EdgeArchiveRecord . -Device edge'
    ) {
        Get-CompletionText $_ | Should -Be 'edge-001', 'edge-002'
    }

    It 'are found by name, case and wildcards aside' {
        Get-CompletionText 'New-EdgeBackup HARB' | Should -Be 'edge-001', 'edge-002'
        Get-CompletionText 'New-EdgeBackup *2' | Should -Be 'edge-002'
    }

    It 'tell type and age beside them' {
        (Get-Completion 'New-EdgeBackup edge-001').ToolTip | Should -Match '^Harbour east: edge-controller, newest backup (just now|\d+ (min|h) ago)$'
        (Get-Completion 'New-EdgeBackup odd').ToolTip | Should -BeLike '*no backup yet'
    }

    It 'go on behind a comma' {
        Get-CompletionText 'New-EdgeBackup edge-001, edge-002' | Should -Contain 'edge-002'
    }

    It 'do not offer a device as its own replacement' {
        Get-CompletionText 'Switch-EdgeDevice edge-001 -Replaces edge' | Should -Be 'edge-002'
    }

    It 'are offered as the device was registered a moment ago by another process' {
        $other = New-FolderDevice 'later'
        $null = pwsh -NoProfile -NonInteractive -Command "Import-Module '$(Get-ModulePath)'; Register-EdgeDevice '$other' -Repository '$repository'"
        Get-CompletionText 'New-EdgeBackup lat' | Should -Be 'later'
    }

    It 'stay known to Get-EdgeBackup when they are registered no more' {
        $gone = New-FolderDevice 'gone'
        $null = Register-EdgeDevice $gone
        $null = New-EdgeBackup gone -Automatic
        Unregister-EdgeDevice gone
        Get-CompletionText 'Get-EdgeBackup gon' | Should -Be 'gone'
        Get-CompletionText 'New-EdgeBackup gon' | Should -BeNullOrEmpty
    }
}

Describe 'Quoting' {
    It 'writes <Id> as <Text>' -ForEach @(
        @{ Line = 'Get-EdgeDevice pump'; Id = 'pump 1'; Text = "'pump 1'" }
        @{ Line = 'Get-EdgeDevice ''pump'; Id = 'pump 1'; Text = "'pump 1'" }
        @{ Line = 'Get-EdgeDevice "pump'; Id = 'pump 1'; Text = "'pump 1'" }
        @{ Line = 'Get-EdgeDevice odd'; Id = 'odd[1]'; Text = "'odd``[1``]'" }
    ) {
        Get-CompletionText $Line | Should -Be $Text
        (Invoke-Expression "Get-EdgeDevice $Text").Id | Should -Be $Id
    }

    It 'doubles an apostrophe' {
        Get-CompletionText 'Get-EdgeDevice -Name Ada' | Should -Be "'Ada''s pump'"
        (Invoke-Expression "Get-EdgeDevice -Name $(Get-CompletionText 'Get-EdgeDevice -Name Ada')").Id | Should -Be 'pump 1'
    }

    It 'escapes no wildcard where a parameter takes the text as it is' {
        Get-CompletionText 'Switch-EdgeDevice edge-001 -Replaces odd' | Should -Be 'odd[1]'
    }

    It 'quotes what would be a number' {
        $null = Register-EdgeDevice (New-FolderDevice '0815')
        Get-CompletionText 'Get-EdgeDevice 08' | Should -Be "'0815'"
        Unregister-EdgeDevice '0815'
    }
}

Describe 'Names, types and tags' {
    It 'are offered: <Line> gives <Text>' -ForEach @(
        @{ Line = 'Get-EdgeDevice -Name Harbour'; Text = "'Harbour east'", "'Harbour west'" }
        @{ Line = 'Get-EdgeDevice -Tag n'; Text = 'north' }
        @{ Line = 'Set-EdgeDevice edge-001 -Tag f'; Text = "'first floor'" }
        @{ Line = 'Register-EdgeDevice x -Tag n'; Text = 'north' }
        @{ Line = 'Set-EdgeBackupPolicy -Tag n'; Text = 'north' }
        @{ Line = 'Get-EdgeDevice -Type '; Text = 'bacnet-device', 'bms-server', 'edge-controller', 'evcc', 'folder', 'home-assistant', 'ignition', 'linux', 'openwrt', 'pfsense', 'pump-station' }
        @{ Line = 'Register-EdgeDevice x -Type e'; Text = 'edge-controller', 'evcc' }
        @{ Line = 'Set-EdgeDevice x -Type pump'; Text = 'pump-station' }
        @{ Line = 'Set-EdgeBackupPolicy -Type b'; Text = 'bacnet-device', 'bms-server' }
        @{ Line = 'Get-EdgeDeviceType bms'; Text = 'bms-server' }
    ) {
        Get-CompletionText $Line | Sort-Object | Should -Be $Text
    }
}

Describe 'Backups' {
    It 'are offered by <_>' -ForEach @(
        'Restore-EdgeBackup', 'Get-EdgeBackupItem', 'Test-EdgeBackup', 'Export-EdgeBackup', 'Protect-EdgeBackup', 'Unprotect-EdgeBackup', 'Get-EdgeBackup -Id'
    ) {
        Get-CompletionText "$_ $($named.Id.Substring(0, 20))" | Should -Be $named.Id
    }

    It 'are found by name and by device' {
        Get-CompletionText 'Restore-EdgeBackup before' | Should -Be $named.Id
        Get-CompletionText 'Restore-EdgeBackup edge-002' | Should -Be $automatic.Id
    }

    It 'tell device, name, kind and age' {
        (Get-Completion 'Restore-EdgeBackup before').ToolTip | Should -Match "^edge-001, 'before update', Manual, (just now|\d+ (min|h) ago)$"
        (Get-Completion 'Restore-EdgeBackup edge-002').ToolTip | Should -Match '^edge-002, Automatic, (just now|\d+ (min|h) ago)$'
    }

    It 'keep to the device that is given' {
        Get-CompletionText 'Get-EdgeBackup edge-001 -Id ' | Should -Be $named.Id
        Get-CompletionText 'Switch-EdgeDevice edge-001 -Replaces edge-002 -Backup ' | Should -Be $automatic.Id
    }

    It 'are offered whatever the target of a restore is' {
        Get-CompletionText 'Restore-EdgeBackup -Device edge-002 -Backup before' | Should -Be $named.Id
    }

    It 'are offered by name to Get-EdgeBackup' {
        Get-CompletionText 'Get-EdgeBackup -Name b' | Should -Be "'before update'"
        Get-CompletionText 'Get-EdgeBackup -Name Ada' | Should -Be "'Ada''s last'"
        Get-CompletionText 'Get-EdgeBackup edge-002 -Name ' | Should -Not -Contain "'before update'"
    }
}

Describe 'The repository' {
    BeforeAll {
        $secret = ConvertTo-SecureString 'correct horse' -AsPlainText
        $vault = Join-Path (New-TestFolder) 'vault'
        $null = Initialize-EdgeRepository $vault -Passphrase $secret
        $null = Register-EdgeDevice (New-FolderDevice 'vault-1')
        $null = Connect-EdgeRepository $repository
    }

    It 'is the one that -Repository names' {
        Get-CompletionText "Get-EdgeDevice -Repository $vault -Id va" | Should -Be 'vault-1'
        Get-CompletionText 'Get-EdgeDevice va' | Should -BeNullOrEmpty
        Push-Location (Split-Path $vault)
        Get-CompletionText 'Get-EdgeDevice -Repository ./vault -Id va' | Should -Be 'vault-1'
        Pop-Location
    }

    It 'offers nothing while it is locked, and asks nobody' {
        Disconnect-EdgeRepository -Repository $vault
        $Error.Clear()
        Get-CompletionText "Get-EdgeDevice -Repository $vault -Id va" | Should -BeNullOrEmpty
        $Error | Should -BeNullOrEmpty
    }

    It 'offers nothing where there is none, but the types that are built in' {
        Get-CompletionText "Get-EdgeDevice -Repository $(Join-Path $TestDrive none) -Id e" | Should -BeNullOrEmpty
        Get-CompletionText "Get-EdgeDevice -Repository $(Join-Path $TestDrive none) -Type e" | Should -Be 'edge-controller', 'evcc'
    }

    It 'is not thrown out of step by <_>' -ForEach '[', "'", '"', '$(', '`', '*[', '@' {
        { Get-CompletionText "Get-EdgeDevice -Id $_" } | Should -Not -Throw
    }

    It 'takes less than half a second of work once it is open' {
        $null = Get-CompletionText 'Restore-EdgeBackup before'
        # The processor's time, and the best of some: other tests may keep the machine busy.
        1..5 | ForEach-Object {
            $before = [System.Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime
            $null = Get-CompletionText 'Restore-EdgeBackup before'
            ([System.Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime - $before).TotalMilliseconds
        } | Sort-Object | Select-Object -First 1 | Should -BeLessThan 500
    }

    It 'offers nothing once its patience is over' {
        Set-CompletionPatience ([timespan]::Zero)
        try {
            Get-CompletionText 'Get-EdgeDevice edge' | Should -BeNullOrEmpty
        }
        finally {
            Set-CompletionPatience
        }
    }
}

Describe 'Categories of archived events' {
    It 'are offered by <_>' -ForEach 'New-EdgeArchive x . -Category s', 'Get-EdgeArchiveRecord . -Category s' {
        Get-CompletionText $_ | Should -Be 'setpoint', 'system'
    }
}
