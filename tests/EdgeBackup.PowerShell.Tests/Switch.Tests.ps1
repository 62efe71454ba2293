# Switch: handing a broken device's history to its replacement (R8; "Pinned down": Switch, -Force).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
    $null = Add-Device 'old-1'
    Set-DeviceItem 'old-1' 'config/site.json' 'site of old-1'
    $first = New-EdgeBackup old-1 -Name 'known good'
    Set-DeviceItem 'old-1' 'config/site.json' 'newest of old-1'
    $newest = New-EdgeBackup old-1 -Automatic
    $null = Invoke-Control old-1 DELETE
    $null = Add-Device 'new-1'
    $null = Add-Device 'never-saved'
    $null = Add-Device 'bms' -Type 'bms-server' -Version '7.0.0'
    $null = Add-Device 'antique' -Version '1.24.6'
    $null = Add-Device 'occupied'
    $null = Invoke-Control 'occupied/transactions' POST @{}
    $root = (Get-EdgeRepository | Where-Object Default).Path
}

AfterAll {
    Stop-All
}

Describe 'Switch-EdgeDevice refuses' {
    It '<Title>' -ForEach @(
        @{ Title = 'a broken device that is not known'; Device = 'new-1'; Replaces = 'old-2'; Id = 'DeviceNotFound' }
        @{ Title = 'a replacement that is not known'; Device = 'new-2'; Replaces = 'old-1'; Id = 'DeviceNotFound' }
        @{ Title = 'the same device'; Device = 'new-1'; Replaces = 'new-1'; Id = 'SwitchRefused' }
        @{ Title = 'the same device in another case'; Device = 'new-1'; Replaces = 'NEW-1'; Id = 'SwitchRefused' }
        @{ Title = 'a broken device without a backup'; Device = 'new-1'; Replaces = 'never-saved'; Id = 'BackupNotFound' }
        @{ Title = 'another type'; Device = 'bms'; Replaces = 'old-1'; Id = 'RestoreTargetMismatch' }
        @{ Title = 'an older version'; Device = 'antique'; Replaces = 'old-1'; Id = 'RestoreVersionMismatch' }
        @{ Title = 'a busy replacement'; Device = 'occupied'; Replaces = 'old-1'; Id = 'DeviceBusy' }
    ) {
        $before = Get-EdgeDevice | ForEach-Object { "$($_.Id) $($_.State)" }
        Get-Refusal { Switch-EdgeDevice -Device $Device -Replaces $Replaces -Confirm:$false } | Should -BeLike "${Id}:*"
        if ($Id -ne 'RestoreVersionMismatch') {
            Get-Refusal { Switch-EdgeDevice -Device $Device -Replaces $Replaces -Force } | Should -BeLike "${Id}:*" -Because '-Force does not lift it'
        }
        Get-EdgeDevice | ForEach-Object { "$($_.Id) $($_.State)" } | Should -Be $before
    }

    It 'a backup of a third device' {
        $other = New-EdgeBackup never-saved -Name 'of another'
        (Watch { Switch-EdgeDevice -Device new-1 -Replaces old-1 -Backup $other.Id -Confirm:$false }).Errors | Should -HaveCount 1
        (Get-EdgeDevice old-1).State | Should -Be 'Active'
    }
}

