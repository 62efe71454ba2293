# An inventory of many devices: in from a list, out into one, and back.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet

    # What is registered of a device, as far as users see it; the rest tells how it stands.
    $registered = 'Id', 'Name', 'Type', 'Address', 'Version', 'Tag', 'Site', 'Owner', 'Parent', 'CredentialSecret', 'TokenSecret', 'Vault',
        'KeyFilePath', 'HostKeyPolicy', 'CertificateThumbprint', 'AllowUnencryptedAuthentication'

    function Get-Registered {
        # All that is registered, as comparable text.
        Get-EdgeDevice | Select-Object $registered | ConvertTo-Json -Depth 3
    }

    function Get-RepositoryPath {
        (Get-EdgeRepository | Where-Object Default).Path
    }
}

AfterAll {
    Stop-All
}

Describe 'A list that is registered' {
    BeforeEach {
        $null = New-TestRepository
    }

    It 'is taken whole, whatever the order of parents and children' {
        $server = New-FolderDevice -Id 'list-server'
        $rows = @(
            [pscustomobject]@{ Address = New-FolderDevice -Id 'list-leaf'; Parent = 'list-middle'; Tag = 'a; b;;a'; Site = ''; Remark = 'not ours' }
            [pscustomobject]@{ Address = New-FolderDevice -Id 'list-middle'; Parent = 'list-server'; Tag = ''; Site = 'Hall 3'; Remark = '' }
            [pscustomobject]@{ Address = $server; Parent = ''; Tag = '007'; Site = ''; Remark = '' }
        )
        $file = Join-Path (New-TestFolder) 'devices.csv'
        $rows | Export-Csv $file
        $out = Import-Csv $file | Register-EdgeDevice -Owner 'Team 7'
        ($out.Id | Sort-Object) | Should -Be 'list-leaf', 'list-middle', 'list-server'
        $leaf = Get-EdgeDevice list-leaf
        $leaf.Parent | Should -Be 'list-middle'
        $leaf.Tag | Should -Be 'a', 'b'
        $leaf.Site | Should -BeNullOrEmpty
        $leaf.Owner | Should -Be 'Team 7'
        (Get-EdgeDevice list-server).Tag | Should -Be '007'
        (Get-EdgeDevice -Site 'hall*').Id | Should -Be 'list-middle'
        (Get-EdgeDevice -Parent list-server).Id | Should -Be 'list-middle'
        @(Get-EdgeDevice -Owner 'team 7') | Should -HaveCount 3
    }

    It 'names the row that is wrong and takes the others' {
        $good = New-FolderDevice -Id 'good-1'
        $rows = @(
            [pscustomobject]@{ Address = New-FolderDevice -Id 'said'; Id = 'other'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = '' }
            [pscustomobject]@{ Address = ''; Id = 'nowhere'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = '' }
            [pscustomobject]@{ Address = New-FolderDevice -Id 'flag'; Id = ''; AllowUnencryptedAuthentication = 'perhaps'; HostKeyPolicy = ''; Parent = '' }
            [pscustomobject]@{ Address = 'ssh://a@127.0.0.1/x'; Id = 'policy'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = 'Lax'; Parent = '' }
            [pscustomobject]@{ Address = 'gopher://x'; Id = 'scheme'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = '' }
            [pscustomobject]@{ Address = New-FolderDevice -Id 'orphan'; Id = 'orphan'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = 'nobody' }
            [pscustomobject]@{ Address = $good; Id = 'good-1'; AllowUnencryptedAuthentication = 'False'; HostKeyPolicy = ''; Parent = '' }
            [pscustomobject]@{ Address = $good; Id = 'good-1'; AllowUnencryptedAuthentication = 'TRUE'; HostKeyPolicy = ''; Parent = '' }
            [pscustomobject]@{ Address = New-FolderDevice -Id 'ring-1'; Id = 'ring-1'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = 'ring-2' }
            [pscustomobject]@{ Address = New-FolderDevice -Id 'ring-2'; Id = 'ring-2'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = 'ring-1' }
            [pscustomobject]@{ Address = 'http://127.0.0.1:9/'; Id = 'dead'; AllowUnencryptedAuthentication = ''; HostKeyPolicy = ''; Parent = '' }
        )
        $said = Watch { $rows | ConvertTo-Csv | ConvertFrom-Csv | Register-EdgeDevice -ThrottleLimit 1 }
        $said.Output.Id | Should -Be 'good-1'
        $told = $said.Errors | ForEach-Object { "$(Get-ErrorId $_): $_" } | Sort-Object { [int]($_ -replace '^.*?Row (\d+).*$', '$1') }
        $told | Should -HaveCount 10
        $expected = @(
            'DeviceRegistrationMismatch: Row 1 (other): *', 'AddressInvalid: Row 2 (nowhere): *', "InventoryRowInvalid: Row 3 (*): *'perhaps'*",
            "ArgumentInvalid: Row 4 (policy): *'Lax'*", 'AddressInvalid: Row 5 (scheme): *', "DeviceNotFound: Row 6 (orphan): *'nobody'*",
            'InventoryRowRepeated: Row 8 (good-1): *Row 7*', "DeviceNotFound: Row 9 (ring-1): *'ring-2'*", "DeviceNotFound: Row 10 (ring-2): *'ring-1'*",
            'DeviceUnreachable: Row 11 (dead): *'
        )
        for ($index = 0; $index -lt 10; $index++) {
            $told[$index] | Should -BeLike $expected[$index]
        }
        (Get-EdgeDevice).Id | Should -Be 'good-1'
    }

    It 'writes nothing with -WhatIf, and nothing that is registered so already' {
        $rows = foreach ($id in 'same-1', 'same-2') { [pscustomobject]@{ Address = New-FolderDevice -Id $id; Tag = 'x;y' } }
        $empty = Get-FolderState (Get-RepositoryPath)
        $rows | Register-EdgeDevice -WhatIf | Should -BeNullOrEmpty
        Get-FolderState (Get-RepositoryPath) | Should -Be $empty
        $null = $rows | Register-EdgeDevice
        $before = Get-FolderState (Get-RepositoryPath)
        ($rows | Register-EdgeDevice).Id | Sort-Object | Should -Be 'same-1', 'same-2'
        Get-FolderState (Get-RepositoryPath) | Should -Be $before
    }
}

