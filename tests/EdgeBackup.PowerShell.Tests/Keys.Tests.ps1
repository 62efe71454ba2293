# Keys, damage, and repositories that cannot be used.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1

    # Another process: nothing is open in it.
    function Invoke-Fresh {
        param([string] $Command)
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$(Get-ModulePath)'; try { $Command } catch { `$_.FullyQualifiedErrorId.Split(',')[0] }"
    }

    function Set-Byte {
        param([string] $File, [int] $At)
        $mode = if (-not $IsWindows) { [System.IO.File]::GetUnixFileMode($File) }
        if (-not $IsWindows) { [System.IO.File]::SetUnixFileMode($File, 'UserRead, UserWrite') }
        $bytes = [System.IO.File]::ReadAllBytes($File)
        $bytes[$At] = $bytes[$At] -bxor 1
        [System.IO.File]::WriteAllBytes($File, $bytes)
        if (-not $IsWindows) { [System.IO.File]::SetUnixFileMode($File, $mode) }
    }
}

AfterAll {
    Stop-All
}

Describe 'Keys' {
    It 'refuses an empty passphrase' {
        (Watch { Initialize-EdgeRepository (Join-Path (New-TestFolder) 'r') -Passphrase ([securestring]::new()) }).Errors | Should -HaveCount 1
    }

    It 'refuses a wrong <_>' -ForEach 'passphrase', 'empty passphrase', 'key file', 'recovery key', 'torn recovery key' {
        $path = Join-Path (New-TestFolder) 'r'
        $other = Join-Path (New-TestFolder) 'o'
        $made = Initialize-EdgeRepository $path -Passphrase (ConvertTo-SecureString 'right' -AsPlainText)
        $wrong = Initialize-EdgeRepository $other -KeyFile "$other.key"
        Disconnect-EdgeRepository -Repository $path
        $key = switch ($_) {
            'passphrase' { @{ Passphrase = ConvertTo-SecureString 'Right' -AsPlainText } }
            'empty passphrase' { @{ Passphrase = [securestring]::new() } }
            'key file' { @{ KeyFile = "$other.key" } }
            'recovery key' { @{ RecoveryKey = $wrong.RecoveryKey } }
            'torn recovery key' { @{ RecoveryKey = $made.RecoveryKey.Substring(0, 20) } }
        }
        $refusal = Get-Refusal { Connect-EdgeRepository $path @key }
        $refusal | Should -BeLike 'RepositoryKeyWrong:*'
        $refusal | Should -Not -Match ([regex]::Escape($wrong.RecoveryKey))
    }

    It 'makes a key file that only its user can read' -Skip:$IsWindows {
        $path = Join-Path (New-TestFolder) 'r'
        $null = Initialize-EdgeRepository $path -KeyFile "$path.key"
        [int][System.IO.File]::GetUnixFileMode("$path.key") -band 0x3F | Should -Be 0
    }

    It 'opens with its key file and its recovery key in another process' {
        $path = Join-Path (New-TestFolder) 'r'
        $made = Initialize-EdgeRepository $path -KeyFile "$path.key"
        Invoke-Fresh "(Connect-EdgeRepository '$path' -KeyFile '$path.key').Id" | Should -Be $made.Id
        Invoke-Fresh "(Connect-EdgeRepository '$path' -RecoveryKey '$($made.RecoveryKey)').Id" | Should -Be $made.Id
    }

    It 'shows the recovery key once' {
        $path = Join-Path (New-TestFolder) 'r'
        $made = Initialize-EdgeRepository $path -KeyFile "$path.key"
        (Get-EdgeRepository -Repository $path).RecoveryKey | Should -BeNullOrEmpty
        Disconnect-EdgeRepository -Repository $path
        (Connect-EdgeRepository $path -KeyFile "$path.key").RecoveryKey | Should -BeNullOrEmpty
        $found = Get-ChildItem (Split-Path $path), $env:XDG_DATA_HOME -Recurse -File -Force | Where-Object { [System.IO.File]::ReadAllText($_).Contains($made.RecoveryKey) }
        $found | Should -BeNullOrEmpty
    }

    It 'says what is missing where there is no repository' {
        Get-Refusal { Connect-EdgeRepository (New-TestFolder) } | Should -BeLike 'RepositoryNotFound:*'
        Get-Refusal { Get-EdgeBackup -Repository (Join-Path (New-TestFolder) 'gone') } | Should -BeLike 'RepositoryNotFound:*'
    }
}

