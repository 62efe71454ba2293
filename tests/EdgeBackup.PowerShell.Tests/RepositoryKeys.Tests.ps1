# The keys of a repository, and what speaks against its state.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1

    # Another process: nothing is open in it.
    function Invoke-Fresh {
        param([string] $Command)
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$(Get-ModulePath)'; try { $Command } catch { `$_.FullyQualifiedErrorId.Split(',')[0] }"
    }

    function ConvertTo-Secret {
        param([string] $Text)
        ConvertTo-SecureString $Text -AsPlainText
    }
}

AfterAll {
    Stop-All
}

Describe 'Get-EdgeRepositoryKey' {
    It 'lists the keys and which one opened the repository' {
        $path = Join-Path (New-TestFolder) 'r'
        $made = Initialize-EdgeRepository $path -Passphrase (ConvertTo-Secret 'one') -KeyFile "$path.key"
        Disconnect-EdgeRepository
        $null = Connect-EdgeRepository $path -RecoveryKey $made.RecoveryKey
        $keys = Get-EdgeRepositoryKey
        $keys.Kind | Sort-Object | Should -Be 'Passphrase', 'KeyFile', 'Recovery'
        ($keys | Where-Object Opened).Kind | Should -Be 'Recovery'
        ($keys | Where-Object Kind -EQ Passphrase).Rounds | Should -Be 600000
        $keys | Where-Object RecoveryKey | Should -BeNullOrEmpty
        ($keys | Format-Table | Out-String) | Should -Match 'pbkdf2-sha256'
    }

    It 'takes wildcards, and names the id that no key has' {
        $null = New-TestRepository
        $id = (Get-EdgeRepositoryKey)[0].Id
        (Get-EdgeRepositoryKey $id.ToUpperInvariant()).Id | Should -Be $id
        (Get-EdgeRepositoryKey ($id.Substring(0, 12) + '*')).Id | Should -Be $id
        Get-EdgeRepositoryKey 'nothing*' | Should -BeNullOrEmpty
        Get-Refusal { Get-EdgeRepositoryKey 'nothing' } | Should -BeLike 'RepositoryKeyNotFound:*'
    }
}

