# Which repository a command uses, and with what key.
BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    $env:XDG_DATA_HOME = New-TestFolder
    Import-Module (Get-ModulePath) -Force
    $secret = ConvertTo-SecureString 'correct horse' -AsPlainText
}

AfterAll {
    Get-EdgeRepository -ErrorAction Ignore | ForEach-Object { Disconnect-EdgeRepository -Repository $_ }
    Remove-TestFolder
}

# Elsewhere than on Linux the embedded repository would be the developer's own.
Describe 'The embedded repository' -Skip:(-not $IsLinux) {
    It 'is asked for in one line when there is none' {
        $thrown = Get-Thrown { Get-EdgeRepository }
        Get-ErrorId $thrown | Should -Be 'RepositoryNotFound'
        "$thrown" | Should -BeLike '*Initialize-EdgeRepository*'
        "$thrown" | Should -Not -Match "`n"
    }

    It 'is not made by -WhatIf' {
        Initialize-EdgeRepository -WhatIf | Should -BeNullOrEmpty
        Get-ChildItem $env:XDG_DATA_HOME -Recurse | Should -BeNullOrEmpty
    }

    It 'is made by a command without arguments, with a recovery key that is seen' {
        $made = Initialize-EdgeRepository
        $made.RecoveryKey | Should -Not -BeNullOrEmpty
        $made | Out-String | Should -Match ([regex]::Escape($made.RecoveryKey))
        (Get-EdgeRepository).Id | Should -Be $made.Id
        (Get-EdgeRepository).RecoveryKey | Should -BeNullOrEmpty
    }

    It 'is found by a later process, with its key' {
        $id = pwsh -NoProfile -NonInteractive -Command "Import-Module '$(Get-ModulePath)'; (Get-EdgeRepository).Id"
        $id | Should -Be (Get-EdgeRepository).Id
    }
}

Describe 'A repository with a passphrase' {
    BeforeAll {
        $path = Join-Path (New-TestFolder) 'vault'
        $made = Initialize-EdgeRepository $path -Passphrase $secret
    }

    It 'is the session''s once it is made' {
        (Get-EdgeRepository | Where-Object Default).Id | Should -Be $made.Id
    }

    It 'is taken by -Repository as <_>' -ForEach 'path', 'relative path', 'object', 'object from a job' {
        Push-Location (Split-Path $path)
        $value = switch ($_) {
            'path' { $path }
            'relative path' { './vault' }
            'object' { $made }
            'object from a job' { [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($made)) }
        }
        (Get-EdgeRepository -Repository $value).Id | Should -Be $made.Id
        Pop-Location
    }

    It 'serves other runspaces too' {
        $modulePath = Get-ModulePath
        1..2 | ForEach-Object -Parallel { Import-Module $using:modulePath; (Get-EdgeRepository -Repository $using:path).Id } |
            Should -Be $made.Id, $made.Id
    }

    It 'survives Import-Module -Force' {
        Import-Module (Get-ModulePath) -Force
        (Get-EdgeRepository -Repository $path).Id | Should -Be $made.Id
    }

    It 'is locked after it was disconnected' {
        Disconnect-EdgeRepository -Repository $path
        Get-ErrorId (Get-Thrown { Get-EdgeRepository -Repository $path }) | Should -Be 'RepositoryKeyWrong'
    }

    It 'refuses a wrong passphrase as a wrong key' {
        $wrong = ConvertTo-SecureString 'wrong horse' -AsPlainText
        $thrown = Get-Thrown { Connect-EdgeRepository $path -Passphrase $wrong }
        Get-ErrorId $thrown | Should -Be 'RepositoryKeyWrong'
        "$thrown" | Should -Not -Match 'wrong horse'
    }

    It 'opens with its <_>' -ForEach 'passphrase', 'recovery key' {
        $key = if ($_ -eq 'passphrase') { @{ Passphrase = $secret } } else { @{ RecoveryKey = $made.RecoveryKey.ToLowerInvariant() } }
        (Connect-EdgeRepository $path @key).Id | Should -Be $made.Id
        Disconnect-EdgeRepository -Repository $path
    }

    It 'is not made twice' {
        Get-ErrorId (Get-Thrown { Initialize-EdgeRepository $path -Passphrase $secret }) | Should -Be 'RepositoryExists'
    }
}

Describe 'A repository whose folder changes under the session' {
    It 'is not mistaken for another one that was made in its place' {
        $path = Join-Path (New-TestFolder) 'r'
        $first = Initialize-EdgeRepository $path -KeyFile (Join-Path (New-TestFolder) 'a.key')
        Remove-Item $path -Recurse -Force
        Get-ErrorId (Get-Thrown { Get-EdgeRepository -Repository $path }) | Should -Be 'RepositoryNotFound'
        $second = Initialize-EdgeRepository $path -KeyFile (Join-Path (New-TestFolder) 'b.key')
        (Get-EdgeRepository -Repository $path).Id | Should -Be $second.Id
        $second.Id | Should -Not -Be $first.Id
    }
}