Describe 'A damaged repository' {
    BeforeAll {
        $repository = New-TestRepository
        $folder = New-FolderDevice -Id 'dev' -Files ([ordered]@{ 'a.txt' = 'aaaa'; 'b.bin' = (-join (1..9000 | ForEach-Object { [char](33 + ($_ * $_) % 90) })) })
        $null = Register-EdgeDevice $folder -Tag 'x'
        $null = New-EdgeBackup dev -Name 'first'
        'changed' | Set-Content (Join-Path $folder 'a.txt')
        $last = New-EdgeBackup dev -Automatic
        $null = Set-EdgeBackupPolicy -Device dev -KeepLast 3
        $null = Protect-EdgeBackup $last.Id -Reason 'test'
        $key = Join-Path (Split-Path $repository.Path) 'k.key'
        Disconnect-EdgeRepository -Repository $repository.Path

        # What is known of attempts is replaced as soon as a backup was read back; the suites of the core break it.
        $objects = Get-ChildItem $repository.Path -Recurse -File -Force |
            Where-Object { [System.IO.Path]::GetRelativePath($repository.Path, $_.FullName) -notmatch '^(leases|tmp|attempts)[\\/]' }
    }

    It 'is healthy before' {
        $null = Connect-EdgeRepository $repository.Path -KeyFile $key
        $test = Test-EdgeRepository -ReadData
        $test.Healthy | Should -BeTrue
        $test.Damage | Should -BeNullOrEmpty
        Disconnect-EdgeRepository -Repository $repository.Path
    }

    It 'is found out whichever object has a wrong byte, and nothing crashes' {
        $objects.Count | Should -BeGreaterThan 10
        $number = 0
        foreach ($object in $objects) {
            $bytes = [System.IO.File]::ReadAllBytes($object)
            # The beginning, the middle and the end take turns; the suites of the core try every byte.
            foreach ($at in (0, [int]($bytes.Length / 2), ($bytes.Length - 1))[$number++ % 3]) {
                $what = "byte $at of $([System.IO.Path]::GetRelativePath($repository.Path, $object))"
                Set-Byte $object $at
                try {
                    $said = Watch {
                        $null = Connect-EdgeRepository $repository.Path -KeyFile $key -ErrorAction Stop
                        Test-EdgeRepository -ReadData
                    }
                    if ($said.Errors) {
                        foreach ($problem in $said.Errors) {
                            Get-ErrorId $problem | Should -BeIn 'RepositoryDamaged', 'RepositoryKeyWrong', 'RepositoryFormatUnsupported', 'RepositoryNotFound' -Because $what
                            $problem.CategoryInfo.Category | Should -Not -Be 'NotSpecified' -Because $what
                        }
                    }
                    else {
                        $said.Output[0].Healthy | Should -BeFalse -Because $what
                        $said.Output[0].Damage.Count | Should -BeGreaterThan 0 -Because $what
                        $said.Output[0].Damage[0].Object | Should -Not -BeNullOrEmpty -Because $what
                    }
                    foreach ($act in { Get-EdgeBackup }, { Get-EdgeDevice }, { Get-EdgeBackup | Test-EdgeBackup }) {
                        foreach ($problem in (Watch $act).Errors) {
                            Get-ErrorId $problem | Should -BeIn 'RepositoryDamaged', 'BackupDamaged', 'RepositoryKeyWrong', 'RepositoryFormatUnsupported', 'RepositoryNotFound', 'DeviceNotFound' -Because $what
                        }
                    }
                }
                finally {
                    Set-Byte $object $at
                    Disconnect-EdgeRepository -Repository $repository.Path -ErrorAction Ignore
                }
            }
        }
    }

    It 'is found out whichever object is cut or emptied' {
        foreach ($object in $objects) {
            $bytes = [System.IO.File]::ReadAllBytes($object)
            foreach ($length in ($bytes.Length - 1), 0) {
                $what = "$([System.IO.Path]::GetRelativePath($repository.Path, $object)) with $length bytes"
                Remove-Item $object -Force
                [System.IO.File]::WriteAllBytes($object, [System.ArraySegment[byte]]::new($bytes, 0, $length).ToArray())
                $said = Watch {
                    $null = Connect-EdgeRepository $repository.Path -KeyFile $key -ErrorAction Stop
                    Test-EdgeRepository -ReadData
                }
                Disconnect-EdgeRepository -Repository $repository.Path -ErrorAction Ignore
                [System.IO.File]::WriteAllBytes($object, $bytes)
                if ($said.Errors) {
                    $said.Errors | Get-ErrorId | Should -BeIn 'RepositoryDamaged', 'RepositoryKeyWrong' -Because $what
                }
                else {
                    $said.Output[0].Healthy | Should -BeFalse -Because $what
                }
            }
        }
    }

    It 'is found out when an object is gone: <_>' -ForEach 'packs', 'index' {
        $object = Get-ChildItem (Join-Path $repository.Path $_) -Recurse -File | Select-Object -First 1
        Move-Item $object.FullName "$($repository.Path).away"
        $null = Connect-EdgeRepository $repository.Path -KeyFile $key
        $test = Test-EdgeRepository -ReadData
        if ($_ -eq 'packs') {
            $test.Healthy | Should -BeFalse
            $test.Damage.Backup | Should -Not -BeNullOrEmpty
            $test.Damage.Device | Should -Contain 'dev'
        }
        Disconnect-EdgeRepository -Repository $repository.Path
        Move-Item "$($repository.Path).away" $object.FullName
    }

    It 'says damaged, not wrong key, when its header is damaged' {
        $header = Join-Path $repository.Path 'repository.json'
        $text = [System.IO.File]::ReadAllText($header)
        [System.IO.File]::WriteAllText($header, $text.Substring(0, 10))
        Get-Refusal { Connect-EdgeRepository $repository.Path -KeyFile $key } | Should -BeLike 'RepositoryDamaged:*'
        [System.IO.File]::WriteAllText($header, $text)
    }

    It 'says damaged, not wrong key, when the key objects are gone' {
        Move-Item (Join-Path $repository.Path 'keys') "$($repository.Path).keys"
        Get-Refusal { Connect-EdgeRepository $repository.Path -KeyFile $key } | Should -BeLike 'RepositoryDamaged:*'
        Move-Item "$($repository.Path).keys" (Join-Path $repository.Path 'keys')
        (Connect-EdgeRepository $repository.Path -KeyFile $key).Id | Should -Be $repository.Id
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }
}

