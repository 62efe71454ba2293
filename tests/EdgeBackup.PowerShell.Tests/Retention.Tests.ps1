# What goes and what stays (R9; "Pinned down": Retention), and backups that travel between repositories.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    $folder = New-FolderDevice -Id 'kept'
    $null = Register-EdgeDevice $folder
}

AfterAll {
    Stop-All
}

Describe 'Nobody deletes a backup by hand (R9)' {
    It 'so there is no command for it' {
        Get-Command -Module EdgeBackup -Verb Remove | Where-Object Noun -ne 'EdgeRepositoryKey' | Should -BeNullOrEmpty
        Get-Command -Module EdgeBackup | Where-Object Name -match '^(Clear|Reset)-EdgeBackup' | Should -BeNullOrEmpty
    }
}

Describe 'Manual backups (R9)' {
    It 'the 11th pushes out the oldest, and protected ones neither count nor go' {
        $first = New-EdgeBackup kept -Name 'n0'
        $protected = Protect-EdgeBackup $first.Id -Reason 'audit'
        (Get-EdgeBackup -Id $first.Id).Protected | Should -BeTrue
        (Get-EdgeBackup -Id $first.Id).Expires | Should -BeNullOrEmpty
        1..10 | ForEach-Object { $null = New-EdgeBackup kept -Name "n$_" }
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Sort-Object | Should -Be (@('n0') + (1..10 | ForEach-Object { "n$_" }) | Sort-Object)
        $null = New-EdgeBackup kept -Name 'n11'
        $names = (Get-EdgeBackup -Device kept -Kind Manual).Name
        $names | Should -HaveCount 11
        $names | Should -Contain 'n0'
        $names | Should -Not -Contain 'n1'
        $names | Should -Contain 'n11'
    }

    It 'an unprotected one counts again' {
        $null = Get-EdgeBackup -Name n0 | Unprotect-EdgeBackup
        $null = New-EdgeBackup kept -Name 'n12'
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Should -HaveCount 10
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Should -Not -Contain 'n0'
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Should -Not -Contain 'n2'
    }

    It 'automatic ones do not count' {
        1..3 | ForEach-Object { $null = New-EdgeBackup kept -Automatic }
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Should -HaveCount 10
        (Get-EdgeBackup -Device kept -Kind Automatic) | Should -HaveCount 3
    }

    It 'a name that was pushed out is free again' {
        (New-EdgeBackup kept -Name 'n1').Name | Should -Be 'n1'
    }

    It 'the number is the policy''s' {
        $null = Set-EdgeBackupPolicy -Device kept -ManualLimit 3
        $null = New-EdgeBackup kept -Name 'limited'
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Should -HaveCount 3
        (Get-EdgeBackup -Device kept -Kind Manual).Name | Should -Contain 'limited'
    }

    It 'the space of what went is freed, and the rest stays whole' {
        $null = Optimize-EdgeRepository -Confirm:$false
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
        (Get-EdgeBackup | Test-EdgeBackup).Intact | Should -Not -Contain $false
    }
}

Describe 'Expiry' {
    It 'is six calendar months for automatic backups, and the policy''s number of months' {
        $null = Register-EdgeDevice (New-FolderDevice -Id 'months')
        $backup = New-EdgeBackup months -Automatic
        $backup.Expires.ToUniversalTime() | Should -Be $backup.Created.ToUniversalTime().AddMonths(6)
        $null = Set-EdgeBackupPolicy -Device months -RetentionMonths 1
        (Get-EdgeBackup -Device months -Latest).Expires.ToUniversalTime() | Should -Be $backup.Created.ToUniversalTime().AddMonths(1)
    }

    It 'refuses the policy <_>' -ForEach @(
        @{ RetentionMonths = 0 }
        @{ RetentionMonths = -1 }
        @{ ManualLimit = 0 }
        @{ ManualLimit = -5 }
        @{ KeepLast = -1 }
        @{ Interval = [timespan]::Zero }
        @{ Interval = [timespan]::FromHours(-1) }
    ) {
        $policy = $_
        (Watch { Set-EdgeBackupPolicy -Device months @policy }).Errors | Should -HaveCount 1
    }

    It 'takes KeepLast' {
        $null = Set-EdgeBackupPolicy -Device months -KeepLast 2
        (Get-EdgeBackupPolicy -Device months).KeepLast | Should -Be 2
    }

    It 'writes nothing with Optimize-EdgeRepository -WhatIf' {
        $root = (Get-EdgeRepository | Where-Object Default).Path
        $before = Get-FolderState $root
        $null = Optimize-EdgeRepository -WhatIf
        Get-FolderState $root | Should -Be $before
    }
}

