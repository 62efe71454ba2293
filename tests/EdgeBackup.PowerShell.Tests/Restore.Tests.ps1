# Restores (R7; "Pinned down": Restore, -Force).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
    $null = Add-Device 'dev'

    # A device with a backup, whose state then drifts: one item changed, one added, one removed.
    function Start-Drift {
        Reset-Device dev
        Set-DeviceItem dev 'config/site.json' 'original'
        Set-DeviceItem dev 'config/removed-later' 'was here'
        Remove-DeviceItem dev 'config/added-later'
        $script:backup = New-EdgeBackup dev -Automatic -Content All
        Set-DeviceItem dev 'config/site.json' 'drifted'
        Set-DeviceItem dev 'config/added-later' 'intruder'
        Set-DeviceItem dev 'history/sessions.log' 'new history' -Kind history
        Remove-DeviceItem dev 'config/removed-later'
        $script:drifted = Get-DeviceItem dev
    }
}

AfterAll {
    Stop-All
}

Describe 'A restore' {
    BeforeAll {
        Start-Drift
        $held = Get-DeviceItem dev
        $result = $backup | Restore-EdgeBackup -Force
    }

    It 'lists what it did, and what it did not' {
        $result.Backup | Should -Be $backup.Id
        $result.Device | Should -Be 'dev'
        $result.Verified | Should -BeTrue
        $result.Duration | Should -BeOfType [timespan]
        @($result.Restored | Sort-Object) | Should -Be 'config/removed-later', 'config/site.json'
        $result.Removed | Should -Be 'config/added-later'
        $result.Unchanged | Should -Contain 'config/ocpp/backoffice.xml'
        $result.NotRestored.Path | Should -Contain 'history/sessions.log'
        $result.NotRestored.Path | Should -Contain 'values/live.json'
        $result.NotRestored | ForEach-Object { $_.Reason | Should -Not -BeNullOrEmpty }
    }

    It 'accounts for every item of the backup exactly once' {
        $all = @($result.Restored) + @($result.Unchanged) + @($result.NotRestored.Path)
        foreach ($item in $backup | Get-EdgeBackupItem) {
            @($all -ceq $item.Path) | Should -HaveCount 1 -Because $item.Path
        }
    }

    It 'brings the state back' {
        $after = Get-DeviceItem dev
        $after.ContainsKey('config/added-later') | Should -BeFalse
        foreach ($item in $backup | Get-EdgeBackupItem | Where-Object Kind -eq 'Configuration') {
            "$($item.Digest)".ToLowerInvariant() | Should -Match $after[$item.Path]
        }
        $after['history/sessions.log'] | Should -Be $held['history/sessions.log'] -Because 'history stays by default'
    }

    It 'took a safety backup of the state before' {
        $safety = Get-EdgeBackup -Id $result.SafetyBackup
        $safety.Kind | Should -Be 'Safety'
        $safety.Device | Should -Be 'dev'
        $safety.Expires | Should -Not -BeNullOrEmpty
        ($safety | Get-EdgeBackupItem).Path | Should -Contain 'config/added-later'
        $null = $safety | Restore-EdgeBackup -Force
        $after = Get-DeviceItem dev
        $after.ContainsKey('config/added-later') | Should -BeTrue
        $after['config/site.json'] | Should -Be $held['config/site.json']
    }

    It 'restores history with -Content All' {
        $null = $backup | Restore-EdgeBackup -Content All -Force
        $digest = ($backup | Get-EdgeBackupItem -Path 'history/sessions.log').Digest
        "$digest".ToLowerInvariant() | Should -Match (Get-DeviceItem dev)['history/sessions.log']
    }

    It 'takes no safety backup with -SkipSafetyBackup' {
        $count = @(Get-EdgeBackup -Device dev).Count
        ($backup | Restore-EdgeBackup -SkipSafetyBackup -Force).SafetyBackup | Should -BeNullOrEmpty
        @(Get-EdgeBackup -Device dev) | Should -HaveCount $count
    }

    It 'wants confirmation' {
        (Get-Command Restore-EdgeBackup).Parameters.Keys | Should -Contain 'Confirm'
        $module = Get-ModulePath
        $path = (Get-EdgeRepository | Where-Object Default).Path
        $said = pwsh -NoProfile -NonInteractive -Command "Import-Module '$module'; Restore-EdgeBackup $($backup.Id) -Repository '$path' -ErrorVariable e -ErrorAction SilentlyContinue; if (-not `$e) { 'went on' }" 2>&1
        "$said" | Should -Not -Match 'went on'
    }

    It 'wants exactly one backup' {
        (Watch { Restore-EdgeBackup 'nosuchbackup' -Force }).Errors | Get-ErrorId | Should -Be 'BackupNotFound'
    }
}

