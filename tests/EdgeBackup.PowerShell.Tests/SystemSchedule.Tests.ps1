# Schedules in the operating system: what is made, and that it does its work. A crontab of this file's own stands in for
# the user's: a program 'crontab' that really stores, first on PATH.
BeforeDiscovery {
    $isSystemdRunning = Test-Path /run/systemd/system
}

BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = New-TestRepository
    $folder = Split-Path $repository.Path
    $key = Join-Path $folder 'k.key'
    $null = Register-EdgeDevice (New-FolderDevice -Id 's1')
    $savedPath = $env:PATH
    if (-not $IsWindows) {
        $programs = New-TestFolder -Prefix programs
        $crontab = Join-Path $programs 'table'
        Set-Content (Join-Path $programs 'crontab') @"
#!/bin/sh
case `$1 in
-l) [ -e '$crontab' ] || { echo 'no crontab for you' >&2; exit 1; }; cat '$crontab' ;;
-) cat > '$crontab.new' && mv '$crontab.new' '$crontab' ;;
*) exit 2 ;;
esac
"@
        chmod +x (Join-Path $programs 'crontab')
        $env:PATH = "$programs$([IO.Path]::PathSeparator)$env:PATH"
    }

    function Get-WhatIf {
        # What a command says with -WhatIf, which only the host sees.
        param([string] $Command)
        $script = "`$PSStyle.OutputRendering = 'PlainText'; Import-Module '$(Get-ModulePath)'; `$null = Connect-EdgeRepository '$($repository.Path)' -KeyFile '$key'; $Command"
        (& pwsh -NoProfile -NonInteractive -Command $script) -join "`n"
    }

    function Invoke-Line {
        # Runs a command line with the few variables that a scheduler gives. Returns its exit code.
        param([string] $Line)
        & env -i "HOME=$HOME" PATH=/usr/local/bin:/usr/bin:/bin "XDG_DATA_HOME=$env:XDG_DATA_HOME" /bin/sh -c $Line *> $null
        $LASTEXITCODE
    }
}

AfterAll {
    $env:PATH = $savedPath
    Stop-All
}