Describe 'Add-EdgeRepositoryKey' {
    It 'adds a <_> that opens the repository' -ForEach 'passphrase', 'key file', 'recovery key' {
        # A switch leaves nothing in $_.
        $kind = $_
        $made = New-TestRepository
        $file = Join-Path (New-TestFolder) 'second.key'
        $added = switch ($kind) {
            'passphrase' { Add-EdgeRepositoryKey -Passphrase (ConvertTo-Secret 'zwei') }
            'key file' { Add-EdgeRepositoryKey -KeyFile $file }
            'recovery key' { Add-EdgeRepositoryKey -RecoveryKey }
        }
        $with = switch ($kind) {
            'passphrase' { @{ Passphrase = ConvertTo-Secret 'zwei' } }
            'key file' { @{ KeyFile = $file } }
            'recovery key' { @{ RecoveryKey = $added.RecoveryKey } }
        }
        Disconnect-EdgeRepository
        (Connect-EdgeRepository $made.Path @with).Id | Should -Be $made.Id
        (Get-EdgeRepositoryKey | Where-Object Opened).Id | Should -Be $added.Id
        if ($kind -eq 'recovery key') {
            ($added | Out-String) | Should -Match 'not shown again'
        }
        (Get-EdgeRepositoryKey $added.Id).RecoveryKey | Should -BeNullOrEmpty
        (Get-EdgeEvent -Category Repository).Action | Should -Contain 'KeyAdded'
    }

    It 'replaces a key' {
        $made = New-TestRepository
        $old = Get-EdgeRepositoryKey | Where-Object Kind -EQ Recovery
        $new = Add-EdgeRepositoryKey -RecoveryKey -Replace $old.Id
        (Get-EdgeRepositoryKey | Where-Object Kind -EQ Recovery).Id | Should -Be $new.Id
        Get-Refusal { Connect-EdgeRepository $made.Path -RecoveryKey $made.RecoveryKey } | Should -BeLike 'RepositoryKeyWrong:*'
        (Connect-EdgeRepository $made.Path -RecoveryKey $new.RecoveryKey).Id | Should -Be $made.Id
        Get-Refusal { Add-EdgeRepositoryKey -RecoveryKey -Replace $old.Id } | Should -BeLike 'RepositoryKeyNotFound:*'
    }

    It 'replaces the key file of the embedded repository, and later commands find the new one' {
        Disconnect-EdgeRepository -ErrorAction Ignore
        $data = $env:XDG_DATA_HOME
        $env:XDG_DATA_HOME = New-TestFolder -Prefix data
        try {
            $made = Initialize-EdgeRepository
            $file = Join-Path (New-TestFolder) 'new.key'
            $null = Add-EdgeRepositoryKey -KeyFile $file -Replace (Get-EdgeRepositoryKey | Where-Object Opened).Id
            Invoke-Fresh '(Get-EdgeRepository).Id' | Should -Be $made.Id
            Invoke-Fresh '(Get-EdgeRepository).KeyFile' | Should -Be $file
            $own = Join-Path $env:XDG_DATA_HOME 'EdgeBackup' 'keys' "$($made.Id).key"
            Test-Path $own | Should -BeFalse
            @(Get-ChildItem (Split-Path $own) -Filter '*.old').Count | Should -Be 1

            # A passphrase in its place has to be given.
            $said = Watch { Add-EdgeRepositoryKey -Passphrase (ConvertTo-Secret 'x') -Replace (Get-EdgeRepositoryKey | Where-Object Kind -EQ KeyFile).Id }
            "$($said.Warnings)" | Should -Match 'Connect-EdgeRepository'
            Invoke-Fresh 'Get-EdgeRepository' | Should -Be 'RepositoryKeyWrong'
            Invoke-Fresh "(Connect-EdgeRepository -Passphrase (ConvertTo-SecureString 'x' -AsPlainText)).Id" | Should -Be $made.Id
        }
        finally {
            Disconnect-EdgeRepository -ErrorAction Ignore
            $env:XDG_DATA_HOME = $data
        }
    }

    It 'refuses what is no key' {
        $null = New-TestRepository
        $file = Join-Path (New-TestFolder) 'not.key'
        'something' | Set-Content $file
        Get-Refusal { Add-EdgeRepositoryKey -KeyFile $file } | Should -BeLike 'RepositoryKeyWrong:*'
        Get-Refusal { Add-EdgeRepositoryKey -Passphrase ([securestring]::new()) } | Should -BeLike 'RepositoryKeyWrong:*'
        @(Get-EdgeRepositoryKey).Count | Should -Be 2
    }

    It 'writes nothing with -WhatIf' {
        $made = New-TestRepository
        $before = Get-FolderState (Join-Path $made.Path 'keys')
        $file = Join-Path (New-TestFolder) 'k.key'
        Add-EdgeRepositoryKey -KeyFile $file -Replace 'anything' -WhatIf
        Get-FolderState (Join-Path $made.Path 'keys') | Should -Be $before
        Test-Path $file | Should -BeFalse
    }
}

Describe 'Remove-EdgeRepositoryKey' {
    It 'removes a key, and an object that is put back opens nothing' {
        $made = New-TestRepository
        $added = Add-EdgeRepositoryKey -Passphrase (ConvertTo-Secret 'p')
        $object = Join-Path $made.Path 'keys' "$($added.Id).json"
        $copy = [System.IO.File]::ReadAllBytes($object)
        Remove-EdgeRepositoryKey $added.Id -Confirm:$false
        Test-Path $object | Should -BeFalse
        (Get-EdgeRepositoryKey).Id | Should -Not -Contain $added.Id
        [System.IO.File]::WriteAllBytes($object, $copy)
        Get-Refusal { Connect-EdgeRepository $made.Path -Passphrase (ConvertTo-Secret 'p') } | Should -BeLike 'RepositoryKeyWrong:*'
        $test = Test-EdgeRepository
        $test.Healthy | Should -BeFalse
        $test.Damage.Object | Should -Be "keys/$($added.Id).json"
    }

    It 'keeps the last key, and the one by which commands open the repository' {
        $null = New-TestRepository
        Get-Refusal { Remove-EdgeRepositoryKey * -Confirm:$false } | Should -BeLike 'RepositoryKeyNeeded:*'
        $mine = Get-EdgeRepositoryKey | Where-Object Opened
        Get-Refusal { Remove-EdgeRepositoryKey $mine.Id -Confirm:$false } | Should -BeLike 'RepositoryKeyNeeded:*-Replace*'
        Get-Refusal { Remove-EdgeRepositoryKey 'fedcba9876543210' -Confirm:$false } | Should -BeLike 'RepositoryKeyNotFound:*'
        Remove-EdgeRepositoryKey 'zz*' -Confirm:$false
        @(Get-EdgeRepositoryKey).Count | Should -Be 2
    }

    It 'says that it is the last recovery key, and changes nothing with -WhatIf' {
        $made = New-TestRepository
        $recovery = Get-EdgeRepositoryKey | Where-Object Kind -EQ Recovery
        $said = pwsh -NoProfile -NonInteractive -Command "Import-Module '$(Get-ModulePath)'; Remove-EdgeRepositoryKey $($recovery.Id) -WhatIf -Repository '$($made.Path)'"
        "$said" | Should -Match 'last recovery key'
        @(Get-EdgeRepositoryKey).Count | Should -Be 2
    }
}

