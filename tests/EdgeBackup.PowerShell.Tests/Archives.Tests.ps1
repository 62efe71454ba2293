# History written out for people and auditors, as a user meets it.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1

    function Add-Event([string] $Id, [object[]] $Record) {
        $null = Invoke-RestMethod -Uri "$control/$Id/events" -Method Post -ContentType 'application/json' -Body (ConvertTo-Json @($Record))
    }

    function Get-Id([scriptblock] $ScriptBlock) {
        "$((Watch $ScriptBlock).Errors[0].FullyQualifiedErrorId)".Split(',')[0]
    }

    $repository = New-TestRepository
    Start-Fleet
    $null = Add-Device 'b1' bms-server '7.0.2'
    $null = Add-Device 'b2' bms-server '7.0.2'
    $parent = New-TestFolder -Prefix archives
    $taken = Watch { Get-EdgeDevice b1 | New-EdgeArchive -Path $parent }
    $first = $taken.Output[0]
    $when = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
    Add-Event b1 @(
            @{ id = 'x1'; time = $when; category = 'setpoint'; source = 'AHU-1'; user = 'ann'; message = 'supply, raised'; old = '21.0'; new = '22.5' }
            @{ id = 'x2'; time = $when; category = 'access'; source = 'door'; user = $null; message = '=1+1'; old = $null; new = $null })
    $second = New-EdgeArchive b1 $parent
}

AfterAll {
    Stop-All
}