Describe 'A backup that travels' {
    BeforeAll {
        $source = New-TestRepository
        $folder = New-FolderDevice -Id 'traveller' -Files ([ordered]@{ 'a/one.txt' = 'one'; 'two.bin' = ('2' * 200000) })
        $null = Register-EdgeDevice $folder
        $backup = New-EdgeBackup traveller -Name 'to go' -Content All
        $file = Join-Path (New-TestFolder) 'out.edgebackup'
        $null = $backup | Export-EdgeBackup -Path $file
        $state = Get-FolderState $folder
        $secretFile = if ((Get-Item $file).PSIsContainer) { (Get-ChildItem $file -File | Select-Object -First 1).FullName } else { $file }
    }

    It 'is one file' {
        Test-Path $secretFile -PathType Leaf | Should -BeTrue
    }

    It 'is read into another repository and restored from there' {
        $null = New-TestRepository
        $imported = Import-EdgeBackup $secretFile
        $imported.Device | Should -Be 'traveller'
        $imported.Name | Should -Be 'to go'
        $imported.Kind | Should -Be 'Manual'
        $imported.Created | Should -Be $backup.Created
        $imported.ItemCount | Should -Be $backup.ItemCount
        ($imported | Test-EdgeBackup).Intact | Should -BeTrue
        $target = Join-Path (New-TestFolder) 'out'
        $null = $imported | Restore-EdgeBackup -Destination $target
        Get-FolderState $target | Should -Be $state
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }

    It 'is not read twice under one name' {
        $count = @(Get-EdgeBackup).Count
        $null = Watch { Import-EdgeBackup $secretFile }
        @(Get-EdgeBackup) | Should -HaveCount $count
    }

    It 'is refused when it is <Title>' -ForEach @(
        @{ Title = 'cut by one byte'; Change = { param($b) $b[0..($b.Length - 2)] } }
        @{ Title = 'cut in half'; Change = { param($b) $b[0..([int]($b.Length / 2))] } }
        @{ Title = 'empty'; Change = { param($b) , [byte[]]@() } }
        @{ Title = 'longer by one byte'; Change = { param($b) $b + [byte]1 } }
        @{ Title = 'something else'; Change = { param($b) [System.Text.Encoding]::UTF8.GetBytes('hello, I am no backup at all') } }
    ) {
        $null = New-TestRepository
        $bad = Join-Path (New-TestFolder) 'bad.edgebackup'
        [System.IO.File]::WriteAllBytes($bad, [byte[]](& $Change ([System.IO.File]::ReadAllBytes($secretFile))))
        (Watch { Import-EdgeBackup $bad }).Errors | Should -HaveCount 1
        @(Get-EdgeBackup) | Should -HaveCount 0
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }

    It 'is refused when any byte was altered' {
        $null = New-TestRepository
        $bad = Join-Path (New-TestFolder) 'bad.edgebackup'
        $original = [System.IO.File]::ReadAllBytes($secretFile)
        $step = [Math]::Max(1, [int]($original.Length / 40))
        for ($at = 0; $at -lt $original.Length; $at += $step) {
            $bytes = $original.Clone()
            $bytes[$at] = $bytes[$at] -bxor 0x20
            [System.IO.File]::WriteAllBytes($bad, $bytes)
            $said = Watch { Import-EdgeBackup $bad }
            $said.Errors | Should -HaveCount 1 -Because "byte $at was altered"
            Get-ErrorId $said.Errors[0] | Should -BeIn 'BackupDamaged', 'RepositoryFormatUnsupported', 'ItemPathInvalid', 'BackupNameInvalid' -Because "byte $at was altered"
        }
        @(Get-EdgeBackup) | Should -HaveCount 0
    }

    It 'is not written over a file that is there' {
        $null = Connect-EdgeRepository $source.Path -KeyFile (Join-Path (Split-Path $source.Path) 'k.key')
        $there = Join-Path (New-TestFolder) 'there'
        'mine' | Set-Content $there
        (Watch { $backup | Export-EdgeBackup -Path $there -Confirm:$false }).Errors | Should -HaveCount 1
        Get-Content $there | Should -Be 'mine'
    }

    It 'that is not there is an error' {
        (Watch { Import-EdgeBackup (Join-Path (New-TestFolder) 'nothing') }).Errors | Should -HaveCount 1
    }
}
