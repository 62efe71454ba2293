# What people see, and what scripts get.
BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath) -Force

    $device = [EdgeBackup.DeviceInfo] @{
        Id = 'edge-17'; Name = 'Harbour'; Type = 'edge-controller'; Address = 'http://127.0.0.1:5000/'; Version = '1.25.0'
        State = 'Active'; LastBackup = [datetime]::UtcNow.AddHours(-3).ToLocalTime(); BackupAge = [timespan]::FromHours(3.5); BackupState = 'Overdue'
    }
    $backup = [EdgeBackup.BackupInfo] @{
        Id = '0198c1d2e3f4aabbccddeeff'; Device = 'edge-17'; DeviceType = 'edge-controller'; Name = 'before update'; Kind = 'Manual'; Content = 'Configuration'
        Created = [datetime]::UtcNow.AddMinutes(-90).ToLocalTime(); ItemCount = 60; Length = 4404019; Changed = $true
        NotSaved = @([EdgeBackup.ItemReason] @{ Path = 'live/values'; Reason = 'it survives no restart' })
    }

    function Out-Plain($InputObject, $Command = 'Format-Table', $Width = 200) {
        $PSStyle.OutputRendering = 'PlainText'
        $InputObject | & $Command | Out-String -Width $Width
    }
}

Describe 'Views' {
    It 'show an age, and the raw values stay on the object' {
        Out-Plain $device | Should -Match 'edge-17 .*Harbour.* 3 h +Overdue'
        $device.BackupAge.TotalHours | Should -Be 3.5
    }

    It 'show a size' {
        Out-Plain $backup | Should -Match ' 1 h +Manual +4[.,]2 MB +before update'
        $backup.Length | Should -Be 4404019
    }

    It 'show a device without a backup as never backed up' {
        $new = [EdgeBackup.DeviceInfo] @{ Id = 'new'; Type = 'folder'; Address = '/d'; State = 'Active'; BackupState = 'Never' }
        Out-Plain $new | Should -Match 'Never'
        Out-Plain $new Format-List | Should -Match 'LastBackup +: never'
    }

    It 'show a fenced device as replaced' {
        $old = [EdgeBackup.DeviceInfo] @{ Id = 'old'; Type = 'folder'; Address = '/d'; State = 'Replaced'; ReplacedBy = 'new'; BackupState = 'Overdue' }
        Out-Plain $old | Should -Match 'Replaced'
        Out-Plain $old | Should -Not -Match 'Overdue'
        Out-Plain $old Format-List | Should -Match 'ReplacedBy +: new'
    }

    It 'show of a restore that it was verified and what is missing, also on a narrow screen and with a long id' {
        $result = [EdgeBackup.RestoreResult] @{ Device = 'bacnet-999-SN-4711-1'; Backup = '0198c1d2e3f4aabbccddeeff'; Verified = $true; Restored = 'a', 'b' }
        Out-Plain $result -Width 80 | Should -Match 'Verified Restored NotRestored'
        Out-Plain $result -Width 80 | Should -Match ' yes +2 +0'
    }

    It 'show of a switch that it was verified, also on a narrow screen and with long ids' {
        $result = [EdgeBackup.SwitchResult] @{ Device = 'bacnet-999-SN-4712'; Replaces = 'bacnet-999-SN-4711'; Backup = '0198c1d2e3f4aabbccddeeff'; Verified = $true }
        Out-Plain $result -Width 80 | Should -Match 'Verified'
    }

    It 'tell devices with long ids apart where there is room' {
        $long = 'bacnet-999-A123456', 'bacnet-999-A123457' | ForEach-Object { [EdgeBackup.BackupInfo] @{ Id = '0198c1d2e3f4aabbccddeeff'; Device = $_; Created = Get-Date; Length = 1 } }
        $shown = Out-Plain $long -Width 120
        $shown | Should -Match 'A123456 '
        $shown | Should -Match 'A123457 '
    }

    It 'show what was not saved, with the reason' {
        Out-Plain $backup Format-List | Should -Match 'live/values: it survives no restart'
    }

    It 'hold no escape sequence where there are no colours' {
        Out-Plain $device | Should -Not -Match ([char]27)
    }

    It 'raise no error for any type without values' {
        $types = [EdgeBackup.BackupInfo].Assembly.ExportedTypes | Where-Object { $_.Namespace -eq 'EdgeBackup' -and $_.IsClass }
        foreach ($type in $types) {
            $empty = [Activator]::CreateInstance($type)
            $PSStyle.Formatting.Error = ''
            { $empty | Format-Table | Out-String; $empty | Format-List | Out-String } | Should -Not -Throw
            "$(Out-Plain $empty) $(Out-Plain $empty Format-List)" | Should -Not -Match '#ERR'
        }
    }
}

Describe 'Times' {
    It 'compare rightly with Get-Date, on either side' {
        $backup.Created -gt (Get-Date).AddHours(-2) | Should -BeTrue
        (Get-Date).AddHours(-1) -gt $backup.Created | Should -BeTrue
        $backup.Created.Kind | Should -Be 'Local'
    }

    It 'keep their instant through <_>' -ForEach 'CLIXML', 'JSON' {
        $back = if ($_ -eq 'CLIXML') {
            [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($backup))
        } else {
            $backup | ConvertTo-Json | ConvertFrom-Json
        }
        $back.Created.ToUniversalTime() | Should -Be $backup.Created.ToUniversalTime()
        $back.Created -gt (Get-Date).AddHours(-2) | Should -BeTrue
    }
}

Describe 'Objects that come back from a job' {
    BeforeAll {
        $back = Start-Job { param($path) Import-Module $path; [EdgeBackup.BackupInfo] @{
                Id = 'b1'; Device = 'edge-17'; DeviceType = 'folder'; Kind = 'Automatic'; Content = 'All'; Created = Get-Date; ItemCount = 1; Length = 2048
                NotSaved = @([EdgeBackup.ItemReason] @{ Path = 'p'; Reason = 'why' }) } } -ArgumentList (Get-ModulePath) | Receive-Job -Wait -AutoRemoveJob
    }

    It 'keep the names that bind from the pipeline' {
        $back.Backup | Should -Be 'b1'
        $back.Device | Should -Be 'edge-17'
    }

    It 'keep what is inside' {
        $back.NotSaved[0].Reason | Should -Be 'why'
    }

    It 'look the same' {
        Out-Plain $back | Should -Match 'edge-17.*(just now|\d+ min).*Automatic +2[.,]0 KB'
    }
}