Describe 'An inventory that goes out and comes back under <Culture>' -ForEach @(
    @{ Culture = 'en-US' }
    @{ Culture = 'de-DE' }
    @{ Culture = 'ar-SA' }
) {
    BeforeAll {
        $before = [cultureinfo]::CurrentCulture
        [cultureinfo]::CurrentCulture = $Culture
        $null = New-TestRepository
        $awkward = @(
            @{ Id = '007'; Name = 'comma, "quote" and; semicolon' }
            @{ Id = 'umlaut-ü'; Name = "two`nlines`r`nand a tab`t" }
            @{ Id = 'formula'; Name = "=cmd|' /C calc'!A0"; Owner = '+49 170 000' }
            @{ Id = 'number'; Name = '00012'; Site = '1e5'; Version = '1.10' }
            @{ Id = 'words'; Name = 'True'; Site = 'False'; Owner = '#N/A' }
            @{ Id = 'blank'; Name = '  blanks around  '; Site = '@site' }
            @{ Id = 'rack[1]'; Name = '日本 🙂'; Tag = '1,5', 'a b', '-x' }
            @{ Id = 'pinned'; CertificateThumbprint = '5B1E6C0C6F0A3B8E7C5A2D14F09B7E6D3C2A1F00'; AllowUnencryptedAuthentication = $true }
            @{ Id = 'vault'; CredentialSecret = 'a, "secret"; of sorts'; Vault = 'my vault' }
            @{ Id = 'token'; TokenSecret = '0042' }
        )
        foreach ($given in $awkward) {
            $null = Register-EdgeDevice "https://192.0.2.1/$($given.Id.Length)/" -Type edge-controller -SkipContact @given
        }
        $null = Register-EdgeDevice 'ssh://u@192.0.2.1:2222/etc/x' -Id shell -Type linux -SkipContact -KeyFilePath '~/keys/the key' -HostKeyPolicy acceptnew -Parent '007'
        $folder = New-FolderDevice -Id 'with-backup'
        $null = Register-EdgeDevice $folder -Tag 'north', 'süd'
        $null = New-EdgeBackup with-backup -Automatic
        $file = Join-Path (New-TestFolder) 'inventory.csv'
        Get-EdgeDevice | Export-Csv $file
        $original = Get-Registered
    }

    AfterAll {
        [cultureinfo]::CurrentCulture = $before
    }

    It 'changes nothing where it came from' {
        $state = Get-FolderState (Get-RepositoryPath)
        @(Import-Csv $file | Set-EdgeDevice) | Should -HaveCount 12
        Get-FolderState (Get-RepositoryPath) | Should -Be $state
    }

    It 'is the same in another repository' {
        $null = New-TestRepository
        @(Import-Csv $file | Register-EdgeDevice -SkipContact) | Should -HaveCount 12
        Get-Registered | Should -BeExactly $original
    }

    It 'is the same through objects, without a file' {
        $devices = Get-EdgeDevice
        $null = New-TestRepository
        $null = $devices | Register-EdgeDevice -SkipContact
        Get-Registered | Should -BeExactly $original
    }
}

