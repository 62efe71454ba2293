# Backups that something speaks against, as a user meets them; and a type that is tried on a live device.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = New-TestRepository
    Start-Fleet
    $null = Add-Device 'e1'
    $good = New-EdgeBackup e1 -Automatic
    Set-DeviceItem e1 'config/site.json' '<!doctype html><html><body>Session expired</body></html>'
    Set-DeviceItem e1 'config/ocpp/backoffice.xml' ''
    Set-DeviceItem e1 'config/charging/profiles.json' '{"profile":1,"lim'
    $taken = Watch { New-EdgeBackup e1 -Name 'bad night' }
    $suspect = $taken.Output[0]
}

AfterAll {
    Stop-All
}

Describe 'A suspect backup' {
    It 'is taken with a warning that names items and reasons' {
        $taken.Errors | Should -BeNullOrEmpty
        $taken.Warnings | Should -HaveCount 1
        "$($taken.Warnings[0])" | Should -Match "$($suspect.Id).*config/.*-SkipValidation"
        $suspect.Suspect | Should -BeTrue
        $suspect.SuspectReason | Should -HaveCount 4
        $suspect.SuspectReason | Should -Contain 'config/site.json: it is a web page, and its name says otherwise'
        $suspect.SuspectReason -match '^config/ocpp/backoffice.xml: it is empty, and had ' | Should -HaveCount 1
        $suspect.SuspectReason -match '^config/charging/profiles.json: the JSON ends in the middle of a text' | Should -HaveCount 1
        $suspect.SuspectReason -match '^the configuration as a whole: ' | Should -HaveCount 1
        $good.Suspect | Should -BeFalse
        $good.SuspectReason | Should -BeNullOrEmpty
    }

    It 'is found by a switch, and passed over by its opposite' {
        (Get-EdgeBackup -Suspect).Id | Should -Be $suspect.Id
        (Get-EdgeBackup e1 -Suspect:$false -Latest).Id | Should -Be $good.Id
        (Get-EdgeBackup e1).Count | Should -Be 2
        ($suspect | ConvertTo-Json | ConvertFrom-Json).Suspect | Should -BeTrue
    }

    It 'shows in the views' {
        Get-EdgeBackup e1 | Out-String -Width 200 | Should -Match 'bad night \[suspect\]'
        $suspect | Format-List | Out-String -Width 200 | Should -Match '(?s)Suspect +: .*config/site.json: it is a web page'
        $good | Format-List | Out-String | Should -Match 'Suspect +: no'
        Get-EdgeDevice e1 | Out-String -Width 200 | Should -Match ' Suspect '
        Get-EdgeDevice e1 | Format-List | Out-String -Width 200 | Should -Match 'LastGoodBackup +: .*newer ones are suspect'
    }

    It 'is an event, and the device knows its last good one' {
        (Get-EdgeEvent -Device e1 | Where-Object Action -EQ Suspect).Backup | Should -Be $suspect.Id
        $device = Get-EdgeDevice e1
        $device.Suspect | Should -BeTrue
        $device.LastGoodBackup | Should -Be $good.Created
        $device.LastBackup | Should -Be $suspect.Created
        $device.BackupState | Should -Be 'Current'
    }

    It 'is restored only with a warning, once' {
        $folder = Join-Path (New-TestFolder) 'out'
        $seen = Watch { Restore-EdgeBackup $suspect.Id -Destination $folder }
        $seen.Warnings | Should -HaveCount 1
        "$($seen.Warnings[0])" | Should -Match 'is suspect'
        $seen = Watch { Restore-EdgeBackup $suspect.Id -Confirm:$false -SkipSafetyBackup }
        @($seen.Warnings -match 'is suspect') | Should -HaveCount 1
        (Watch { Restore-EdgeBackup $good.Id -WhatIf }).Warnings | Should -BeNullOrEmpty
    }

    It 'is not what a switch takes' {
        $null = Add-Device 'e2'
        $seen = Watch { Switch-EdgeDevice e2 -Replaces e1 -Confirm:$false }
        $seen.Errors | Should -BeNullOrEmpty
        $seen.Output[0].Backup | Should -Be $good.Id
        "$($seen.Warnings)" | Should -Match "-Backup $($suspect.Id)"
    }
}