Describe '-Path' {
    It 'restores some items over the rest' {
        Start-Drift
        $result = $backup | Restore-EdgeBackup -Path 'config/site*' -Force
        $result.Restored | Should -Be 'config/site.json'
        $result.Removed | Should -BeNullOrEmpty
        $after = Get-DeviceItem dev
        $after.ContainsKey('config/added-later') | Should -BeTrue
        $after.ContainsKey('config/removed-later') | Should -BeFalse
    }

    It 'names a literal path that the backup does not hold' {
        $count = @(Get-EdgeBackup -Device dev).Count
        (Watch { $backup | Restore-EdgeBackup -Path 'config/nosuch' -Force }).Errors | Should -HaveCount 1
        @(Get-EdgeBackup -Device dev) | Should -HaveCount $count
    }
}

Describe '-WhatIf' {
    It 'names every path and what would happen to it, and changes nothing' {
        Start-Drift
        $root = (Get-EdgeRepository | Where-Object Default).Path
        $before = Get-FolderState $root
        $file = Join-Path (New-TestFolder) 'transcript'
        $module = Get-ModulePath
        $said = pwsh -NoProfile -NonInteractive -Command "Import-Module '$module'; Restore-EdgeBackup $($backup.Id) -Repository '$root' -WhatIf" 2>&1 | Out-String -Width 4096
        foreach ($path in ($backup | Get-EdgeBackupItem).Path + 'config/added-later') {
            $said | Should -Match ([regex]::Escape($path))
        }
        (Get-DeviceItem dev).GetEnumerator() | ForEach-Object { $_.Value | Should -Be $drifted[$_.Key] }
        (Invoke-Control dev).held | Should -BeFalse
        (Invoke-Control dev).restore | Should -BeNullOrEmpty
        Get-FolderState $root | Should -Be $before
    }

    It 'makes no destination' {
        $target = Join-Path (New-TestFolder) 'out'
        $null = $backup | Restore-EdgeBackup -Destination $target -WhatIf
        Test-Path $target | Should -BeFalse
    }
}

Describe '-Destination' {
    BeforeAll {
        Start-Drift
        $calls = @(Get-DeviceCall dev).Count
    }

    It 'writes all items into a new folder without touching any device' {
        $target = Join-Path (New-TestFolder) 'out'
        $result = $backup | Restore-EdgeBackup -Destination $target
        @(Get-DeviceCall dev) | Should -HaveCount $calls
        $items = $backup | Get-EdgeBackupItem
        @($result.Restored) | Should -HaveCount @($items).Count
        foreach ($item in $items) {
            $file = Join-Path $target $item.Path
            "$($item.Digest)".ToLowerInvariant() | Should -Match (Get-FileHash -LiteralPath $file).Hash.ToLowerInvariant()
        }
        @(Get-ChildItem $target -Recurse -File -Force) | Should -HaveCount @($items).Count
    }

    It 'refuses a folder that is not empty, unless forced, and then removes nothing' {
        $target = New-TestFolder
        'mine' | Set-Content (Join-Path $target 'keep.txt')
        Get-Refusal { $backup | Restore-EdgeBackup -Destination $target } | Should -BeLike 'DestinationNotEmpty:*'
        Get-ChildItem $target | Should -HaveCount 1
        $null = $backup | Restore-EdgeBackup -Destination $target -Force
        Get-Content (Join-Path $target 'keep.txt') | Should -Be 'mine'
        Test-Path (Join-Path $target 'config/site.json') | Should -BeTrue
    }

    It 'refuses a repository as its folder' {
        $root = (Get-EdgeRepository | Where-Object Default).Path
        (Watch { $backup | Restore-EdgeBackup -Destination $root -Force }).Errors | Should -HaveCount 1
        (Test-EdgeRepository).Healthy | Should -BeTrue
    }

    It 'writes some items with -Path' {
        $target = Join-Path (New-TestFolder) 'out'
        $null = $backup | Restore-EdgeBackup -Destination $target -Path 'identity/*'
        (Get-ChildItem $target -Recurse -File).Name | Sort-Object | Should -Be 'hardware.json', 'licence.key'
    }

    It 'follows no link that stands in the folder' -Skip:$IsWindows {
        $target = New-TestFolder
        $outside = New-TestFolder
        $null = New-Item -ItemType SymbolicLink -Path (Join-Path $target 'config') -Target $outside
        $null = Watch { $backup | Restore-EdgeBackup -Destination $target -Force }
        Get-ChildItem $outside -Recurse | Should -BeNullOrEmpty
    }
}

