# Real files of real repositories are damaged, and Repair-EdgeRepository puts them right or says what is gone.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1

    function New-Damageable {
        # A repository with two backups in two packs. Returns its folder, the packs' files and the device's folder.
        param([int] $Redundancy = 1)

        $folder = New-TestFolder -Prefix repository
        $path = Join-Path $folder 'r'
        $null = Initialize-EdgeRepository $path -KeyFile (Join-Path $folder 'k.key') -Redundancy $Redundancy
        $random = [System.Random]::new(7)
        $files = [ordered]@{}
        1..6 | ForEach-Object {
            $bytes = [byte[]]::new(45000)
            $random.NextBytes($bytes)
            $files["data/$_.txt"] = [Convert]::ToBase64String($bytes)
        }
        $device = New-FolderDevice -Id 'site' -Files $files
        $null = Register-EdgeDevice $device
        $first = New-EdgeBackup site -Name 'first'
        $before = @(Get-ChildItem (Join-Path $path 'packs') -Recurse -File)
        [System.IO.File]::WriteAllText((Join-Path $device 'new.txt'), ('new' * 9000))
        $second = New-EdgeBackup site -Name 'second'
        [pscustomobject]@{
            Path   = $path
            Key    = Join-Path $folder 'k.key'
            Device = $device
            First  = $first
            Second = $second
            Pack   = $before[0].FullName
            Other  = (Get-ChildItem (Join-Path $path 'packs') -Recurse -File | Where-Object FullName -ne $before[0].FullName)[0].FullName
        }
    }

    function Edit-Byte {
        # Changes the bytes of a file in place.
        param([string] $File, [scriptblock] $Change)

        $bytes = [System.IO.File]::ReadAllBytes($File)
        $bytes = [byte[]] (& $Change $bytes)
        [System.IO.File]::WriteAllBytes($File, $bytes)
    }

    function Copy-Repository {
        param($Damageable)

        $copy = Join-Path (New-TestFolder -Prefix copy) 'r'
        Copy-Item -LiteralPath $Damageable.Path -Destination $copy -Recurse
        $copy
    }
}

AfterAll {
    Stop-All
}

Describe 'Recovery data' {
    It 'has the share that Initialize-EdgeRepository -Redundancy sets, and Get-EdgeRepository shows it' {
        $one = New-Damageable
        (Get-EdgeRepository -Repository $one.Path).Redundancy | Should -Be 1
        $none = New-Damageable -Redundancy 0
        (Get-EdgeRepository -Repository $none.Path).Redundancy | Should -Be 0
        $much = New-Damageable -Redundancy 30
        (Get-EdgeRepository -Repository $much.Path).Redundancy | Should -Be 30
        (Get-Item $none.Pack).Length | Should -BeLessThan (Get-Item $one.Pack).Length
        (Get-Item $much.Pack).Length | Should -BeGreaterThan ((Get-Item $none.Pack).Length * 1.25)
    }

    It 'refuses a share of <_>' -ForEach -1, 31 {
        $share = $_
        (Watch { Initialize-EdgeRepository (Join-Path (New-TestFolder) 'r') -Redundancy $share }).Errors | Should -HaveCount 1
    }

    It 'mends <Name>' -ForEach @(
        @{ Name = 'a changed byte'; Change = { param($b) $b[9000] = $b[9000] -bxor 1; , $b } }
        @{ Name = 'a zeroed sector'; Change = { param($b) [Array]::Clear($b, 8192, 4096); , $b } }
        @{ Name = 'a cut end'; Change = { param($b) , $b[0..($b.Length - 1500)] } }
        @{ Name = 'a changed header'; Change = { param($b) $b[0] = 0; $b[20] = $b[20] -bxor 255; , $b } }
    ) {
        $it = New-Damageable
        $hash = (Get-FileHash $it.Pack).Hash
        Edit-Byte $it.Pack $Change
        $damaged = (Get-FileHash $it.Pack).Hash
        (Test-EdgeRepository -ReadData).Healthy | Should -BeFalse
        $result = Repair-EdgeRepository -Confirm:$false
        $result.Healthy | Should -BeTrue
        $result.Mended.Method | Should -Be 'RecoveryData'
        $result.Gone | Should -BeNullOrEmpty
        (Get-FileHash $it.Pack).Hash | Should -Be $hash
        $result.Quarantined | Should -HaveCount 1
        (Get-FileHash (Join-Path $it.Path $result.Quarantined[0])).Hash | Should -Be $damaged
        $test = Test-EdgeRepository -ReadData
        $test.Healthy | Should -BeTrue
        $test.Quarantined | Should -Be $result.Quarantined
        (Get-EdgeEvent | Where-Object Action -eq 'Repaired') | Should -HaveCount 1
    }

    It 'does nothing with -WhatIf and tells what it would do' {
        $it = New-Damageable
        Edit-Byte $it.Pack { param($b) $b[9000] = $b[9000] -bxor 1; , $b }
        $before = Get-FolderState $it.Path
        $result = Repair-EdgeRepository -WhatIf
        Get-FolderState $it.Path | Should -Be $before
        $result.Mended.Method | Should -Be 'RecoveryData'
        $result.Healthy | Should -BeTrue
    }
}

