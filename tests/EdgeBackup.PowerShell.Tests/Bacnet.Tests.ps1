# BACnet devices as a user meets them: simulated ones, found by nobody but their addresses.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $simulator = Start-Simulator @('--devices', '0', '--bacnet', '2')
    $first, $second = @($simulator.Device | Where-Object Address -like 'bacnet://*')
    $null = New-TestRepository
    # What every BACnet device of the simulator asks for.
    $password = ConvertTo-SecureString 'simulated' -AsPlainText -Force
    $registered = Register-EdgeDevice $first.Address -Name 'AHU east' -Token $password
}

AfterAll {
    Stop-Simulator
}

Describe 'A BACnet device' {
    It 'tells its own id, type and version' {
        $registered.Id | Should -BeLike 'bacnet-*-*'
        $registered.Type | Should -Be 'bacnet-device'
        $registered.Name | Should -Be 'AHU east'
        $registered.Version | Should -Not -BeNullOrEmpty
        (Test-EdgeDevice $registered.Id).CanBackup | Should -BeTrue
    }

    It 'is backed up as its configuration files, and looks unchanged the second time' {
        $backup = New-EdgeBackup $registered.Id -Name 'as delivered'
        $items = $backup | Get-EdgeBackupItem
        $items.Path | Should -Contain 'files/001-1.stream'
        $items | Where-Object Length -EQ 0 | Should -BeNullOrEmpty
        ($backup | Test-EdgeBackup).Intact | Should -BeTrue
        (New-EdgeBackup $registered.Id -Automatic).Changed | Should -BeFalse
    }

    It 'is restored, with a safety backup before and a comparison after' {
        $result = Restore-EdgeBackup 'as delivered' -Confirm:$false
        $result.Verified | Should -BeTrue
        $result.Compared | Should -BeTrue
        $result.SafetyBackup | Should -Not -BeNullOrEmpty
    }

    It 'says with -WhatIf what would happen and takes no part of a backup' {
        $plan = Restore-EdgeBackup 'as delivered' -WhatIf
        $plan.Compared | Should -BeFalse
        $plan.Restored.Count | Should -Be @(Get-EdgeBackupItem (Get-EdgeBackup $registered.Id -Name 'as delivered').Id).Count
        $plan.Unchanged | Should -BeNullOrEmpty
        @(Get-EdgeBackup $registered.Id -Kind Safety).Count | Should -Be 1
        { Restore-EdgeBackup 'as delivered' -Path 'files/001-1.stream' -Confirm:$false -ErrorAction Stop } |
            Should -Throw -ErrorId 'RestoreTargetMismatch,*'
    }

    It 'refuses a wrong password with the word what to do' {
        $null = Set-EdgeDevice $registered.Id -Token (ConvertTo-SecureString 'wrong' -AsPlainText -Force) -SkipContact
        { New-EdgeBackup $registered.Id -Automatic -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceAuthenticationFailed,*' -ExpectedMessage '*Set-EdgeDevice -Credential*'
        $null = Set-EdgeDevice $registered.Id -Token $password -SkipContact
        (New-EdgeBackup $registered.Id -Automatic).Changed | Should -BeFalse
    }

    It 'hands its state to its replacement' {
        $replacement = Register-EdgeDevice $second.Address -Token $password
        $replacement.Id | Should -Not -Be $registered.Id
        Switch-EdgeDevice $replacement.Id -Replaces $registered.Id -Reason 'the board is dead' -Confirm:$false -WarningAction SilentlyContinue
        @(Get-EdgeBackup $replacement.Id).Device | Should -Contain $registered.Id
        (Get-EdgeDevice $registered.Id).State | Should -Be 'Replaced'
    }
}
