# Get-EdgeBackupMethod, and the page that is written from it.
BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath) -Force
    $env:XDG_DATA_HOME = Join-Path $TestDrive 'data'
    $root = Split-Path (Split-Path $PSScriptRoot)
}

Describe 'Get-EdgeBackupMethod' {
    It 'has a method for every connection of every shipped type, and leaves nothing of it empty' {
        $methods = Get-EdgeBackupMethod
        $expected = Get-EdgeDeviceType | ForEach-Object { foreach ($connection in $_.Connection) { "$($_.Id) over $connection" } }
        "$methods" | Should -BeExactly "$expected"
        foreach ($method in $methods) {
            foreach ($property in 'Title', 'Contains', 'NotContained', 'Trigger', 'Format', 'Restore', 'NotRestored') {
                $method.$property | Should -Not -BeNullOrEmpty -Because "$method has $property"
            }
        }
    }

    It 'says what the rules of a type make of it' {
        $type = Get-Content (Join-Path $root 'docs/device-types.md') -Raw | ForEach-Object { [regex]::Match($_, '(?s)```json\n(.*?)```').Groups[1].Value } | ConvertFrom-Json -AsHashtable
        $type.method = @{ notRestored = @('The paint of the press.'); format = 'Sheets.' }
        $folder = New-Item (Join-Path $env:XDG_DATA_HOME 'EdgeBackup/types') -ItemType Directory -Force
        $type | ConvertTo-Json -Depth 9 | Set-Content (Join-Path $folder 'press.json')

        $ssh, $local = Get-EdgeBackupMethod press

        $ssh.Contains | Should -Contain 'As history, with -Content All only: log/**.'
        $ssh.Contains | Should -Contain 'As identity: etc/serial.'
        $ssh.NotContained | Should -Contain 'Left out by the type: cache/**. A restore leaves it alone.'
        $ssh.Trigger | Should -Match 'Not below version 2\.0\. Not while the press presses'
        $ssh.Restore | Should -Match "when 'press-status' succeeds"
        $ssh.NotRestored | Should -Contain 'The paint of the press.'
        $ssh.Format, $local.Format | Should -Be 'Sheets.', 'Sheets.'
        $local.Trigger | Should -Not -Match 'press presses' -Because 'a folder runs no command'
        $local.Source | Should -Be Folder
    }

    It 'takes types from devices, and each once' {
        $devices = [pscustomobject]@{ Type = 'linux' }, [pscustomobject]@{ Type = 'folder' }, [pscustomobject]@{ Type = 'Linux' }
        ($devices | Get-EdgeBackupMethod -Connection Ssh).Type | Should -Be 'folder', 'linux'
    }

    It 'tells of a device that is piped in only how that one is reached' {
        $devices = [pscustomobject]@{ Type = 'bms-server'; Address = 'https://bms.example' }, [pscustomobject]@{ Type = 'linux'; Address = 'ssh://u@gw/etc' }
        $devices | Get-EdgeBackupMethod | ForEach-Object { "$($_.Type) $($_.Connection)" } | Should -Be 'bms-server Http', 'linux Ssh'
        ($devices[0] | Get-EdgeBackupMethod -Connection Folder).Connection | Should -Be Folder
        (Get-EdgeBackupMethod bms-server -Connection Http).Restore | Should -Match 'removed, unless -Path selects single items or -Content History'
    }

    It 'takes wildcards, and names the nearest type where there is none' {
        (Get-EdgeBackupMethod b*-server -Connection Http, Folder).Connection | Should -Be Http, Folder
        $seen = $null
        Get-EdgeBackupMethod bms-servr -ErrorAction SilentlyContinue -ErrorVariable seen
        $seen.FullyQualifiedErrorId | Should -BeLike 'DeviceTypeNotFound,*'
        "$seen" | Should -Match 'bms-server'
    }
}

Describe 'about_EdgeBackup_Methods' {
    It 'says what Get-EdgeBackupMethod says; tools/Update-MethodsPage.ps1 writes it' {
        $fresh = Join-Path $TestDrive 'page.md'
        $output = pwsh -NoProfile -File (Join-Path $root 'tools/Update-MethodsPage.ps1') -Module (Get-ModulePath) -Path $fresh 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$output"
        Get-Content $fresh -Raw | Should -BeExactly (Get-Content (Join-Path $root 'docs/about_EdgeBackup_Methods.md') -Raw)
    }
}