Describe 'Packs that are hurt more' {
    It 'keeps what is whole, and names what is gone until the device is backed up again' {
        $it = New-Damageable
        Edit-Byte $it.Pack { param($b) [Array]::Clear($b, 3000, 60000); , $b }
        $result = Repair-EdgeRepository -Confirm:$false
        $result.Healthy | Should -BeFalse
        $result.Mended.Method | Should -Be 'Salvaged'
        $result.Gone.Device | Select-Object -Unique | Should -Be 'site'
        # Where a file is cut into chunks, and in which order these stand in the pack, differs each time.
        $gone = @($result.Gone.Path | Where-Object { $_ -like 'data/*' } | Select-Object -Unique)
        $gone.Count | Should -BeIn (1..5) -Because 'the hole is smaller than two of the six files'
        (Test-EdgeRepository -ReadData).Damage.Path | Sort-Object | Should -Be ($result.Gone.Path | Sort-Object)
        $null = New-EdgeBackup site -Name 'healing'
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }

    It 'asks the device with -FromDevice' {
        $it = New-Damageable
        Remove-Item -LiteralPath $it.Pack
        Remove-Item -LiteralPath $it.Other
        $result = Repair-EdgeRepository -FromDevice -Confirm:$false
        $result.Mended.Method | Select-Object -Unique | Should -Be 'Device'
        $result.Gone.Backup | Select-Object -Unique | Should -Be $it.First.Id -Because 'its list of items is not the one that the device has now'
        (Test-EdgeBackup $it.Second).Intact | Should -BeTrue
    }

    It 'takes a removed pack from a copy of the repository' {
        $it = New-Damageable
        $copy = Copy-Repository $it
        $state = (Get-FileHash $it.Pack).Hash
        Remove-Item -LiteralPath $it.Pack
        $result = Repair-EdgeRepository -From $copy -Confirm:$false
        $result.Healthy | Should -BeTrue
        $result.Mended.Method | Should -Be 'SecondRepository'
        (Get-FileHash $it.Pack).Hash | Should -Be $state
        (Get-EdgeBackup | Test-EdgeBackup).Intact | Should -Not -Contain $false
    }

    It 'takes items from a repository with keys of its own' {
        $it = New-Damageable
        $other = (New-TestRepository).Path
        $null = Register-EdgeDevice $it.Device
        $null = New-EdgeBackup site -Name 'elsewhere'
        Connect-EdgeRepository $it.Path -KeyFile $it.Key | Out-Null
        Edit-Byte $it.Pack { param($b) [Array]::Clear($b, 3000, 60000); , $b }
        $result = Repair-EdgeRepository -From (Get-EdgeRepository -Repository $other) -Confirm:$false
        $result.Healthy | Should -BeTrue
        $result.Mended.Method | Should -Contain 'SecondRepository'
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }

    It 'takes whole backups from a repository that Sync-EdgeRepository has filled' {
        $copy = (New-TestRepository).Path
        $it = (New-TestRepository).Path
        $folders = foreach ($id in 'k1', 'k2', 'k3') {
            $folder = New-FolderDevice -Id $id -Files ([ordered]@{ 'a/setting.txt' = "of $id"; 'data.txt' = ("$id " * 9000) })
            $null = Register-EdgeDevice $folder
            $folder
        }
        $backups = @(New-EdgeBackup k? -Automatic)
        $backups | Should -HaveCount 3
        (Sync-EdgeRepository $copy).Copied | Should -Be 3
        Get-ChildItem (Join-Path $it 'packs') -Recurse -File | Remove-Item
        $record = Get-ChildItem (Join-Path $it 'backups') -Recurse -File -Filter $backups[0].Id
        Remove-Item -LiteralPath $record.FullName

        $before = Get-FolderState $it
        $told = Repair-EdgeRepository -From $copy -WhatIf
        Get-FolderState $it | Should -Be $before
        $told.Healthy | Should -BeTrue
        $result = Repair-EdgeRepository -From $copy -Confirm:$false
        $result.Gone | Should -BeNullOrEmpty
        $result.Healthy | Should -BeTrue
        $mended = @($result.Mended | Where-Object Backup)
        $mended.Method | Select-Object -Unique | Should -Be 'SecondRepository'
        $mended.Backup | Sort-Object | Should -Be ($backups.Id | Sort-Object)
        $told.Mended.Backup | Sort-Object | Should -Be ($result.Mended.Backup | Sort-Object)
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
        @(Get-EdgeBackup).Id | Sort-Object | Should -Be ($backups.Id | Sort-Object)
        foreach ($backup in Get-EdgeBackup) {
            $out = Join-Path (New-TestFolder) 'out'
            $null = $backup | Restore-EdgeBackup -Destination $out
            foreach ($name in 'a/setting.txt', 'data.txt') {
                $own = Join-Path ($folders | Where-Object { (Get-Content (Join-Path $_ 'a/setting.txt') -Raw) -eq "of $($backup.Device)" }) $name
                (Get-FileHash (Join-Path $out $name)).Hash | Should -Be (Get-FileHash $own).Hash
            }
        }
    }

    It 'puts two packs that stand in each other''s place back' {
        $it = New-Damageable
        $aside = $it.Pack + '-aside'
        Move-Item -LiteralPath $it.Pack $aside
        Move-Item -LiteralPath $it.Other $it.Pack
        Move-Item -LiteralPath $aside $it.Other
        $test = Test-EdgeRepository -ReadData
        $test.Healthy | Should -BeFalse
        $test.Damage.Object | Select-Object -Unique | Where-Object { $_ -notlike 'packs/*' } | Should -BeNullOrEmpty
        $result = Repair-EdgeRepository -Confirm:$false
        $result.Healthy | Should -BeTrue
        $result.Mended.Method | Select-Object -Unique | Should -Be 'Misplaced'
    }

    It 'makes a damaged index anew' {
        $it = New-Damageable
        $index = @(Get-ChildItem (Join-Path $it.Path 'index') -File)[0].FullName
        Edit-Byte $index { param($b) $b[60] = $b[60] -bxor 1; , $b }
        $result = Repair-EdgeRepository -Confirm:$false
        $result.Healthy | Should -BeTrue
        $result.Mended.Method | Should -Be 'Rebuilt'
    }
}

