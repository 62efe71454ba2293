# A second repository with keys of its own: what is copied, what is not, and what a kill or damage leaves.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $copy = New-TestRepository
    $source = New-TestRepository
    $sourceKey = Join-Path (Split-Path $source.Path) 'k.key'
    $copyKey = Join-Path (Split-Path $copy.Path) 'k.key'
    $random = [System.Random]::new(11)
    foreach ($id in 's1', 's2', 's3') {
        $bytes = [byte[]]::new(300KB)
        $random.NextBytes($bytes)
        $folder = New-FolderDevice -Id $id
        [System.IO.File]::WriteAllBytes((Join-Path $folder 'data.bin'), $bytes)
        $null = Register-EdgeDevice $folder
    }
    $null = New-EdgeBackup s1 -Name 'first'
    $null = Protect-EdgeBackup (Get-EdgeBackup -Name first).Id -Reason 'audit'
    $null = New-EdgeBackup s? -Automatic
    $null = Set-EdgeBackupPolicy -Device s1 -ManualLimit 4

    function Get-StoreState { Get-ChildItem $copy.Path -Recurse -File -Force | Where-Object FullName -notmatch '[\\/]leases[\\/]' | ForEach-Object { "$($_.FullName) $($_.Length)" } | Sort-Object }
}

AfterAll {
    Stop-All
}