Describe 'A list that is set' {
    BeforeAll {
        $null = New-TestRepository
        foreach ($id in 'set-1', 'set-2', 'set-3') {
            $null = Register-EdgeDevice (New-FolderDevice -Id $id) -Tag 'old' -Site 'Here' -AllowUnencryptedAuthentication
        }
    }

    It 'changes what its cells say and leaves what they do not' {
        $rows = @(
            [pscustomobject]@{ Id = 'set-1'; Site = 'There'; Tag = 'new;newer'; AllowUnencryptedAuthentication = '' }
            [pscustomobject]@{ Id = 'set-2'; Site = ''; Tag = ''; AllowUnencryptedAuthentication = 'False' }
        )
        $null = $rows | Set-EdgeDevice -Owner 'Both'
        $one, $two, $three = Get-EdgeDevice set-*
        $one.Site, ($one.Tag -join ';'), $one.AllowUnencryptedAuthentication, $one.Owner | Should -Be 'There', 'new;newer', $true, 'Both'
        $two.Site, ($two.Tag -join ';'), $two.AllowUnencryptedAuthentication, $two.Owner | Should -Be 'Here', 'old', $false, 'Both'
        $three.Owner | Should -BeNullOrEmpty
    }

    It 'swaps parents in any order and refuses rings' {
        Set-EdgeDevice set-2 -Parent set-1
        $null = [pscustomobject]@{ Id = 'set-1'; Parent = 'set-2' }, [pscustomobject]@{ Id = 'set-2'; Parent = 'set-3' } | Set-EdgeDevice
        (Get-EdgeDevice set-1).Parent, (Get-EdgeDevice set-2).Parent | Should -Be 'set-2', 'set-3'
        Get-Refusal { [pscustomobject]@{ Id = 'set-3'; Parent = 'set-1' } | Set-EdgeDevice } | Should -BeLike 'DeviceRegistrationMismatch: Row 1 (set-3): *'
        Set-EdgeDevice set-1, set-2 -Parent ''
    }

    It 'names the row that is wrong and takes the others' {
        $rows = @(
            [pscustomobject]@{ Device = 'set-4'; Site = 'x' }
            [pscustomobject]@{ Device = ''; Site = 'x' }
            [pscustomobject]@{ Device = 'set-*'; Site = 'x' }
            [pscustomobject]@{ Device = 'set-3'; Site = 'x' }
            [pscustomobject]@{ Device = 'set-3'; Site = 'y' }
        )
        $said = Watch { $rows | Set-EdgeDevice }
        $said.Output.Id | Should -Be 'set-3'
        (Get-EdgeDevice set-*).Site | Should -Not -Contain 'y'
        @($said.Errors | ForEach-Object { "$(Get-ErrorId $_): $("$_" -replace ':.*')" } | Sort-Object) | Should -Be @(
            'DeviceNotFound: Row 1 (set-4)', 'DeviceNotFound: Row 3 (set-*)', 'InventoryRowInvalid: Row 2', 'InventoryRowRepeated: Row 5 (set-3)')
    }

    It 'takes a device or a backup for its id alone' {
        $stale = Get-EdgeDevice set-2
        Set-EdgeDevice set-2 -Site 'Moved' -Name 'Its name'
        $backup = New-EdgeBackup set-2 -Name 'another name'
        $null = $stale | Set-EdgeDevice -Owner 'A'
        $null = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($stale)) | Set-EdgeDevice -Version '9.9'
        $null = $backup | Set-EdgeDevice -Tag 'z'
        $null = $backup | Select-Object * | Set-EdgeDevice -Tag 'z', 'zz'
        $now = Get-EdgeDevice set-2
        $now.Site, $now.Name, $now.Owner, $now.Version, ($now.Tag -join ';') | Should -Be 'Moved', 'Its name', 'A', '9.9', 'z;zz'
    }

    It 'asks nobody for what is as it was' {
        $address = Add-Device 'set-quiet'
        $calls = @(Get-DeviceCall 'set-quiet').Count
        $null = Get-EdgeDevice set-quiet | Select-Object * | Set-EdgeDevice -Owner 'new'
        @(Get-DeviceCall 'set-quiet').Count | Should -Be $calls
        (Get-EdgeDevice set-quiet).Owner | Should -Be 'new'
    }
}