Describe 'A target that does not fit' {
    BeforeAll {
        Start-Drift
        $null = Add-Device 'older' -Version '1.24.9'
        $null = Add-Device 'other-type' -Type 'bms-server' -Version '7.0.0'
        $null = Add-Device 'sister'
    }

    It 'of another type is refused, with -Force too' {
        Get-Refusal { $backup | Restore-EdgeBackup -Device other-type -Confirm:$false } | Should -BeLike 'RestoreTargetMismatch:*'
        Get-Refusal { $backup | Restore-EdgeBackup -Device other-type -Force } | Should -BeLike 'RestoreTargetMismatch:*'
        (Invoke-Control other-type).commits | Should -Be 0
    }

    It 'of an older version is refused, unless forced' {
        Get-Refusal { $backup | Restore-EdgeBackup -Device older -Confirm:$false } | Should -BeLike 'RestoreVersionMismatch:*1.24.9*'
        (Invoke-Control older).commits | Should -Be 0
        ($backup | Restore-EdgeBackup -Device older -Force).Verified | Should -BeTrue
    }

    It 'does not get another one''s identity' {
        $before = Get-DeviceItem sister
        $result = $backup | Restore-EdgeBackup -Device sister -Confirm:$false
        $result.Device | Should -Be 'sister'
        $result.NotRestored.Path | Should -Contain 'identity/licence.key'
        (Get-DeviceItem sister)['identity/licence.key'] | Should -Be $before['identity/licence.key']
    }

    It 'that is unknown is named' {
        Get-Refusal { $backup | Restore-EdgeBackup -Device sistre -Force } | Should -BeLike 'DeviceNotFound:*sister*'
    }

    It 'gets its own identity back' {
        Set-DeviceItem dev 'identity/licence.key' 'worn out' -Kind identity
        $result = $backup | Restore-EdgeBackup -Force
        $result.Restored | Should -Contain 'identity/licence.key'
    }
}

Describe 'A restore that goes wrong' {
    BeforeEach {
        Start-Drift
    }

    AfterEach {
        Reset-Device dev
        (Invoke-Control dev).held | Should -BeFalse
    }

    It 'notices at the read-back that the device is not what it should be' {
        # The first read is the safety backup's.
        Add-Fault dev @{ kind = 'replaceBody'; method = 'GET'; path = 'items/config/site.json'; body = 'something else'; contentType = 'application/octet-stream'; skip = 1; times = -1 }
        $refusal = Get-Refusal { $backup | Restore-EdgeBackup -Force }
        $refusal | Should -BeLike 'RestoreVerifyFailed:*'
        $refusal | Should -Match 'config/'
    }

    It 'says that the device failed after it had accepted' {
        Set-Behaviour dev @{ commitFailure = 'flash is worn' }
        Get-Refusal { $backup | Restore-EdgeBackup -Force } | Should -BeLike 'RestoreFailed:*flash is worn*'
        (Get-DeviceItem dev)['config/site.json'] | Should -Be $drifted['config/site.json']
        @(Get-EdgeBackup -Device dev -Kind Safety -Latest) | Should -HaveCount 1
    }

    It 'leaves no session behind when an item cannot be sent' {
        Add-Fault dev @{ kind = 'status'; method = 'PUT'; path = 'restores/*'; status = 413; times = -1 }
        Get-Refusal { $backup | Restore-EdgeBackup -Force } | Should -BeLike 'RestoreFailed:*'
        (Invoke-Control dev).restore | Should -BeNullOrEmpty
        (Get-DeviceItem dev)['config/site.json'] | Should -Be $drifted['config/site.json']
    }

    It 'leaves somebody else''s session alone' {
        $session = (Invoke-Control dev/restores POST @{}).id
        Get-Refusal { $backup | Restore-EdgeBackup -Force } | Should -BeLike 'DeviceBusy:*'
        (Invoke-Control dev).restore | Should -Be $session
        $null = Invoke-Control dev/restart POST @{ seconds = 0 }
    }

    It 'comes through a device that restarts during the commit: <Title>' -ForEach @(
        @{ Title = 'applied, answered'; Applies = $true; Answers = $true; Forgets = $false; Fine = $true }
        @{ Title = 'applied, not answered, forgotten'; Applies = $true; Answers = $false; Forgets = $true; Fine = $true }
        @{ Title = 'not applied, forgotten'; Applies = $false; Answers = $false; Forgets = $true; Fine = $false }
    ) {
        Set-Behaviour dev @{ commitRestart = @{ awaySeconds = 1; applies = $Applies; answers = $Answers; forgets = $Forgets } }
        $said = Watch { $backup | Restore-EdgeBackup -Force }
        if ($Fine) {
            $said.Errors | Should -HaveCount 0
            $said.Output[0].Verified | Should -BeTrue
        }
        else {
            $said.Output | Should -HaveCount 0
            $said.Errors | Get-ErrorId | Should -BeIn 'RestoreFailed', 'RestoreVerifyFailed'
        }
    }

    It 'restores nothing from a damaged backup' {
        $null = New-TestRepository
        $folder = New-FolderDevice -Id 'fragile' -Files @{ 'big.bin' = ('x' * 300000 -join '') }
        $null = Register-EdgeDevice $folder
        $copy = New-EdgeBackup fragile -Automatic
        'changed' | Set-Content (Join-Path $folder 'big.bin')
        $before = Get-FolderState $folder
        foreach ($pack in Get-ChildItem (Join-Path (Get-EdgeRepository | Where-Object Default).Path 'packs') -Recurse -File) {
            $bytes = [System.IO.File]::ReadAllBytes($pack)
            if (-not $IsWindows) { chmod u+w $pack.FullName }
            for ($at = 0; $at -lt $bytes.Length; $at += 16) { $bytes[$at] = $bytes[$at] -bxor 1 }
            [System.IO.File]::WriteAllBytes($pack, $bytes)
        }
        (Watch { $copy | Restore-EdgeBackup -Force }).Errors | Get-ErrorId | Should -BeIn 'BackupDamaged', 'RepositoryDamaged'
        Get-FolderState $folder | Should -Be $before
    }
}