Describe 'New-EdgeArchive' {
    It 'writes a folder with events, trends, a manifest and a signature' {
        $taken.Errors | Should -BeNullOrEmpty
        $taken.Warnings | Should -BeNullOrEmpty
        $first | Should -BeOfType EdgeBackup.ArchiveInfo
        Split-Path $first.Path -Leaf | Should -Match '^b1_\d{8}T\d{6}Z_\d{8}T\d{6}Z$'
        (Get-ChildItem $first.Path -Recurse -File -Name).Replace('\', '/') | Sort-Object | Should -Be 'events.csv', 'manifest.json', 'manifest.sig', 'trends/supply.csv'
        $first.Events, $first.TrendRecords, $first.Kind, $first.OwnKey | Should -Be 50, 96, 'Run', $true
        (Import-Csv (Join-Path $first.Path 'events.csv'))[2] | Select-Object Device, Category, User, Old, New |
            ConvertTo-Json -Compress | Should -Be '{"Device":"b1","Category":"setpoint","User":"operator","Old":"21.0","New":"21.5"}'
    }

    It 'takes only what is new, and writes an empty archive where nothing is' {
        $second.Number, $second.Events, $second.TrendRecords | Should -Be 2, 2, 0
        $second.Previous | Should -Be (Split-Path $first.Path -Leaf)
        $folder = New-TestFolder -Prefix archives
        (New-EdgeArchive b1 $folder -Format Xml).Events | Should -Be 0
        ([xml] (Get-Content (Join-Path (Get-EdgeArchive $folder).Path 'events.xml') -Raw)).events.device | Should -Be 'b1'
    }

    It 'writes nothing with -WhatIf' {
        $folder = New-TestFolder -Prefix archives
        $events = @(Get-EdgeEvent).Count
        New-EdgeArchive b2 $folder -WhatIf | Should -BeNullOrEmpty
        Get-ChildItem $folder -Force | Should -BeNullOrEmpty
        @(Get-EdgeEvent).Count | Should -Be $events
    }

    It 'makes an extract of a choice, which leaves the next run as it was' {
        $folder = New-TestFolder -Prefix archives
        $extract = New-EdgeArchive b2 $folder -Category setpoint
        $extract.Kind, $extract.Events, $extract.LeftOut, $extract.TrendRecords | Should -Be 'Extract', 10, 40, 0
        (New-EdgeArchive b2 $folder -From ([datetime]::UtcNow.AddDays(1))).Events | Should -Be 0
        $run = New-EdgeArchive b2 $folder
        $run.Events, $run.TrendRecords | Should -Be 50, 96
    }

    It 'gives each failure as an error of its own' {
        $null = Register-EdgeDevice (New-FolderDevice -Id 'f1' -Type kiosk)
        $result = Watch { New-EdgeArchive f1, b2, nobody $parent }
        $result.Output.Device | Should -Be 'b2'
        $result.Errors.FullyQualifiedErrorId | Should -Be 'ArchiveNotSupported,EdgeBackup.PowerShell.Commands.NewEdgeArchiveCommand', 'DeviceNotFound,EdgeBackup.PowerShell.Commands.NewEdgeArchiveCommand'
        Get-Id { New-EdgeArchive b1 (Join-Path $parent 'none') } | Should -Be 'ArchiveFailed'
        Get-Id { New-EdgeArchive b1 $parent -From 2026-02-01 -To 2026-01-01 } | Should -Be 'ArgumentInvalid'
    }

    It 'is among the events' {
        $event = Get-EdgeEvent b1 -Category Archive | Select-Object -First 1
        $event.Action, $event.Command | Should -Be 'Archived', 'New-EdgeArchive'
        $event.Message | Should -Match '146 records'
    }

    It 'shows with the device how old its newest archive is' {
        $device = Get-EdgeDevice b1
        $device.LastArchive | Should -BeGreaterThan (Get-Date).AddMinutes(-30)
        $device.ArchiveAge.TotalMinutes | Should -BeLessThan 30
        ($device | Format-List | Out-String) | Should -Match 'LastArchive +: .*\('
        (Export-EdgeBackupMetric -Device b1) | Should -Match 'edgebackup_device_archive_age_seconds\{'
    }

    It 'tells a gap as a warning and in the archive' {
        $null = Add-Device 'b3' bms-server '7.0.2'
        $folder = New-TestFolder -Prefix archives
        $null = New-EdgeArchive b3 $folder -Content Event
        Add-Event b3 @(1..9 | ForEach-Object { @{ id = "y$_"; time = $when; category = 'system'; source = 's'; user = $null; message = 'm'; old = $null; new = $null } })
        $null = Invoke-Control 'b3/faults' PATCH @{ oldestRecord = 55 }
        $result = Watch { New-EdgeArchive b3 $folder -Content Event }
        "$($result.Warnings)" | Should -Match 'b3: events before .* are lost: the device''s buffer overflowed'
        $result.Output[0].Events | Should -Be 4
        $result.Output[0].Gap.Content | Should -Be 'Event'
    }
}

Describe 'Get-EdgeArchiveRecord' {
    It 'tells who changed a setpoint, from what to what' {
        $found = @(Get-EdgeArchiveRecord $parent -Category setpoint -Device b1 -User ann)
        $found | Should -HaveCount 1
        $found[0] | Should -BeOfType EdgeBackup.ArchiveEvent
        $found[0].User, $found[0].Source, $found[0].Message, $found[0].Old, $found[0].New | Should -Be 'ann', 'AHU-1', 'supply, raised', '21.0', '22.5'
        $found[0].Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ') | Should -Be $when
        (Get-EdgeArchiveRecord $parent -Message '=1+1').Category | Should -Be 'access'
    }

    It 'gives trend records with numbers, by id and by name' {
        $found = @(Get-EdgeArchive $parent -Device b1 | Get-EdgeArchiveRecord -Trend 'Supply temp*')
        $found | Should -HaveCount 96
        $found[0] | Should -BeOfType EdgeBackup.ArchiveTrendRecord
        $found[0].Value | Should -BeOfType double
        ($found | Measure-Object Value -Maximum).Maximum | Should -BeGreaterThan 20
        @(Get-EdgeArchiveRecord $parent -Device b1 -Content Trend -Value '20.5').Sequence | Should -Contain 5
    }

    It 'gives each record once beside an extract, and an extract by its own folder' {
        $folder = New-TestFolder -Prefix archives
        $null = Add-Device 'b4' bms-server '7.0.2'
        $run = New-EdgeArchive b4 $folder -Content Event
        $extract = New-EdgeArchive b4 $folder -From 2000-01-01 -Content Event
        $result = Watch { Get-EdgeArchiveRecord $folder -Message 'event 5' }
        $result.Output | Should -HaveCount 1
        $result.Output[0].Archive | Should -Be $run.Path
        "$($result.Warnings)" | Should -Match '1 extracts are left out'
        (Get-EdgeArchiveRecord $extract.Path -Message 'event 5').Archive | Should -Be $extract.Path

        # However the two are given.
        foreach ($way in { Get-EdgeArchive $folder | Get-EdgeArchiveRecord -Message 'event 5' }, { Get-EdgeArchiveRecord (Join-Path $folder '*') -Message 'event 5' }, { Get-EdgeArchiveRecord $extract.Path, $run.Path, $folder -Message 'event 5' }) {
            $result = Watch $way
            $result.Output.Archive | Should -Be $run.Path
            "$($result.Warnings)" | Should -Match '1 extracts are left out'
        }
    }

    It 'reads of an extract what no run beside it holds' {
        $folder = New-TestFolder -Prefix archives
        $null = Add-Device 'b5' bms-server '7.0.2'
        $null = New-EdgeArchive b5 $folder -Content Event
        $extract = New-EdgeArchive b5 $folder -From 2000-01-01
        $result = Watch { Get-EdgeArchiveRecord $folder }
        @($result.Output | Where-Object Archive -EQ $extract.Path) | Should -HaveCount 96
        $result.Output | Should -HaveCount 146
        Add-Event b5 @(@{ id = 'new'; time = $when; category = 'system'; source = 's'; user = $null; message = 'newer'; old = $null; new = $null })
        $newer = New-EdgeArchive b5 $folder -From 2000-01-01 -Content Event
        $result = Watch { Get-EdgeArchiveRecord $folder -Message newer }
        $result.Output.Archive | Should -Be $newer.Path
        "$($result.Warnings)" | Should -Match 'come twice'
    }

    It 'keeps the digits and the instant of the archive' {
        $record = Get-EdgeArchiveRecord $first.Path -Content Trend | Select-Object -First 1
        $line = Import-Csv (Join-Path $first.Path 'trends/supply.csv') | Select-Object -First 1
        $record.ValueText | Should -BeExactly $line.Value
        ([DateTimeOffset]::Parse($record.TimeUtc)).UtcTicks | Should -Be ([DateTimeOffset]::Parse($line.Time)).UtcTicks
        $record.TimeUtc | Should -Match 'Z$'
    }

    It 'stops early, and filters by time' {
        Get-EdgeArchiveRecord $parent | Select-Object -First 3 | Should -HaveCount 3
        $tenth = (Get-EdgeArchiveRecord $first.Path -Content Event)[9].Time
        (Get-EdgeArchiveRecord $first.Path -Content Event -After $tenth -Before $tenth.AddMinutes(2)).EventId | Should -Be 'e10', 'e11'
    }
}

Describe 'Test-EdgeArchive' {
    It 'finds archives intact, by parameter and through the pipeline, with a repository and without' {
        (Test-EdgeArchive $parent).Intact | Select-Object -Unique | Should -Be $true
        ($first | Test-EdgeArchive).OwnKey | Should -Be $true
        (Get-ChildItem $parent -Directory | Test-EdgeArchive -Fingerprint $first.Fingerprint).Intact | Select-Object -Unique | Should -Be $true
        Disconnect-EdgeRepository
        try {
            $result = Watch { Test-EdgeArchive $first.Path }
            $result.Output[0].Intact | Should -BeTrue
            $result.Output[0].OwnKey | Should -BeNullOrEmpty
            $result.Errors + $result.Warnings | Should -BeNullOrEmpty
        }
        finally {
            $null = Connect-EdgeRepository $repository.Path
        }
    }

    It 'finds what was altered, cut out or taken away' {
        $copy = New-TestFolder -Prefix archives
        Copy-Item (Join-Path $parent 'b1_*') $copy -Recurse
        $file = Join-Path $copy (Split-Path $first.Path -Leaf) 'events.csv'
        $lines = Get-Content $file
        Set-Content $file ($lines | Select-Object -SkipIndex 7)
        $bad = Test-EdgeArchive $copy | Where-Object -Not Intact
        $bad.Path | Should -Be (Split-Path $file)
        $bad.Damage.Path | Should -Be 'events.csv'
        Get-Id { Get-EdgeArchiveRecord $copy } | Should -Be 'ArchiveDamaged'
        Remove-Item (Split-Path $file) -Recurse
        (Test-EdgeArchive $copy | Where-Object -Not Intact).Damage.Reason | Should -Match 'the archive before it is missing: number 1'
    }

    It 'finds a key that is not the repository''s' {
        $other = New-TestFolder -Prefix repository
        $null = Initialize-EdgeRepository (Join-Path $other 'r') -KeyFile (Join-Path $other 'k.key')
        $result = Watch { Test-EdgeArchive $first.Path }
        $null = Connect-EdgeRepository $repository.Path
        "$($result.Warnings)" | Should -BeNullOrEmpty
        Get-Id { Get-EdgeArchiveRecord $first.Path -Repository (Join-Path $other 'r') } | Should -Be 'ArchiveDamaged'
        (Get-EdgeArchive $first.Path -Repository $repository).OwnKey | Should -BeTrue
    }

    It 'warns where the repository that was connected cannot be opened' {
        $away = New-TestFolder -Prefix repository
        $null = Initialize-EdgeRepository (Join-Path $away 'r') -KeyFile (Join-Path $away 'k.key')
        Rename-Item (Join-Path $away 'r') 'gone'
        try {
            $result = Watch { Test-EdgeArchive $first.Path }
            "$($result.Warnings)" | Should -Match 'no repository at hand'
            $result.Output[0].OwnKey | Should -BeNullOrEmpty
        }
        finally {
            $null = Connect-EdgeRepository $repository.Path
        }
    }

    It 'refuses what is no archive' {
        Get-Id { Test-EdgeArchive (New-TestFolder -Prefix empty) } | Should -Be 'ArchiveNotFound'
        Get-Id { Get-EdgeArchive (Join-Path $parent 'none') } | Should -Be 'ArchiveNotFound'
    }
}

Describe 'An archive' {
    It 'cannot be restored or imported' {
        Get-Id { Restore-EdgeBackup $first.Path -Force } | Should -Be 'ArchiveNotRestorable'
        Push-Location $parent
        try {
            Get-Id { Restore-EdgeBackup (Split-Path $first.Path -Leaf) -Force } | Should -Be 'ArchiveNotRestorable'
            Copy-Item $first.Path (Join-Path $parent 'monday') -Recurse
            Get-Id { Restore-EdgeBackup monday -Force } | Should -Be 'BackupNotFound'
        }
        finally {
            Remove-Item (Join-Path $parent 'monday') -Recurse -ErrorAction Ignore
            Pop-Location
        }

        Get-Id { $first | Restore-EdgeBackup -Destination (Join-Path $parent 'x') } | Should -Be 'ArchiveNotRestorable'
        Get-Id { Import-EdgeBackup $first.Path } | Should -Be 'ArchiveNotRestorable'
        Get-Id { Get-ChildItem $first.Path -Recurse -Filter *.csv | Import-EdgeBackup } | Should -Be 'ArchiveNotRestorable'
    }

    It 'shows in the views' {
        Get-EdgeArchive $parent | Out-String -Width 200 | Should -Match 'b1 +1 Run'
        $first | Format-List | Out-String -Width 200 | Should -Match 'Fingerprint +: [0-9a-f]{64}'
        Test-EdgeArchive $parent | Out-String -Width 200 | Should -Match 'b1 +1 yes'
        Get-EdgeArchiveRecord $parent -Category setpoint | Out-String -Width 200 | Should -Match 'operator'
    }
}

Describe 'Policies' {
    It 'keep archives for years, and hold everything of a device' {
        $policy = Set-EdgeBackupPolicy -Device b1 -ArchiveRetentionYears 10 -LegalHold $true
        $policy.ArchiveRetentionYears, $policy.LegalHold | Should -Be 10, $true
        (Get-EdgeBackupPolicy -Device b1).LegalHold | Should -BeTrue
        (Get-EdgeBackupPolicy -Device b2).LegalHold | Should -BeFalse
        $backup = New-EdgeBackup b1 -Automatic
        (Get-EdgeBackup -Id $backup.Id).Expires | Should -BeNullOrEmpty
        (Set-EdgeBackupPolicy -Device b1 -ArchiveRetentionYears 0 -LegalHold $false).LegalHold | Should -BeFalse
        (Get-EdgeBackup -Id $backup.Id).Expires | Should -Not -BeNullOrEmpty
    }
}