Describe 'A new password for many devices' {
    BeforeAll {
        $null = New-TestRepository
        $old = [pscredential]::new('admin', (ConvertTo-SecureString 'old-pass-word' -AsPlainText))
        $new = [pscredential]::new('admin', (ConvertTo-SecureString 'new-pass-word' -AsPlainText))
        foreach ($id in 'key-1', 'key-2', 'key-3') {
            $address = Add-Device $id -Unregistered
            $null = Invoke-Control $id PATCH @{ userName = 'admin'; password = 'old-pass-word' }
            $null = Register-EdgeDevice $address -Credential $old -Tag site7
        }
    }

    It 'is refused where the device refuses it, and the old one stays' {
        $null = Invoke-Control 'key-1' PATCH @{ userName = 'admin'; password = 'new-pass-word' }
        $null = Invoke-Control 'key-2' PATCH @{ userName = 'admin'; password = 'new-pass-word' }
        $script:said = Watch { Get-EdgeDevice -Tag site7 | Set-EdgeDevice -Credential $new -Verbose }
        ($said.Output | Where-Object { $_ -isnot [System.Management.Automation.VerboseRecord] }).Id | Sort-Object | Should -Be 'key-1', 'key-2'
        $said.Errors | ForEach-Object { Get-ErrorId $_ } | Should -Be 'DeviceAuthenticationFailed'
        (New-EdgeBackup key-* -Automatic).Device | Sort-Object | Should -Be 'key-1', 'key-2', 'key-3'
        $events = Get-EdgeEvent | Where-Object Action -EQ CredentialChanged
        $events.Device | Sort-Object | Should -Be 'key-1', 'key-2'
        $events[0].Message | Should -BeLike '*accepted*'
    }

    It 'is taken untried with -SkipContact, the event says so, and the newest one is used' {
        $null = Set-EdgeDevice key-3 -Credential $new -SkipContact
        (Get-EdgeEvent key-3 | Where-Object Action -EQ CredentialChanged).Message | Should -BeLike '*not tried*'
        Get-Refusal { New-EdgeBackup key-3 -Automatic } | Should -BeLike 'DeviceAuthenticationFailed:*'
        $null = Invoke-Control 'key-3' PATCH @{ userName = 'admin'; password = 'new-pass-word' }
        (New-EdgeBackup key-3 -Automatic).Device | Should -Be 'key-3'
    }

    It 'stands in no file, no error, no event, no list and not in what is told' {
        $file = Join-Path (New-TestFolder) 'inventory.csv'
        Get-EdgeDevice | Export-Csv $file
        $told = $said.Text + (Get-EdgeEvent | Format-List * | Out-String) + (Get-Content $file -Raw)
        $told | Should -Not -Match 'pass-word'
        $told | Should -Not -Match ([Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes('admin:new-pass-word')))
        foreach ($found in Get-ChildItem (Split-Path (Get-RepositoryPath)), $env:XDG_DATA_HOME -Recurse -File -Force) {
            $bytes = [System.Text.Encoding]::Latin1.GetString([System.IO.File]::ReadAllBytes($found.FullName))
            $bytes.Contains('pass-word') | Should -BeFalse -Because $found.FullName
        }
    }
}