Describe 'Test-EdgeRepository -RecoveryKey' {
    It 'proves the recovery key again' {
        $made = New-TestRepository
        $other = (Initialize-EdgeRepository (Join-Path (New-TestFolder) 'r') -KeyFile (Join-Path (New-TestFolder) 'k')).RecoveryKey
        (Test-EdgeRepository -Repository $made.Path -RecoveryKey $made.RecoveryKey).RecoveryKeyProved | Should -BeTrue
        (Test-EdgeRepository -Repository $made.Path).RecoveryKeyProved | Should -BeNullOrEmpty
        Get-Refusal { Test-EdgeRepository -Repository $made.Path -RecoveryKey $other } | Should -BeLike 'RepositoryKeyWrong:*'
        $id = (Get-EdgeRepositoryKey -Repository $made.Path | Where-Object Kind -EQ Recovery).Id
        $object = Join-Path $made.Path 'keys' "$id.json"
        [System.IO.File]::WriteAllText($object, [System.IO.File]::ReadAllText($object).Replace('"recovery"', '"Recovery"'))
        Get-Refusal { Test-EdgeRepository -Repository $made.Path -RecoveryKey $made.RecoveryKey } | Should -BeLike 'RepositoryDamaged:*'
    }
}

Describe 'A repository that was taken back' {
    It 'warns each session, can be read, and refuses every write' {
        $made = New-TestRepository
        $null = Register-EdgeDevice (New-FolderDevice -Id 'dev')
        $old = New-EdgeBackup dev -Name 'old'
        $copy = Join-Path (New-TestFolder) 'copy'
        Copy-Item $made.Path $copy -Recurse
        $null = New-EdgeBackup dev -Name 'new'
        Disconnect-EdgeRepository -Repository $made.Path
        Remove-Item $made.Path -Recurse -Force
        Copy-Item $copy $made.Path -Recurse
        $said = Invoke-Fresh "Get-EdgeBackup -Repository '$($made.Path)' -WarningVariable w -WarningAction SilentlyContinue | ForEach-Object Id; `"`$w`"" | Out-String
        $said | Should -Match $old.Id
        $said | Should -Match 'taken back'
        Get-Refusal { Get-EdgeBackup -Repository $made.Path | Protect-EdgeBackup -Repository $made.Path -WarningAction Ignore } | Should -BeLike 'RepositoryDamaged:*-AcceptRollback*'
        $said = Watch { New-EdgeBackup dev -Automatic -Repository $made.Path }
        (Get-ErrorId $said.Errors[0]) | Should -Be 'RepositoryDamaged'
        (Test-EdgeRepository -Repository $made.Path -WarningAction Ignore).Healthy | Should -BeFalse
        $folder = Join-Path (New-TestFolder) 'restored'
        $null = Restore-EdgeBackup $old.Id -Destination $folder -Repository $made.Path
        Test-Path (Join-Path $folder 'settings/network.json') | Should -BeTrue

        # A device need not wait for it.
        Get-Refusal { Restore-EdgeBackup $old.Id -Force -Repository $made.Path } | Should -BeLike 'RepositoryDamaged:*-SkipSafetyBackup*-Destination*'
        $said = Watch { Restore-EdgeBackup $old.Id -Force -SkipSafetyBackup -Repository $made.Path }
        $said.Output.Verified | Should -BeTrue
        "$($said.Warnings)" | Should -Match 'without being noted'

        # Nothing is accepted before -From is found.
        Get-Refusal { Repair-EdgeRepository -AcceptRollback -From (New-TestFolder) -Confirm:$false -Repository $made.Path } | Should -BeLike 'RepositoryNotFound:*'
        (Test-EdgeRepository -Repository $made.Path).Healthy | Should -BeFalse

        # Accepted, it goes on.
        $null = Repair-EdgeRepository -AcceptRollback -Confirm:$false -Repository $made.Path -WarningAction Ignore
        $null = New-EdgeBackup dev -Automatic -Repository $made.Path
        (Test-EdgeRepository -Repository $made.Path).Healthy | Should -BeTrue
        (Get-EdgeEvent -Repository $made.Path -Category Repository).Action | Should -Contain 'RollbackAccepted'
    }
}