Describe 'Switch-EdgeDevice' {
    It 'says what it would do with -WhatIf and does nothing' {
        $before = Get-FolderState $root
        $held = Get-DeviceItem new-1
        $module = Get-ModulePath
        $said = pwsh -NoProfile -NonInteractive -Command "Import-Module '$module'; Switch-EdgeDevice -Device new-1 -Replaces old-1 -Repository '$root' -WhatIf" 2>&1 | Out-String -Width 4096
        $said | Should -Match 'old-1'
        $said | Should -Match 'config/site\.json'
        Get-FolderState $root | Should -Be $before
        (Get-DeviceItem new-1)['config/site.json'] | Should -Be $held['config/site.json']
    }

    It 'brings the newest state over and keeps the replacement''s identity' {
        $held = Get-DeviceItem new-1
        $script:result = Switch-EdgeDevice -Device new-1 -Replaces old-1 -Reason 'lightning' -Confirm:$false
        $result.Device | Should -Be 'new-1'
        $result.Backup | Should -Be $newest.Id
        $after = Get-DeviceItem new-1
        $digest = ($newest | Get-EdgeBackupItem -Path 'config/site.json').Digest
        "$digest".ToLowerInvariant() | Should -Match $after['config/site.json']
        $after['identity/licence.key'] | Should -Be $held['identity/licence.key']
        $after['identity/hardware.json'] | Should -Be $held['identity/hardware.json']
    }

    It 'took a safety backup of the replacement' {
        $safety = Get-EdgeBackup -Id $result.SafetyBackup
        $safety.Kind | Should -Be 'Safety'
        $safety.Device | Should -Be 'new-1'
    }

    It 'fences the broken device' {
        $old = Get-EdgeDevice old-1
        $old.State | Should -Be 'Replaced'
        $old.ReplacedBy | Should -Be 'new-1'
        (Get-EdgeDevice -State Replaced).Id | Should -Be 'old-1'
        Get-Refusal { New-EdgeBackup old-1 -Automatic } | Should -BeLike 'DeviceReplaced:*new-1*'
        Get-Refusal { New-EdgeBackup old-1 -Name 'again' } | Should -BeLike 'DeviceReplaced:*lightning*'
        Get-Refusal { Restore-EdgeBackup $newest.Id -Confirm:$false } | Should -BeLike 'DeviceReplaced:*new-1*'
        Get-Refusal { Restore-EdgeBackup $newest.Id -Device old-1 -Confirm:$false } | Should -BeLike 'DeviceReplaced:*new-1*'
    }

    It 'shows both histories under the new id and the old one under the old' {
        $null = New-EdgeBackup new-1 -Automatic
        $both = Get-EdgeBackup -Device new-1
        $both.Device | Sort-Object -Unique | Should -Be 'new-1', 'old-1'
        $both.Id | Should -Contain $first.Id
        (Get-EdgeBackup -Device old-1).Device | Sort-Object -Unique | Should -Be 'old-1'
        (Get-EdgeBackup -Device old-1).Id | Should -Contain $newest.Id
        $target = Join-Path (New-TestFolder) 'out'
        (Restore-EdgeBackup $first.Id -Destination $target).Restored.Count | Should -BeGreaterThan 0
    }

    It 'says who, when and why' {
        $events = Get-EdgeEvent | Out-String -Width 4096
        $events | Should -Match 'old-1'
        (Get-EdgeEvent | ConvertTo-Json) | Should -Match 'lightning'
    }

    It 'confirms when it is run again' {
        $safeties = @(Get-EdgeBackup -Device new-1 -Kind Safety).Count
        $again = Watch { Switch-EdgeDevice -Device new-1 -Replaces old-1 -Confirm:$false }
        $again.Errors | Should -HaveCount 0
        (Get-EdgeDevice old-1).ReplacedBy | Should -Be 'new-1'
        (Get-EdgeDevice new-1).State | Should -Be 'Active'
    }

    It 'refuses another replacement for the same device' {
        $null = Add-Device 'new-2'
        Get-Refusal { Switch-EdgeDevice -Device new-2 -Replaces old-1 -Confirm:$false } | Should -BeLike 'DeviceReplaced:*new-1*'
    }

    It 'refuses a replacement that is itself replaced' {
        Get-Refusal { Switch-EdgeDevice -Device old-1 -Replaces new-1 -Confirm:$false } | Should -Match '^(DeviceReplaced|SwitchRefused):'
        (Get-EdgeDevice new-1).State | Should -Be 'Active'
    }

    It 'hands a chain of histories on' {
        $null = Switch-EdgeDevice -Device new-2 -Replaces new-1 -Confirm:$false
        (Get-EdgeBackup -Device new-2).Device | Sort-Object -Unique | Should -Be 'new-1', 'new-2', 'old-1'
        (Get-EdgeDevice new-1).ReplacedBy | Should -Be 'new-2'
    }

    It 'takes the given backup' {
        $null = Add-Device 'old-3'
        Set-DeviceItem 'old-3' 'config/site.json' 'good'
        $good = New-EdgeBackup old-3 -Name 'good'
        Set-DeviceItem 'old-3' 'config/site.json' 'bad'
        $null = New-EdgeBackup old-3 -Automatic
        $null = Add-Device 'new-3'
        (Switch-EdgeDevice -Device new-3 -Replaces old-3 -Backup $good.Id -Confirm:$false).Backup | Should -Be $good.Id
        "$(($good | Get-EdgeBackupItem -Path 'config/site.json').Digest)".ToLowerInvariant() | Should -Match (Get-DeviceItem new-3)['config/site.json']
    }

    It 'is lifted by Set-EdgeDevice -State Active' {
        Set-EdgeDevice old-3 -State Active
        (Get-EdgeDevice old-3).State | Should -Be 'Active'
        (New-EdgeBackup old-3 -Automatic).Device | Should -Be 'old-3'
    }

    It 'brings a newer state onto an older version only with -Force' {
        $null = Add-Device 'old-4'
        $null = New-EdgeBackup old-4 -Automatic
        $result = Switch-EdgeDevice -Device antique -Replaces old-4 -Force
        $result.Device | Should -Be 'antique'
        (Get-EdgeDevice old-4).State | Should -Be 'Replaced'
    }

    It 'does not fence when the restore fails, and continues when it is run again' {
        $null = Add-Device 'old-5'
        Set-DeviceItem 'old-5' 'config/site.json' 'of old-5'
        $copy = New-EdgeBackup old-5 -Automatic
        $null = Add-Device 'new-5'
        Set-Behaviour new-5 @{ commitFailure = 'no power' }
        Get-Refusal { Switch-EdgeDevice -Device new-5 -Replaces old-5 -Confirm:$false } | Should -BeLike 'RestoreFailed:*'
        Reset-Device new-5
        $null = Invoke-Control new-5/restart POST @{ seconds = 0 }
        (Switch-EdgeDevice -Device new-5 -Replaces old-5 -Confirm:$false).Backup | Should -Be $copy.Id
        (Get-EdgeDevice old-5).State | Should -Be 'Replaced'
        "$(($copy | Get-EdgeBackupItem -Path 'config/site.json').Digest)".ToLowerInvariant() | Should -Match (Get-DeviceItem new-5)['config/site.json']
    }
}