Describe 'A secret that is kept in a vault' {
    BeforeAll {
        # Stands in for the real module, which is not on every machine: its command, its errors, and a count of calls.
        $modules = New-TestFolder
        $vault = New-Item -ItemType Directory (Join-Path $modules 'Microsoft.PowerShell.SecretManagement')
        $asked = Join-Path $modules 'asked.txt'
        Set-Content (Join-Path $vault 'Microsoft.PowerShell.SecretManagement.psm1') @"
function Get-Secret {
    [CmdletBinding()]
    param([string] `$Name, [string] `$Vault)
    Add-Content '$asked' "`$Name/`$Vault"
    switch (`$Name) {
        'fleet' { [pscredential]::new('admin', (ConvertTo-SecureString 'vault-pass-word' -AsPlainText)) }
        'token' { ConvertTo-SecureString 'vault-token' -AsPlainText }
        'words' { 'vault-token' }
        'bytes' { , [byte[]](1, 2) }
        'locked' { Write-Error 'A valid password is required to access the vault.' }
        default { Write-Error "The secret `$Name was not found." }
    }
}
"@
        $path = $env:PSModulePath
        $env:PSModulePath = $modules + [System.IO.Path]::PathSeparator + $path
        $null = New-TestRepository
        $addresses = foreach ($index in 1..6) {
            Add-Device "vault-$index" -Unregistered
            $null = Invoke-Control "vault-$index" PATCH @{ userName = 'admin'; password = 'vault-pass-word' }
        }
    }

    AfterAll {
        Remove-Module Microsoft.PowerShell.SecretManagement -ErrorAction Ignore
        $env:PSModulePath = $path
    }

    BeforeEach {
        Set-Content $asked ''
    }

    It 'is fetched once a command, for many devices at once, and never kept' {
        $rows = $addresses | ForEach-Object { [pscustomobject]@{ Address = $_; CredentialSecret = 'fleet'; Vault = 'v1' } }
        @($rows | Register-EdgeDevice) | Should -HaveCount 6
        @(Get-Content $asked | Where-Object { $_ }) | Should -Be 'fleet/v1'
        (New-EdgeBackup vault-* -Automatic -ThrottleLimit 6).Device | Should -HaveCount 6
        @(Get-Content $asked | Where-Object { $_ }) | Should -Be 'fleet/v1', 'fleet/v1'
        $device = Get-EdgeDevice vault-1
        $device.CredentialSecret, $device.TokenSecret, $device.Vault | Should -Be 'fleet', $null, 'v1'
        foreach ($found in Get-ChildItem (Split-Path (Get-RepositoryPath)), $env:XDG_DATA_HOME -Recurse -File -Force) {
            [System.Text.Encoding]::Latin1.GetString([System.IO.File]::ReadAllBytes($found.FullName)).Contains('vault-pass') | Should -BeFalse
        }
    }

    It 'is the device''s error where it is <Name>' -ForEach @(
        @{ Name = 'missing'; Given = @{ CredentialSecret = 'nothing' }; Says = '*was not found*' }
        @{ Name = 'locked up'; Given = @{ TokenSecret = 'locked' }; Says = '*valid password*' }
        @{ Name = 'a token and no credential'; Given = @{ CredentialSecret = 'words' }; Says = '*is a String and not a PSCredential*' }
        @{ Name = 'a credential and no token'; Given = @{ TokenSecret = 'fleet' }; Says = '*is a PSCredential and neither*' }
        @{ Name = 'something else'; Given = @{ TokenSecret = 'bytes'; Vault = 'v2' }; Says = "*'bytes'*vault 'v2'*" }
    ) {
        $refusal = Get-Refusal { Set-EdgeDevice vault-1 @Given }
        $refusal | Should -BeLike "DeviceSecretUnavailable: *'vault-1'*"
        $refusal | Should -BeLike $Says
        (Get-EdgeDevice vault-1).CredentialSecret | Should -Be 'fleet'
    }

    It 'fails its device alone, and a schedule tries it again' {
        $null = Set-EdgeDevice vault-2 -CredentialSecret nothing -SkipContact
        $said = Watch { New-EdgeBackup vault-1, vault-2, vault-3 -Automatic }
        $said.Output.Device | Sort-Object | Should -Be 'vault-1', 'vault-3'
        $said.Errors | ForEach-Object { "$(Get-ErrorId $_) $($_.TargetObject)" } | Should -Be 'DeviceSecretUnavailable vault-2'
        (Get-EdgeDevice vault-2).ConsecutiveFailures | Should -Be 1
        $null = Set-EdgeDevice vault-2 -CredentialSecret fleet
        (Get-EdgeEvent vault-2 | Where-Object Action -EQ CredentialChanged | Select-Object -Last 1).Message | Should -BeLike "*'fleet'*"
    }

    It 'takes tokens as <_>' -ForEach 'token', 'words' {
        $id = "vault-token-$_"
        $address = Add-Device $id -Unregistered
        $null = Invoke-Control $id PATCH @{ token = 'vault-token' }
        (Register-EdgeDevice $address -TokenSecret $_).TokenSecret | Should -Be $_
    }

    It 'gives way to a credential that is given, and takes its place' {
        $credential = [pscredential]::new('admin', (ConvertTo-SecureString 'vault-pass-word' -AsPlainText))
        $null = Get-EdgeDevice vault-3 | Select-Object * | Set-EdgeDevice -Credential $credential
        (Get-EdgeDevice vault-3).CredentialSecret | Should -BeNullOrEmpty
        $null = Set-EdgeDevice vault-3 -CredentialSecret fleet
        Set-Content $asked ''
        (Test-EdgeDevice vault-3).Reachable | Should -BeTrue
        @(Get-Content $asked | Where-Object { $_ }) | Should -Be 'fleet/'
    }

    It 'is refused <Name>' -ForEach @(
        @{ Name = 'for a folder'; Id = 'DeviceRegistrationMismatch'; Given = @{ Address = '.'; Id = 'f'; Type = 'folder'; SkipContact = $true; TokenSecret = 'token' } }
        @{ Name = 'for ssh'; Id = 'DeviceRegistrationMismatch'; Given = @{ Address = 'ssh://a@127.0.0.1/x'; Id = 'f'; Type = 'linux'; SkipContact = $true; CredentialSecret = 'fleet' } }
        @{ Name = 'over plain http'; Id = 'DeviceAuthenticationFailed'; Given = @{ Address = 'http://192.0.2.1/'; Id = 'f'; Type = 'edge-controller'; SkipContact = $true; TokenSecret = 'token' } }
        @{ Name = 'twice'; Id = 'SecretAmbiguous'; Given = @{ Address = 'http://192.0.2.1/'; TokenSecret = 'token'; CredentialSecret = 'fleet' } }
        @{ Name = 'as a vault alone'; Id = 'SecretNameMissing'; Given = @{ Address = 'http://192.0.2.1/'; Vault = 'v' } }
    ) {
        Get-Refusal { Register-EdgeDevice @Given } | Should -BeLike "${Id}: *"
        @(Get-Content $asked | Where-Object { $_ }) | Should -HaveCount 0
    }

    It 'is a clear error where the module is not there, and nobody is asked' {
        Remove-Module Microsoft.PowerShell.SecretManagement
        $env:PSModulePath = Join-Path $PSHOME 'Modules'
        Get-Refusal { New-EdgeBackup vault-1 -Automatic } | Should -BeLike "DeviceSecretUnavailable: *'vault-1'*'fleet'*SecretManagement is not there*"
    }
}