Describe 'A session that our killed command left' {
    It 'is dropped before another begins' {
        $repository = New-TestRepository
        $null = Register-EdgeDevice (Invoke-Control dev).address
        Start-Drift
        Add-Fault dev @{ kind = 'slow'; method = 'PUT'; path = 'restores/*'; seconds = 60; times = -1 }
        $module = Get-ModulePath
        $calls = @(Get-DeviceCall dev).Count
        $process = Start-Process pwsh -PassThru -ArgumentList '-NoProfile', '-NonInteractive', '-Command', "`"Import-Module '$module'; Restore-EdgeBackup $($backup.Id) -Force -Repository '$($repository.Path)' -ErrorAction Stop`""
        $deadline = (Get-Date).AddMinutes(3)
        # It sends only what it has noted: by the first item its session is known to be ours.
        while (-not (@(Get-DeviceCall dev -Skip $calls) -match '^PUT .*restores/') -and (Get-Date) -lt $deadline) {
            Start-Sleep -Milliseconds 50
        }
        $left = (Invoke-Control dev).restore
        $process.Kill()
        $process.WaitForExit()
        $left | Should -Not -BeNullOrEmpty
        $null = Invoke-Control dev/faults DELETE
        (Invoke-Control dev).restore | Should -Be $left
        ($backup | Restore-EdgeBackup -Force).Verified | Should -BeTrue
        (Invoke-Control dev).restore | Should -BeNullOrEmpty
    }
}

Describe 'A folder' {
    It 'is brought back whole' {
        $null = New-TestRepository
        $folder = New-FolderDevice -Id 'tree' -Files ([ordered]@{ 'a/b/c.txt' = 'deep'; 'plain.txt' = 'plain'; 'ünïcode ✓.txt' = 'name' })
        $null = New-Item -ItemType Directory (Join-Path $folder 'empty')
        if (-not $IsWindows) {
            chmod 750 (Join-Path $folder 'plain.txt')
            $null = New-Item -ItemType SymbolicLink -Path (Join-Path $folder 'link') -Target '/etc/hostname'
        }
        $old = [datetime]::new(2020, 1, 2, 3, 4, 5, [System.DateTimeKind]::Utc)
        [System.IO.File]::SetLastWriteTimeUtc((Join-Path $folder 'plain.txt'), $old)
        $null = Register-EdgeDevice $folder
        $state = Get-FolderState $folder
        $copy = New-EdgeBackup tree -Automatic
        if (-not $IsWindows) {
            ($copy | Get-EdgeBackupItem).Path | Should -Contain 'link'
        }
        Remove-Item (Join-Path $folder 'a'), (Join-Path $folder 'empty'), (Join-Path $folder 'plain.txt') -Recurse
        'new' | Set-Content (Join-Path $folder 'intruder.txt')
        $result = $copy | Restore-EdgeBackup -Force
        $result.Verified | Should -BeTrue
        Get-FolderState $folder | Should -Be $state
        [System.IO.File]::GetLastWriteTimeUtc((Join-Path $folder 'plain.txt')) | Should -Be $old
        if (-not $IsWindows) {
            (Get-Item (Join-Path $folder 'plain.txt')).UnixStat.Mode -band 0x1FF | Should -Be 0x1E8
            (Get-Item (Join-Path $folder 'link')).Target | Should -Be '/etc/hostname'
        }
        Get-ChildItem (Split-Path $folder) -Force | Where-Object Name -Like "*$(Split-Path $folder -Leaf)*" | Should -HaveCount 1
    }
}
