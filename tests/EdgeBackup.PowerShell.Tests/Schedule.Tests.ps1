# Policies with windows, runs of the schedule, and what Get-EdgeDevice knows afterwards (R4, R11, R16; "Pinned down": Schedule).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = New-TestRepository
    $folder = New-FolderDevice -Id 's1'
    $null = Register-EdgeDevice $folder -Tag north -Site harbour
    $busy = Join-Path $folder 'edge-transactions.json'
    $running = '[{"id":"t-1","chargepoint":"cp-1","connector":1,"started":"2026-03-01T10:00:00Z"}]'

    # A PowerShell of its own, as a scheduled task starts one. Returns its exit code.
    function Invoke-Task {
        param([string] $Command)
        & pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Continue'; Import-Module '$(Get-ModulePath)'; $Command" *> $null
        $LASTEXITCODE
    }
}

AfterAll {
    Stop-All
}

Describe 'Policies' {
    It 'take a window and a time zone, and the most specific wins' {
        $null = Set-EdgeBackupPolicy -Window 'mon-fri 19:00-6:00, Sat-Sun 00:00-24:00' -TimeZone 'W. Europe Standard Time'
        $null = Set-EdgeBackupPolicy -Tag north -Window Always -OverdueAction Fail
        $policy = Get-EdgeBackupPolicy -Device s1
        $policy.Window | Should -Be 'Always'
        $policy.TimeZone | Should -Be 'Europe/Berlin'
        $policy.OverdueAction | Should -Be 'Fail'
        $policy.Source | Should -Contain 'Window: tag north'
        $policy.Source | Should -Contain 'TimeZone: all'
        $policy.Source | Should -Contain 'Interval: built-in'
        (Get-EdgeBackupPolicy | Where-Object Scope -EQ 'all devices').Window | Should -Be 'Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00'
        ($policy | Format-List | Out-String) | Should -Match 'Window +: Always'
        (Get-EdgeBackupPolicy | Format-Table | Out-String -Width 200) | Should -Match '19:00-06:00'
    }

    It 'refuse what is no window and tell the place' {
        $refusal = Get-Refusal { Set-EdgeBackupPolicy -Window 'Mon-Fry 19:00-06:00' }
        $refusal | Should -Match '^PolicyInvalid: .*at character 5'
        (Get-EdgeBackupPolicy -Device s1).Window | Should -Be 'Always'
    }

    It 'refuse a time zone that nobody knows and name the nearest' {
        Get-Refusal { Set-EdgeBackupPolicy -TimeZone 'Europe/Berlim' } | Should -Match '^PolicyInvalid: .*Europe/Berlin'
    }

    It 'complete time zones by the city' {
        $line = 'Set-EdgeBackupPolicy -TimeZone berl'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'Europe/Berlin'
    }

    It 'change nothing with -WhatIf' {
        Set-EdgeBackupPolicy -Interval 1:00:00 -WhatIf
        (Get-EdgeBackupPolicy -Device s1).Interval | Should -Be ([timespan]::FromHours(24))
    }
}

