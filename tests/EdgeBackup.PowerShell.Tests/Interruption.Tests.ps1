# Ctrl+C and kill -9 at any moment: nothing half-made, nothing held, no repair needed.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = New-TestRepository
    $key = Join-Path (Split-Path $repository.Path) 'k.key'
    Start-Fleet
    $null = Add-Device 'slow'

    # Runs a script in a runspace of its own and stops it, as Ctrl+C does, once the condition holds.
    function Stop-Midway {
        param([string] $Script, [scriptblock] $When)
        $shell = [powershell]::Create()
        $null = $shell.AddScript("`$ProgressPreference = 'SilentlyContinue'; Import-Module '$(Get-ModulePath)'; $Script")
        $running = $shell.BeginInvoke()
        $deadline = (Get-Date).AddMinutes(3)
        while (-not (& $When)) {
            if ((Get-Date) -gt $deadline -or $running.IsCompleted) { throw "It never came so far: $($shell.Streams.Error)" }
            Start-Sleep -Milliseconds 20
        }
        $took = Measure-Command { $shell.Stop() }
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $shell.Dispose()
        $took.TotalSeconds
    }

    function Get-Lease {
        # The last maintainer's stays, for its number.
        Get-ChildItem (Join-Path $repository.Path 'leases') -Recurse -File -Force -ErrorAction Ignore | Where-Object Name -notlike 'maintain-*'
    }
}

AfterAll {
    Stop-All
}

Describe 'Ctrl+C' {
    BeforeEach {
        Reset-Device slow
        Set-DeviceItem slow 'config/big' ('x' * 5000 + (Get-Random))
    }

    It 'in a backup leaves no record, no hold and no lease' {
        $before = @(Get-EdgeBackup).Count
        Add-Fault slow @{ kind = 'slow'; path = 'items/config/big'; seconds = 60; times = -1 }
        $took = Stop-Midway "New-EdgeBackup slow -Automatic -Repository '$($repository.Path)'" { (Get-DeviceCall slow)[-1] -match 'config/big' -or (Get-DeviceCall slow | Select-Object -Last 9) -match 'config/big' -and (Invoke-Control slow).held }
        $took | Should -BeLessThan 60
        (Invoke-Control slow).held | Should -BeFalse
        @(Get-EdgeBackup) | Should -HaveCount $before
        Get-Lease | Should -BeNullOrEmpty
        Reset-Device slow
        (New-EdgeBackup slow -Automatic).Device | Should -Be 'slow'
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }

    It 'while waiting for an idle device ends at once' {
        $null = Invoke-Control 'slow/transactions' POST @{}
        $calls = @(Get-DeviceCall slow).Count
        Stop-Midway "New-EdgeBackup slow -Automatic -WaitForIdle 00:30:00 -Repository '$($repository.Path)'" { @(Get-DeviceCall slow).Count -gt $calls + 2 } | Should -BeLessThan 60
        Get-Lease | Should -BeNullOrEmpty
    }

    It 'in a restore drops the session and the hold and changes nothing' {
        $backup = New-EdgeBackup slow -Automatic
        Set-DeviceItem slow 'config/big' 'changed since'
        $state = Get-DeviceItem slow
        Add-Fault slow @{ kind = 'slow'; method = 'PUT'; path = 'restores/*'; seconds = 60; times = -1 }
        $took = Stop-Midway "Restore-EdgeBackup $($backup.Id) -Force -Repository '$($repository.Path)'" { (Invoke-Control slow).restore }
        $took | Should -BeLessThan 60
        (Invoke-Control slow).restore | Should -BeNullOrEmpty
        (Invoke-Control slow).held | Should -BeFalse
        (Get-DeviceItem slow)['config/big'] | Should -Be $state['config/big']
        Get-Lease | Should -BeNullOrEmpty
        Reset-Device slow
        ($backup | Restore-EdgeBackup -Force).Verified | Should -BeTrue
    }

    It 'in a folder''s restore leaves the old or the new state, and nothing beside it' {
        $folder = New-FolderDevice -Id "tree" -Files ([ordered]@{ 'settings.txt' = 'old' })
        1..400 | ForEach-Object { [System.IO.File]::WriteAllText((Join-Path $folder "f$_.txt"), "old $_") }
        $null = Register-EdgeDevice $folder
        $backup = New-EdgeBackup tree -Automatic
        $parent = Split-Path $folder
        foreach ($wait in 0, 15, 60) {
            1..400 | ForEach-Object { [System.IO.File]::WriteAllText((Join-Path $folder "f$_.txt"), "new $_ and longer") }
            $shell = [powershell]::Create()
            $null = $shell.AddScript("Import-Module '$(Get-ModulePath)'; Restore-EdgeBackup $($backup.Id) -Force -SkipSafetyBackup -Repository '$($repository.Path)'")
            $running = $shell.BeginInvoke()
            # What it stages stands beside the folder: from there on it is at work, however long it took to begin.
            while (-not $running.IsCompleted -and [System.IO.Directory]::GetFileSystemEntries($parent).Count -eq 1) { Start-Sleep -Milliseconds 1 }
            Start-Sleep -Milliseconds $wait
            $shell.Stop()
            $shell.Dispose()
            $files = @(Get-ChildItem $folder -Filter f*.txt)
            $files | Should -HaveCount 400 -Because "after $wait ms"
            @($files | ForEach-Object { [System.IO.File]::ReadAllText($_).Split(' ')[0] } | Select-Object -Unique) | Should -HaveCount 1 -Because "after $wait ms"
        }
        ($backup | Restore-EdgeBackup -Force).Verified | Should -BeTrue
        Get-ChildItem $parent -Force | Where-Object Name -Like "*$(Split-Path $folder -Leaf)*" | Should -HaveCount 1
    }
}