Describe 'The schedule' {
    It 'completes and gives the reason' {
        $null = Add-Device 'e3'
        Set-DeviceItem e3 'config/site.json' '{'
        $result = Invoke-EdgeBackupSchedule -Device e3 -WatchFor 0:0:0 -WarningAction SilentlyContinue
        $result.Result | Should -Be 'Completed'
        $result.Reason | Should -Match 'suspect.*config/site.json'
        (Get-EdgeDevice e3).BackupState | Should -Be 'Overdue'
        (New-EdgeBackup e3 -Name fine -SkipValidation).Suspect | Should -BeFalse
        (Get-EdgeDevice e3).BackupState | Should -Be 'Current'
    }

    It 'takes a size factor from a policy' {
        (Set-EdgeBackupPolicy -Device e3 -SizeFactor 2.5).SizeFactor | Should -Be 2.5
        (Get-EdgeBackupPolicy -Device e3).SizeFactor | Should -Be 2.5
        (Get-EdgeBackupPolicy -Device e3).Source | Should -Contain 'SizeFactor: device e3'
        (Get-EdgeBackupPolicy -Device e2).Source | Should -Contain 'SizeFactor: built-in'
        { Set-EdgeBackupPolicy -SizeFactor 1 } | Should -Throw
    }
}

Describe 'Test-EdgeDeviceType -Device' {
    It 'tries what an HTTP device says and leaves no trace' {
        $address = Add-Device 'e4' -Unregistered
        $calls = (Get-DeviceCall e4).Count
        $trial = Test-EdgeDeviceType -Device $address
        $trial.Id, $trial.Type, $trial.VersionSupported, $trial.CanBackup | Should -Be 'e4', 'edge-controller', $true, $true
        $trial.Item.Path | Should -Contain 'config/site.json'
        ($trial.Item | Where-Object Path -EQ 'history/sessions.log').Kind | Should -Be 'History'
        $trial.LeftOut.Path | Should -Be 'values/live.json'
        @(Get-DeviceCall e4 -Skip $calls) -notmatch '^GET ' | Should -BeNullOrEmpty
        Get-EdgeDevice e4* | Should -BeNullOrEmpty
    }

    It 'tries a file on a folder, with its rules' {
        $folder = New-FolderDevice -Id 'f1'
        $null = Set-Content (Join-Path $folder 'edge-device.json') '{ "id": "f1", "type": "kiosk" }'
        $state = Get-FolderState $folder
        $type = Join-Path (New-TestFolder) 'mine.json'
        $null = Set-Content $type "{ ""id"": ""kiosk"", ""title"": ""Mine"", ""connections"": [""Folder""], ""items"": [{ ""path"": ""none/**"", ""required"": true }, { ""path"": ""**"" }] }"
        $trial = Test-EdgeDeviceType -Device $folder -Type $type
        $trial.UnusedRule | Should -Be 'none/**'
        "$($trial.Warning)" | Should -Match "'none/\*\*' is required"
        ($trial.Item | Where-Object Rule -EQ '**').Count | Should -BeGreaterThan 0
        Get-FolderState $folder | Should -Be $state
    }

    It 'says what does not fit or does not answer' {
        $address = Add-Device 'e5' -Unregistered
        Get-Refusal { Test-EdgeDeviceType -Device $address -Type bms-server } | Should -BeLike 'DeviceRegistrationMismatch:*'
        Get-Refusal { Test-EdgeDeviceType -Device $address -Type openwrt } | Should -BeLike 'DeviceRegistrationMismatch:*'
        Get-Refusal { Test-EdgeDeviceType -Device 'http://127.0.0.1:9/' } | Should -BeLike 'DeviceUnreachable:*'
    }
}