Describe 'The command' {
    It 'shows a line and writes a healthy repository nothing' {
        $it = New-Damageable
        $before = Get-FolderState (Join-Path $it.Path 'packs')
        $result = Repair-EdgeRepository -Confirm:$false
        Get-FolderState (Join-Path $it.Path 'packs') | Should -Be $before
        $result.Healthy | Should -BeTrue
        $result | Out-String | Should -Match 'Healthy\s+Mended\s+Gone\s+Quarantined'
        $result | Format-List | Out-String | Should -Match 'Quarantined'
        Test-Path (Join-Path $it.Path 'quarantine') | Should -BeFalse
    }

    It 'leaves quarantine alone when space is freed' {
        $it = New-Damageable
        Edit-Byte $it.Pack { param($b) $b[9000] = $b[9000] -bxor 1; , $b }
        $kept = (Repair-EdgeRepository -Confirm:$false).Quarantined
        $null = Optimize-EdgeRepository -Confirm:$false
        Test-Path (Join-Path $it.Path $kept[0]) | Should -BeTrue
    }

    It 'says that -From is no repository' {
        $null = New-Damageable
        $nowhere = New-TestFolder
        Get-Refusal { Repair-EdgeRepository -From $nowhere -Confirm:$false } | Should -BeLike 'RepositoryNotFound*'
    }
}