Describe 'A schedule' -Skip:$IsWindows {
    It 'is shown with -WhatIf to the letter, and nothing is made' {
        $shown = Get-WhatIf "Register-EdgeBackupSchedule night -Method Cron -WhatIf"
        $shown | Should -Match '(?m)^# BEGIN EdgeBackup schedule night$'
        Test-Path $crontab | Should -BeFalse
        $null = Register-EdgeBackupSchedule night -Method Cron
        $shown | Should -Match ([regex]::Escape((Get-Content -Raw $crontab).TrimEnd()))
        Unregister-EdgeBackupSchedule night
        (Get-Content -Raw $crontab) | Should -BeNullOrEmpty
    }

    It 'of cron runs, and tells when and with what result' {
        Set-Content $crontab '0 3 * * * mine'
        $made = Register-EdgeBackupSchedule night 1:00:00 -At 0:20 -Method Cron
        $made.Every | Should -Be ([timespan]::FromHours(1))
        $made.NextRun.Minute | Should -Be 20
        $made.Enabled | Should -BeTrue
        $made.Repository | Should -Be $repository.Path
        $made.LastRun | Should -BeNullOrEmpty

        $line = (Get-Content $crontab | Where-Object { $_ -match '^20 \* ' }) -replace '^(\S+ ){5}' -replace '\\%', '%'
        Invoke-Line $line | Should -Be 0
        (Get-EdgeDevice s1).LastResult | Should -Be 'Completed'
        $found = Get-EdgeBackupSchedule night
        $found.LastResult | Should -Be 0
        $found.LastRun | Should -BeGreaterThan (Get-Date).AddMinutes(-5)
        (Get-Content $crontab)[0] | Should -Be '0 3 * * * mine'
    }

    It 'is refused under a name that is taken, and replaced with -Force' {
        Get-Refusal { Register-EdgeBackupSchedule NIGHT -Method Cron } | Should -Match '^ScheduleExists: '
        (Register-EdgeBackupSchedule night -Method Cron -Force -Every 0:5).Every | Should -Be ([timespan]::FromMinutes(5))
        Get-EdgeBackupSchedule | Should -HaveCount 1
    }

    It 'is found by name and by repository' {
        (Get-EdgeBackupSchedule ni*).Name | Should -Be 'night'
        Get-EdgeBackupSchedule nothing* | Should -BeNullOrEmpty
        Get-Refusal { Get-EdgeBackupSchedule nigth } | Should -Match "^ScheduleNotFound: .*night"
        Get-EdgeBackupSchedule -Repository (Join-Path $folder 'other') | Should -BeNullOrEmpty
        (Get-EdgeBackupSchedule -Repository $repository).Name | Should -Be 'night'
        (Get-EdgeBackupSchedule | Format-Table | Out-String -Width 200) | Should -Match 'night +Cron'
        (Get-EdgeBackupSchedule | Format-List | Out-String -Width 200) | Should -Match 'Every +: 5 min'
    }

    It 'is removed from the pipeline, not with -WhatIf, and no other line with it' {
        Get-EdgeBackupSchedule | Unregister-EdgeBackupSchedule -WhatIf
        Get-EdgeBackupSchedule | Should -HaveCount 1
        Get-EdgeBackupSchedule | Unregister-EdgeBackupSchedule
        Get-EdgeBackupSchedule | Should -BeNullOrEmpty
        Get-Content $crontab | Should -Be '0 3 * * * mine'
        Get-Refusal { Unregister-EdgeBackupSchedule night } | Should -Match '^ScheduleNotFound: '
    }

    It 'is noted among the events when it is registered and when it is removed' {
        $null = Register-EdgeBackupSchedule noted -Method Cron
        Unregister-EdgeBackupSchedule noted
        $noted = Get-EdgeEvent | Where-Object { $_.Message -match "'noted'" } | Sort-Object Time
        $noted.Action | Should -Be 'ScheduleRegistered', 'ScheduleRemoved'
        $noted[0].Message | Should -Match "crontab of .*runs as $([Environment]::UserName)"
        $noted[0].Command | Should -Be 'Register-EdgeBackupSchedule'
    }

    It 'is removed with a warning where its repository is gone' {
        $gone = Initialize-EdgeRepository (Join-Path $folder 'gone') -KeyFile (Join-Path $folder 'gone.key')
        $null = Register-EdgeBackupSchedule noted -Method Cron -Repository $gone
        Disconnect-EdgeRepository -Repository $gone
        Remove-Item $gone.Path -Recurse -Force
        $null = Connect-EdgeRepository $repository.Path
        $seen = Watch { Unregister-EdgeBackupSchedule noted }
        $seen.Errors | Should -BeNullOrEmpty
        $seen.Warnings | Should -Match 'ScheduleRemoved'
        Get-EdgeBackupSchedule noted* | Should -BeNullOrEmpty
    }

    It 'of systemd holds a command that does a scheduled run' {
        $second = Start-Simulator
        $null = Register-EdgeDevice $second.Device[0].Address
        $shown = Get-WhatIf "Register-EdgeBackupSchedule night -Method Systemd -Device '$($second.Device[0].Id)' -WatchFor 0 -WhatIf"
        # With such paths a line of systemd's is one of the shell's too.
        $command = [regex]::Match($shown, '(?m)^ExecStart=(.*)$').Groups[1].Value
        Invoke-Line $command | Should -Be 0
        (Get-EdgeDevice $second.Device[0].Id).LastResult | Should -Be 'Completed'
        Invoke-Line ($command -replace '-Device ''[^'']*''', '-Device ''gone''') | Should -Be 2
        Invoke-Line ($command -replace 'EdgeBackup\.psd1', 'Gone.psd1') | Should -Not -Be 0
    }

    It 'of systemd is refused where systemd does not run, and the error names cron' -Skip:$isSystemdRunning {
        Get-Refusal { Register-EdgeBackupSchedule -Method Systemd } | Should -Match '^ScheduleFailed: .*-Method Cron'
    }

    It 'is refused for a repository that somebody must type a passphrase for' {
        $locked = Join-Path $folder 'locked'
        $null = Initialize-EdgeRepository $locked -Passphrase (ConvertTo-SecureString 'a passphrase' -AsPlainText -Force)
        $file = Join-Path $folder 'schedule.key'
        Get-Refusal { Register-EdgeBackupSchedule -Repository $locked -Method Cron } | Should -Match '^RepositoryKeyNeeded: .*Add-EdgeRepositoryKey -KeyFile'
        $null = Add-EdgeRepositoryKey -Repository $locked -KeyFile $file
        $made = Register-EdgeBackupSchedule -Repository $locked -Method Cron -KeyFile $file
        $made.Command | Should -Match 'Connect-EdgeRepository'
        $line = (Get-Content $crontab | Where-Object { $_ -match '^\*/15 ' }) -replace '^(\S+ ){5}' -replace '\\%', '%'
        Invoke-Line $line | Should -Be 0
        Unregister-EdgeBackupSchedule EdgeBackup
        $null = Connect-EdgeRepository $repository.Path
    }

    It 'is refused at times that no scheduler can keep' {
        Get-Refusal { Register-EdgeBackupSchedule -Every 0:25 } | Should -Match '^ScheduleInvalid: .*00:15:00'
        Get-Refusal { Register-EdgeBackupSchedule -At 1.01:00 } | Should -Match '^ScheduleInvalid: '
        Get-Refusal { Register-EdgeBackupSchedule -RandomDelay 0:15 } | Should -Match '^ScheduleInvalid: '
        Get-Refusal { Register-EdgeBackupSchedule 'a b' } | Should -Match '^ScheduleInvalid: '
    }

    It 'is refused for accounts of the other kind of system' {
        $account = [pscredential]::new('x', (ConvertTo-SecureString 'y' -AsPlainText -Force))
        Get-Refusal { Register-EdgeBackupSchedule -Credential $account } | Should -Match '-User'
        Get-Refusal { Register-EdgeBackupSchedule -Method Task } | Should -Match '^ScheduleInvalid: '
    }
}