Describe 'Sync-EdgeRepository' {
    It 'says with -WhatIf how far behind the copy is, and writes nothing' {
        $before = Get-StoreState
        $result = Sync-EdgeRepository $copy.Path -WhatIf
        $result.Behind | Should -Be 4
        $result.Copied | Should -Be 0
        $result.Lag | Should -BeNullOrEmpty
        $result.NewestInSource | Should -Be (Get-EdgeBackup | Sort-Object Created)[-1].Created
        Get-StoreState | Should -Be $before
    }

    It 'copies the devices that are named' {
        $result = Sync-EdgeRepository -Destination $copy.Path -Device 's1'
        $result.Copied | Should -Be 2
        $result.Behind | Should -Be 0
        (Get-EdgeBackup -Repository $copy.Path).Device | Sort-Object -Unique | Should -Be 's1'
    }

    It 'copies the rest, takes a repository object, and reads back what it wrote' {
        $result = Sync-EdgeRepository (Get-EdgeRepository | Where-Object Path -eq $copy.Path)
        $result.Copied | Should -Be 2
        $result.Skipped | Should -Be 2
        # Contents that the copy has already, but not in its newest backup, are read back too.
        $result.Verified | Should -BeGreaterOrEqual $result.BytesRead
        $result.BytesRead | Should -BeGreaterThan 600KB
        $result.Lag | Should -Be ([timespan]::Zero)
        (Test-EdgeRepository -Repository $copy.Path -ReadData).Healthy | Should -BeTrue
        (Get-EdgeBackup -Repository $copy.Path | Test-EdgeBackup -Repository $copy.Path).Intact | Should -Not -Contain $false
        $mine = Get-EdgeBackup | Sort-Object Id | ForEach-Object { "$($_.Id) $($_.Device) $($_.Name) $($_.Kind) $($_.Created.Ticks) $($_.Protected) $($_.Author)" }
        Get-EdgeBackup -Repository $copy.Path | Sort-Object Id | ForEach-Object { "$($_.Id) $($_.Device) $($_.Name) $($_.Kind) $($_.Created.Ticks) $($_.Protected) $($_.Author)" } | Should -Be $mine
        (Get-EdgeDevice -Repository $copy.Path).Id | Should -Be (Get-EdgeDevice).Id
        (Get-EdgeBackupPolicy -Repository $copy.Path -Device s1).ManualLimit | Should -Be 4
    }

    It 'copies nothing the second time' {
        $before = Get-StoreState
        $result = Sync-EdgeRepository $copy.Path
        $result.Copied, $result.Records, $result.BytesRead, $result.BytesWritten, $result.Behind | Should -Be @(0, 0, 0, 0, 0)
        $result.Skipped | Should -Be 4
        Get-StoreState | Should -Be $before
    }

    It 'restores from the copy byte for byte' {
        $out = Join-Path (New-TestFolder) 'out'
        $null = Get-EdgeBackup -Repository $copy.Path -Name first | Restore-EdgeBackup -Repository $copy.Path -Destination $out -Confirm:$false
        $device = (Get-EdgeDevice s1).Address
        (Get-FileHash (Join-Path $out 'data.bin')).Hash | Should -Be (Get-FileHash (Join-Path $device 'data.bin')).Hash
    }

    It 'refuses itself and a copy of its bytes' {
        Get-Refusal { Sync-EdgeRepository $source.Path } | Should -Match '^SyncRefused:'
        $twin = Join-Path (New-TestFolder) 'twin'
        Copy-Item $source.Path $twin -Recurse
        Get-Refusal { Sync-EdgeRepository $twin } | Should -Match '^SyncRefused:'
    }

    It 'says that there is no repository' {
        Get-Refusal { Sync-EdgeRepository (Join-Path (New-TestFolder) 'none') } | Should -Match '^RepositoryNotFound:'
    }

    It 'goes on after it was killed at any moment' {
        1..6 | ForEach-Object {
            foreach ($device in Get-EdgeDevice s?) { [System.IO.File]::AppendAllText((Join-Path $device.Address 'data.bin'), [guid]::NewGuid()) }
            $null = New-EdgeBackup s? -Automatic
        }
        $script = Join-Path (New-TestFolder) 'sync.ps1'
        @"
`$ProgressPreference = 'SilentlyContinue'
Import-Module '$(Get-ModulePath)'
`$null = Connect-EdgeRepository '$($copy.Path)' -KeyFile '$copyKey'
`$null = Connect-EdgeRepository '$($source.Path)' -KeyFile '$sourceKey'
[Console]::Out.WriteLine('ready')
`$null = Sync-EdgeRepository '$($copy.Path)'
"@ | Set-Content $script
        foreach ($round in 1..4) {
            $start = [System.Diagnostics.ProcessStartInfo]::new('pwsh')
            foreach ($argument in '-NoProfile', '-NonInteractive', '-File', $script) { $start.ArgumentList.Add($argument) }
            $start.RedirectStandardOutput = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $process.StandardOutput.ReadLine() | Should -Be 'ready'
            Start-Sleep -Milliseconds $random.Next(0, 250)
            $process.Kill()
            $process.WaitForExit()
            (Test-EdgeRepository -Repository $copy.Path -ReadData).Healthy | Should -BeTrue -Because "round $round"
        }
        $result = Sync-EdgeRepository $copy.Path
        $result.Behind | Should -Be 0
        $result.Copied + $result.Skipped | Should -Be @(Get-EdgeBackup).Count
        (Get-EdgeBackup -Repository $copy.Path | Test-EdgeBackup -Repository $copy.Path).Intact | Should -Not -Contain $false
    }

    It 'fails the backup whose bytes are damaged, by its path, and copies the others' {
        $before = Get-ChildItem (Join-Path $source.Path 'packs') -Recurse -File | ForEach-Object FullName
        $bytes = [byte[]]::new(200KB)
        $random.NextBytes($bytes)
        [System.IO.File]::WriteAllBytes((Join-Path (Get-EdgeDevice s2).Address 'bad.bin'), $bytes)
        $bad = New-EdgeBackup s2 -Automatic
        $pack = Get-ChildItem (Join-Path $source.Path 'packs') -Recurse -File | Where-Object FullName -notin $before
        $content = [System.IO.File]::ReadAllBytes($pack.FullName)
        $content[1000] = $content[1000] -bxor 1
        [System.IO.File]::WriteAllBytes($pack.FullName, $content)
        $null = New-EdgeBackup s3 -Automatic

        $said = Watch { Sync-EdgeRepository $copy.Path }
        $said.Output[0].Copied | Should -Be 1
        $said.Output[0].Behind | Should -Be 1
        $said.Output[0].Failed | Should -HaveCount 1
        $said.Output[0].Failed[0].Backup | Should -Be $bad.Id
        $said.Output[0].Failed[0].Path | Should -Be 'bad.bin'
        $said.Errors | Should -HaveCount 1
        Get-ErrorId $said.Errors[0] | Should -Be 'BackupDamaged'
        (Test-EdgeRepository -Repository $copy.Path -ReadData).Healthy | Should -BeTrue
    }
}