Describe 'kill -9' {
    It 'at random moments loses no backup that was acknowledged, and needs no repair' {
        $random = [System.Random]::new(20)
        foreach ($id in 'k1', 'k2', 'k3') {
            $folder = New-FolderDevice -Id $id
            $null = Register-EdgeDevice $folder
            $bytes = [byte[]]::new(400KB)
            $random.NextBytes($bytes)
            [System.IO.File]::WriteAllBytes((Join-Path $folder 'data.bin'), $bytes)
        }
        $acknowledged = [System.Collections.Generic.List[string]]::new()
        $work = New-TestFolder
        $script = Join-Path $work 'backup.ps1'
        @"
param(`$Round)
`$ProgressPreference = 'SilentlyContinue'
Import-Module '$(Get-ModulePath)'
`$null = Connect-EdgeRepository '$($repository.Path)' -KeyFile '$key'
[Console]::Out.WriteLine('ready')
foreach (`$turn in 1..200) {
    foreach (`$device in Get-EdgeDevice k?) {
        [System.IO.File]::AppendAllText((Join-Path `$device.Address 'data.bin'), "`$Round `$turn " + [guid]::NewGuid())
    }
    New-EdgeBackup k? -Automatic | ForEach-Object { [Console]::Out.WriteLine(`$_.Id) }
    if (`$turn % 5 -eq 0) { `$null = Optimize-EdgeRepository -Confirm:`$false }
}
"@ | Set-Content $script
        foreach ($round in 1..6) {
            $start = [System.Diagnostics.ProcessStartInfo]::new('pwsh')
            foreach ($argument in '-NoProfile', '-NonInteractive', '-File', $script, "$round") { $start.ArgumentList.Add($argument) }
            $start.RedirectStandardOutput = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $process.StandardOutput.ReadLine() | Should -Be 'ready'
            # Every other process lives until its first backup is acknowledged, however slow the machine is.
            if ($round % 2 -eq 0) { $acknowledged.Add($process.StandardOutput.ReadLine().Trim()) }
            Start-Sleep -Milliseconds $random.Next(0, 900)
            $process.Kill()
            foreach ($line in $process.StandardOutput.ReadToEnd() -split "`n") {
                if ($line.Trim().Length -eq 24) { $acknowledged.Add($line.Trim()) }
            }
            $process.WaitForExit()
            if ($round % 3 -eq 0) {
                (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue -Because "round $round"
            }
        }
        $acknowledged.Count | Should -BeGreaterThan 0
        $known = Get-EdgeBackup -Device k? | ForEach-Object Id
        foreach ($id in $acknowledged) { $known | Should -Contain $id }
        $tests = Get-EdgeBackup -Device k? | Test-EdgeBackup
        @($tests | Where-Object { -not $_.Intact }) | Should -HaveCount 0
        New-EdgeBackup k? -Automatic | Should -HaveCount 3
        $null = Optimize-EdgeRepository -Confirm:$false
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
        foreach ($id in $acknowledged) { (Get-EdgeBackup -Id $id).Id | Should -Be $id }
        Write-Host "    $($acknowledged.Count) acknowledged"
    }

    It 'in a folder''s restore leaves the old or the new state, and the next one clears up' {
        $random = [System.Random]::new(4)
        $folder = New-FolderDevice -Id 'killed-tree'
        $null = Register-EdgeDevice $folder
        1..300 | ForEach-Object { [System.IO.File]::WriteAllText((Join-Path $folder "f$_.txt"), "old $_") }
        $backup = New-EdgeBackup killed-tree -Automatic
        $script = "`$ProgressPreference = 'SilentlyContinue'; Import-Module '$(Get-ModulePath)'; `$null = Connect-EdgeRepository '$($repository.Path)' -KeyFile '$key'; [Console]::Out.WriteLine('ready'); Restore-EdgeBackup $($backup.Id) -Force -SkipSafetyBackup; [Console]::Out.WriteLine('done')"
        foreach ($round in 1..4) {
            1..300 | ForEach-Object { [System.IO.File]::WriteAllText((Join-Path $folder "f$_.txt"), "new $_ of $round") }
            $start = [System.Diagnostics.ProcessStartInfo]::new('pwsh')
            foreach ($argument in '-NoProfile', '-NonInteractive', '-Command', $script) { $start.ArgumentList.Add($argument) }
            $start.RedirectStandardOutput = $true
            $beside = [System.IO.Directory]::GetFileSystemEntries((Split-Path $folder)).Count
            $process = [System.Diagnostics.Process]::Start($start)
            $process.StandardOutput.ReadLine() | Should -Be 'ready'
            # The first one while it opens the repository, the others while they are at work beside the folder.
            while ($round -gt 1 -and -not $process.HasExited -and [System.IO.Directory]::GetFileSystemEntries((Split-Path $folder)).Count -eq $beside) { Start-Sleep -Milliseconds 1 }
            Start-Sleep -Milliseconds $random.Next(0, 90)
            $process.Kill()
            $process.WaitForExit()
            $folder | Should -Exist
            $files = @(Get-ChildItem $folder -Filter f*.txt)
            $files | Should -HaveCount 300 -Because "round $round"
            @($files | ForEach-Object { [System.IO.File]::ReadAllText($_).Split(' ')[0] } | Select-Object -Unique) | Should -HaveCount 1 -Because "round $round"
        }
        ($backup | Restore-EdgeBackup -Force).Verified | Should -BeTrue
        Get-ChildItem (Split-Path $folder) -Force | Where-Object Name -Like "*$(Split-Path $folder -Leaf)*" | Should -HaveCount 1
        (New-EdgeBackup killed-tree -Automatic).Device | Should -Be 'killed-tree'
    }
}