Describe 'A repository that cannot be used' {
    It 'of a newer format says so' {
        $repository = New-TestRepository
        $key = Join-Path (Split-Path $repository.Path) 'k.key'
        Disconnect-EdgeRepository -Repository $repository.Path
        $header = Join-Path $repository.Path 'repository.json'
        $json = Get-Content -Raw $header | ConvertFrom-Json -AsHashtable
        $name = $json.Keys | Where-Object { $_ -match 'version' } | Select-Object -First 1
        $name | Should -Not -BeNullOrEmpty
        $json[$name] = 99
        Remove-Item $header -Force
        $json | ConvertTo-Json -Depth 10 | Set-Content $header
        Get-Refusal { Connect-EdgeRepository $repository.Path -KeyFile $key } | Should -BeLike 'RepositoryFormatUnsupported:*99*'
    }

    It 'on a full disk says so, records nothing, and works again when there is room' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $mount = New-TestFolder
        mount -t tmpfs -o size=2m tmpfs $mount
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'no file system can be mounted here'; return }
        try {
            $path = Join-Path $mount 'r'
            $null = Initialize-EdgeRepository $path -KeyFile (Join-Path (New-TestFolder) 'k')
            $random = [byte[]]::new(3MB)
            [System.Random]::new(1).NextBytes($random)
            $folder = New-FolderDevice -Id 'big'
            $null = Register-EdgeDevice $folder
            $small = New-EdgeBackup big -Name 'small'
            [System.IO.File]::WriteAllBytes((Join-Path $folder 'big.bin'), $random)
            Get-Refusal { New-EdgeBackup big -Automatic } | Should -BeLike 'RepositoryNotWritable:*'
            (Get-EdgeBackup -Device big).Id | Should -Be $small.Id
            (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
            Remove-Item (Join-Path $folder 'big.bin')
            (New-EdgeBackup big -Automatic).Device | Should -Be 'big'
            (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
        }
        finally {
            Disconnect-EdgeRepository -Repository $path -ErrorAction Ignore
            umount -l $mount
        }
    }

    It 'that is read-only can be read, and says why it cannot be written' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $mount = New-TestFolder
        mount -t tmpfs -o size=20m tmpfs $mount
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'no file system can be mounted here'; return }
        try {
            $path = Join-Path $mount 'r'
            $key = Join-Path (New-TestFolder) 'k'
            $null = Initialize-EdgeRepository $path -KeyFile $key
            $null = Register-EdgeDevice (New-FolderDevice -Id 'ro')
            $backup = New-EdgeBackup ro -Name 'before'
            Disconnect-EdgeRepository -Repository $path
            mount -o remount,ro $mount
            $null = Connect-EdgeRepository $path -KeyFile $key
            (Get-EdgeBackup).Id | Should -Be $backup.Id
            (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
            $target = Join-Path (New-TestFolder) 'out'
            ($backup | Restore-EdgeBackup -Destination $target).Restored.Count | Should -BeGreaterThan 0
            Get-Refusal { New-EdgeBackup ro -Automatic } | Should -BeLike 'RepositoryNotWritable:*'
            Get-Refusal { Register-EdgeDevice (New-FolderDevice -Id 'ro2') } | Should -BeLike 'RepositoryNotWritable:*'
            Get-Refusal { $backup | Restore-EdgeBackup -Force } | Should -BeLike 'RepositoryNotWritable:*'
        }
        finally {
            Disconnect-EdgeRepository -Repository $path -ErrorAction Ignore
            umount -l $mount
        }
    }
}