Describe 'A run' {
    It 'says with -WhatIf what is due and writes nothing' {
        $before = Get-ChildItem $repository.Path -Recurse -File | ForEach-Object FullName
        Invoke-EdgeBackupSchedule -WhatIf | Should -BeNullOrEmpty
        Get-ChildItem $repository.Path -Recurse -File | ForEach-Object FullName | Should -Be $before
    }

    It 'waits for a busy device, and says with what it is busy' {
        Set-Content $busy $running
        $result = Invoke-EdgeBackupSchedule -WatchFor 0
        $result.Result | Should -Be 'Postponed'
        $result.Reason | Should -Match 't-1'
        $result.ErrorId | Should -Be 'DeviceBusy'
        $result.PostponedSince | Should -BeGreaterThan (Get-Date).AddMinutes(-5)
        $device = Get-EdgeDevice -BackupState Postponed
        $device.Id | Should -Be 's1'
        $device.LastResult | Should -Be 'Postponed'
        $device.PostponedSince | Should -Be $result.PostponedSince
        $device.NextTry | Should -BeNullOrEmpty
    }

    It 'takes it when it is idle, and knows it in another session' {
        Remove-Item $busy
        $result = Get-EdgeDevice | Invoke-EdgeBackupSchedule
        $result.Result | Should -Be 'Completed'
        $result.Changed | Should -BeTrue
        (Get-EdgeBackup -Id $result.Backup).Device | Should -Be 's1'
        Disconnect-EdgeRepository
        $null = Connect-EdgeRepository $repository.Path -KeyFile (Join-Path (Split-Path $repository.Path) 'k.key')
        $device = Get-EdgeDevice s1
        $device.LastResult | Should -Be 'Completed'
        $device.LastAttempt | Should -BeGreaterThan (Get-Date).AddMinutes(-5)
        $device.LastSuccess | Should -Not -BeLessThan $device.LastAttempt
        $device.LastLength | Should -BeGreaterThan 0
        $device.PostponedSince | Should -BeNullOrEmpty
        $device.NextTry.ToUniversalTime() | Should -BeGreaterThan ([datetime]::UtcNow.AddHours(23))
        ($device | Format-List | Out-String) | Should -Match 'LastResult +: Completed'
    }

    It 'leaves alone what is not due' {
        $result = Invoke-EdgeBackupSchedule s1
        $result.Result | Should -Be 'NotDue'
        $result.Backup | Should -BeNullOrEmpty
        $result.Changed | Should -BeNullOrEmpty
        $result.NextTry.ToUniversalTime() | Should -BeGreaterThan ([datetime]::UtcNow.AddHours(23))
    }

    It 'says what failed, how often, and when it tries again' {
        Move-Item $folder "$folder-away"
        try {
            $null = Set-EdgeBackupPolicy -Device s1 -Interval 00:00:00.001
            $said = Watch { Invoke-EdgeBackupSchedule }
            $said.Errors | Should -HaveCount 0
            $said.Output.Result | Should -Be 'Failed'
            $said.Output.ErrorId | Should -Be 'DeviceUnreachable'
            $said.Output.Attempt | Should -Be 1
            $said.Output.NextTry.ToUniversalTime() | Should -BeGreaterThan ([datetime]::UtcNow)
            $device = Get-EdgeDevice s1
            $device.ConsecutiveFailures | Should -Be 1
            $device.LastReason | Should -Be $said.Output.Reason
            (Invoke-EdgeBackupSchedule).Result | Should -Be 'NotDue'
        }
        finally {
            Move-Item "$folder-away" $folder
        }
    }

    It 'is for all devices only when none is named' {
        Invoke-EdgeBackupSchedule nothing-like-* | Should -BeNullOrEmpty
        @() | Invoke-EdgeBackupSchedule | Should -BeNullOrEmpty
        Get-Refusal { Invoke-EdgeBackupSchedule s2 } | Should -Match '^DeviceNotFound: '
    }

    It 'notes when a backup was last verified' {
        $null = Get-EdgeBackup -Latest | Test-EdgeBackup
        (Get-EdgeDevice s1).LastVerified | Should -BeGreaterThan (Get-Date).AddMinutes(-5)
    }

    It 'leaves a repository that is whole' {
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }
}

Describe 'The exit code' {
    BeforeAll {
        $key = Join-Path (Split-Path $repository.Path) 'k.key'
        $second = New-FolderDevice -Id 's2'
        $null = Register-EdgeDevice $second
        $null = Set-EdgeBackupPolicy -Device s2 -Window Always
        $connect = "`$null = Connect-EdgeRepository '$($repository.Path)' -KeyFile '$key'"
    }

    It 'is 0 when nothing failed, and a postponement is no failure' {
        Set-Content (Join-Path $second 'edge-transactions.json') $running
        Invoke-Task "$connect; Invoke-EdgeBackupSchedule s2 -WatchFor 0 -SetExitCode" | Should -Be 0
        Remove-Item (Join-Path $second 'edge-transactions.json')
        Invoke-Task "$connect; Invoke-EdgeBackupSchedule s2 -SetExitCode" | Should -Be 0
        (Get-EdgeDevice s2).LastResult | Should -Be 'Completed'
    }

    It 'is 1 when some failed' {
        Invoke-Task "$connect; Invoke-EdgeBackupSchedule s2, s3 -SetExitCode" | Should -Be 1
    }

    It 'is 2 when all failed' {
        Invoke-Task "$connect; Invoke-EdgeBackupSchedule s3 -SetExitCode" | Should -Be 2
    }

    It 'is 2 when the repository cannot be opened' {
        Invoke-Task "Invoke-EdgeBackupSchedule -Repository '$(Join-Path (Split-Path $repository.Path) 'none')' -SetExitCode" | Should -Be 2
    }
}
