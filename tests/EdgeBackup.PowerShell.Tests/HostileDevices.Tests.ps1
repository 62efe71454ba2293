# Devices that answer wrongly, on purpose or not: refused with a clear error, nothing recorded, nothing written outside.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
    $null = Add-Device 'bad'

    function Set-List {
        param([object[]] $Items)
        Add-Fault bad @{ kind = 'replaceBody'; path = 'items'; contentType = 'application/json'; times = -1; body = (ConvertTo-Json -InputObject @($Items) -Depth 4) }
    }

    function New-ListedItem {
        param([string] $Path, $Length = 3, [string] $Kind = 'configuration', [string] $Retain = 'cold')
        @{ path = $Path; length = $Length; modified = '2026-01-01T00:00:00Z'; etag = "`"$(Get-Random)`""; kind = $Kind; retain = $Retain }
    }
}

AfterAll {
    Stop-All
}

Describe 'A device that misbehaves' {
    AfterEach {
        Reset-Device bad
        (Invoke-Control bad).held | Should -BeFalse
    }

    Context 'A path' {
        It '<_> from a device is refused' -ForEach @(
            '../outside', 'a/../../outside', '/etc/passwd', 'C:/windows/system32/x', 'c:x', 'a\b', '..\outside', 'a//b', './a', 'a/.', 'a/', '', "a`0b", "a`nb", 'a:b', ('x' * 1025), ('ü' * 513)
        ) {
            Set-List (New-ListedItem $_), (New-ListedItem 'config/fine')
            $said = Watch { New-EdgeBackup bad -Automatic }
            $said.Output | Should -HaveCount 0
            $said.Errors | Should -HaveCount 1
            Get-ErrorId $said.Errors[0] | Should -Be 'ItemPathInvalid'
            "$($said.Errors[0])" | Should -Not -Match '[\x00-\x08\x0b-\x1f]' -Because 'a device does not write into the terminal'
        }

        It 'that comes twice is refused' {
            Set-List (New-ListedItem 'config/twice'), (New-ListedItem 'config/twice')
            (Watch { New-EdgeBackup bad -Automatic }).Errors | Get-ErrorId | Should -BeIn 'ItemPathInvalid', 'DeviceResponseInvalid', 'CaptureFailed'
        }

        It 'that is a folder of another is refused, or kept apart on restore' {
            Set-DeviceItem bad 'config/x' 'file'
            Set-DeviceItem bad 'config/x/y' 'below it'
            $said = Watch { New-EdgeBackup bad -Automatic }
            if ($said.Output) {
                $target = Join-Path (New-TestFolder) 'out'
                $restored = Watch { Restore-EdgeBackup $said.Output[0].Id -Destination $target }
                $restored.Errors | ForEach-Object { Get-ErrorId $_ | Should -BeIn 'RestoreTargetMismatch', 'RestoreFailed' }
            }
            else {
                Get-ErrorId $said.Errors[0] | Should -BeIn 'ItemPathInvalid', 'DeviceResponseInvalid'
            }
            Remove-DeviceItem bad 'config/x/y'
            Remove-DeviceItem bad 'config/x'
        }
    }

    Context 'A list that is <Title>' -ForEach @(
        @{ Title = 'no JSON'; Body = 'x' }
        @{ Title = 'an object'; Body = '{}' }
        @{ Title = 'null'; Body = 'null' }
        @{ Title = 'cut'; Body = '[{"path":"a"' }
        @{ Title = 'a list of null'; Body = '[null]' }
        @{ Title = 'without a path'; Body = '[{"length":3,"kind":"configuration","retain":"cold"}]' }
        @{ Title = 'with a negative length'; Body = '[{"path":"a","length":-1,"modified":"2026-01-01T00:00:00Z","kind":"configuration","retain":"cold"}]' }
        @{ Title = 'with an unknown kind'; Body = '[{"path":"a","length":1,"modified":"2026-01-01T00:00:00Z","kind":"secret","retain":"cold"}]' }
        @{ Title = 'with an unknown retain level'; Body = '[{"path":"a","length":1,"modified":"2026-01-01T00:00:00Z","kind":"configuration","retain":"lukewarm"}]' }
        @{ Title = 'with words for numbers'; Body = '[{"path":"a","length":"long","modified":"2026-01-01T00:00:00Z","kind":"configuration","retain":"cold"}]' }
        @{ Title = 'deep'; Body = ('[' * 5000) }
    ) {
        It 'is refused' {
            Add-Fault bad @{ kind = 'replaceBody'; path = 'items'; contentType = 'application/json'; times = -1; body = $Body }
            $said = Watch { New-EdgeBackup bad -Automatic }
            $said.Output | Should -HaveCount 0
            $said.Errors | Should -HaveCount 1
            Get-ErrorId $said.Errors[0] | Should -BeIn 'DeviceResponseInvalid', 'CaptureFailed'
        }
    }

    Context 'A body' {
        BeforeEach {
            Set-DeviceItem bad 'config/body' ('0123456789' * 50 + (Get-Random))
            $before = @(Get-EdgeBackup -Device bad).Count
        }

        It 'that is <Title> is no backup' -ForEach @(
            @{ Title = 'shorter than listed'; Fault = @{ kind = 'shortBody'; bytes = 10 } }
            @{ Title = 'longer than listed'; Fault = @{ kind = 'longBody'; bytes = 10 } }
            @{ Title = 'an error page'; Fault = @{ kind = 'replaceBody'; body = '<html>please log in</html>'; contentType = 'text/html' } }
            @{ Title = 'gone'; Fault = @{ kind = 'status'; status = 500 } }
            @{ Title = 'forbidden'; Fault = @{ kind = 'status'; status = 403 } }
        ) {
            Add-Fault bad ($Fault + @{ path = 'items/config/body'; times = -1 })
            $said = Watch { New-EdgeBackup bad -Automatic }
            $said.Output | Should -HaveCount 0
            $said.Errors | Should -HaveCount 1
            Get-ErrorId $said.Errors[0] | Should -BeIn 'CaptureFailed', 'DeviceResponseInvalid', 'DeviceAuthenticationFailed'
            "$($said.Errors[0])" | Should -Match 'config/body|403'
            @(Get-EdgeBackup -Device bad) | Should -HaveCount $before
        }

        It 'that is <Title> once is read again' -ForEach @(
            @{ Title = 'cut'; Fault = @{ kind = 'cutBody'; bytes = 10 } }
            @{ Title = 'refused with 429'; Fault = @{ kind = 'status'; status = 429; retryAfter = "1" } }
            @{ Title = 'refused with 503'; Fault = @{ kind = 'status'; status = 503 } }
            @{ Title = 'not answered'; Fault = @{ kind = 'cutBefore' } }
        ) {
            Add-Fault bad ($Fault + @{ path = 'items/config/body' })
            $backup = New-EdgeBackup bad -Automatic
            ($backup | Test-EdgeBackup).Intact | Should -BeTrue
            "$(($backup | Get-EdgeBackupItem -Path 'config/body').Digest)".ToLowerInvariant() | Should -Match (Get-DeviceItem bad)['config/body']
        }

        It 'that changes between list and read is saved as one or the other, or refused' {
            $text = 'changed while it was read ' + (Get-Random)
            $null = Invoke-Control 'bad/items/config/body?afterList=true' PUT $text
            $said = Watch { New-EdgeBackup bad -Automatic }
            if ($said.Output) {
                $held = Get-DeviceItem bad
                "$(($said.Output[0] | Get-EdgeBackupItem -Path 'config/body').Digest)".ToLowerInvariant() | Should -Match $held['config/body']
            }
            else {
                Get-ErrorId $said.Errors[0] | Should -Be 'CaptureFailed'
            }
        }
    }
}

Describe 'Secrets' {
    BeforeAll {
        $repository = New-TestRepository
        $password = 'Pa55-never-shown'
        $token = 'tok3n-never-shown'
    }

    It 'are in no output, error, event or file: <_>' -ForEach 'password', 'token' {
        $id = "secret-$_"
        $address = Add-Device $id -Unregistered
        $secret = if ($_ -eq 'password') { $password } else { $token }
        $secure = ConvertTo-SecureString $secret -AsPlainText
        if ($_ -eq 'password') {
            $null = Invoke-Control $id PATCH @{ userName = 'admin'; password = $secret }
            $given = @{ Credential = [pscredential]::new('admin', $secure) }
        }
        else {
            $null = Invoke-Control $id PATCH @{ token = $secret }
            $given = @{ Token = $secure }
        }
        $said = Watch {
            Register-EdgeDevice $address @given -Verbose -Debug
            Get-EdgeDevice $id -Verbose
            New-EdgeBackup $id -Automatic -Verbose
            Set-EdgeDevice $id -Site 'x' -Verbose
            Get-EdgeBackup -Device $id -Latest | Restore-EdgeBackup -Force -Verbose
            $null = Invoke-Control $id PATCH @{ userName = 'admin'; password = 'other'; token = 'other' }
            New-EdgeBackup $id -Automatic -Verbose
            Test-EdgeDevice $id -Verbose
            Get-EdgeEvent
            Get-EdgeDevice $id | ConvertTo-Json -Depth 6
        }
        @($said.Errors | Get-ErrorId) | Should -Contain 'DeviceAuthenticationFailed'
        $shapes = $secret, [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes("admin:$secret")), [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($secret))
        foreach ($shape in $shapes) {
            $said.Text | Should -Not -Match ([regex]::Escape($shape))
            foreach ($file in Get-ChildItem (Split-Path $repository.Path), $env:XDG_DATA_HOME -Recurse -File -Force) {
                [System.IO.File]::ReadAllText($file, [System.Text.Encoding]::Latin1).Contains($shape) | Should -BeFalse -Because $file.FullName
            }
        }
    }

    It 'the device''s id and the items'' names are in no file of the repository' {
        $null = Register-EdgeDevice (New-FolderDevice -Id 'telltale-device' -Files @{ 'telltale-item.txt' = 'telltale-content' })
        $null = New-EdgeBackup telltale-device -Name 'telltale-name'
        foreach ($file in Get-ChildItem $repository.Path -Recurse -File -Force) {
            $file.FullName | Should -Not -Match 'telltale'
            [System.IO.File]::ReadAllText($file, [System.Text.Encoding]::Latin1).Contains('telltale') | Should -BeFalse -Because $file.FullName
        }
    }
}
