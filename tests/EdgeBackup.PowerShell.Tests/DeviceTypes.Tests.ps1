# Device types as users meet them: listed, tested, dropped into a folder, given as a file.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1

    $press = @'
{
  "id": "press",
  "title": "Press",
  "connections": ["Folder"],
  "items": [
    { "path": "cache/**", "exclude": true },
    { "path": "**/*.log", "kind": "History" },
    { "path": "etc/**", "kind": "Configuration" }
  ]
}
'@
    $types = Join-Path $env:XDG_DATA_HOME 'EdgeBackup' 'types'

    function New-TypeFile {
        param([string] $Text, [string] $Name = 'press.json', [string] $Folder = (New-TestFolder))
        $null = New-Item -ItemType Directory -Force -Path $Folder
        $path = Join-Path $Folder $Name
        [System.IO.File]::WriteAllText($path, $Text)
        $path
    }

    function New-Press {
        param([string] $Id)
        New-FolderDevice -Id $Id -Type 'press' -Files ([ordered]@{ 'etc/a.ini' = 'a=1'; 'etc/old.log' = 'old'; 'cache/x' = 'x' })
    }
}

AfterAll {
    Stop-All
}

Describe 'Test-EdgeDeviceType' {
    BeforeAll {
        $good = New-TypeFile $press
        $bad = New-TypeFile $press.Replace('"History"', '"Past"').Replace('"title"', '"titel"') 'bad.json'
    }

    It 'finds nothing wrong with a good file' {
        $test = Test-EdgeDeviceType $good
        $test.Valid | Should -BeTrue
        $test.Id | Should -BeExactly 'press'
        $test.Path | Should -BeExactly $good
        $test.Problem | Should -BeNullOrEmpty
    }

    It 'names line, column and property of all that is wrong' {
        $test = Test-EdgeDeviceType $bad
        $test.Valid | Should -BeFalse
        $test.Id | Should -BeNullOrEmpty
        $test.Problem.Property | Should -Be '', 'titel', 'items[1].kind'
        $test.Problem.Line | Should -Be 1, 3, 7
        $test.Problem[2].Column | Should -Be 35
        $test.Problem[2].Message | Should -Be "'Past' is not one of Configuration, History, Identity"
        "$($test.Problem[2])" | Should -Be "7:35: items[1].kind: 'Past' is not one of Configuration, History, Identity"
    }

    It 'takes files from the pipeline and by wildcard' {
        ($good, $bad | Test-EdgeDeviceType).Valid | Should -Be $true, $false
        (Get-Item $good, $bad | Test-EdgeDeviceType).Valid | Should -Be $true, $false
        Test-EdgeDeviceType (Join-Path (Split-Path $bad) 'b*.json') | Should -HaveCount 1
        Push-Location (Split-Path $good)
        (Test-EdgeDeviceType ./press.json).Path | Should -BeExactly $good
        Pop-Location
    }

    It 'says that a file is not there, and goes on' {
        $seen = Watch { Test-EdgeDeviceType (Join-Path (Split-Path $good) 'none.json'), $good }
        $seen.Errors | Should -HaveCount 1
        Get-ErrorId $seen.Errors[0] | Should -Be 'PathNotFound'
        $seen.Output.Valid | Should -BeTrue
    }

    It 'wants another id than a shipped one' {
        $taken = New-TypeFile $press.Replace('"press"', '"openwrt"')
        (Test-EdgeDeviceType $taken).Problem.Property | Should -Be 'id'
    }

    It 'approves of what Get-EdgeDeviceType gives to begin with' {
        foreach ($type in Get-EdgeDeviceType) {
            $own = New-TypeFile $type.Json.Replace("""id"": ""$($type.Id)""", '"id": "mine"')
            (Test-EdgeDeviceType $own).Problem | Should -BeNullOrEmpty
        }
    }

    It 'shows the problems in its view' {
        $text = Test-EdgeDeviceType $bad | Out-String -Width 200
        $text | Should -Match 'bad\.json\s+no\s+1:1'
        $text | Should -Match 'items\[1\]\.kind'
    }
}

Describe 'Get-EdgeDeviceType' {
    It 'lists the shipped types without any repository' {
        $shipped = Get-EdgeDeviceType
        $shipped.Id | Should -Be 'bacnet-device', 'bms-server', 'edge-controller', 'evcc', 'folder', 'home-assistant', 'ignition', 'linux', 'openwrt', 'pfsense'
        $shipped.Source | Sort-Object -Unique | Should -Be 'BuiltIn'
        (Get-EdgeDeviceType edge-controller).MinimumVersion | Should -Be '1.24.5'
        (Get-EdgeDeviceType openwrt).Documentation | Should -Match '^https://openwrt.org/'
        (Get-EdgeDeviceType openwrt).Json | ConvertFrom-Json | ForEach-Object id | Should -Be 'openwrt'
    }

    It 'says that there is no such type, with the nearest' {
        Get-Refusal { Get-EdgeDeviceType openwtr } | Should -BeLike "DeviceTypeNotFound:*'openwrt'*"
        Get-EdgeDeviceType nothing* | Should -BeNullOrEmpty
    }

    It 'lists files of the folder, and names those that cannot be used' {
        $null = New-TypeFile $press.Replace('"press"', '"dropped"') 'dropped.json' $types
        $null = New-TypeFile '{' 'torn.json' $types
        $type = Get-EdgeDeviceType dropped
        $type.Source | Should -Be 'Folder'
        $type.Path | Should -Be (Join-Path $types 'dropped.json')
        $seen = Watch { Get-EdgeDeviceType }
        $seen.Output.Id | Should -Contain 'dropped'
        $seen.Errors | Should -HaveCount 1
        "$(Get-ErrorId $seen.Errors[0]): $($seen.Errors[0])" | Should -BeLike 'DeviceTypeInvalid:*torn.json:*'
        Remove-Item (Join-Path $types 'torn.json')
    }
}

Describe 'A type of one''s own' {
    BeforeAll {
        $null = New-TestRepository
    }

    It 'is given as a file, goes into the repository and rules what is saved' {
        $file = New-TypeFile $press
        Push-Location (Split-Path $file)
        $device = Register-EdgeDevice (New-Press 'p1') -Type ./press.json
        Pop-Location
        $device.Type | Should -Be 'press'
        $type = Get-EdgeDeviceType press
        $type.Source | Should -Be 'Repository'
        $type.Json | Should -BeExactly $press

        Remove-Item $file
        New-EdgeBackup p1 -Name 'settings' | Get-EdgeBackupItem | ForEach-Object Path | Should -Be 'edge-device.json', 'etc/a.ini'
        New-EdgeBackup p1 -Name 'all' -Content All | Get-EdgeBackupItem | ForEach-Object Path | Should -Be 'edge-device.json', 'etc/a.ini', 'etc/old.log'
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
    }

    It 'is brought up to date by giving the changed file again' {
        $file = New-TypeFile $press.Replace('"cache/**"', '"**/*.ini"')
        $null = Set-EdgeDevice p1 -Type $file
        New-EdgeBackup p1 -Name 'without ini' | Get-EdgeBackupItem | ForEach-Object Path | Should -Be 'cache/x', 'edge-device.json'
    }

    It 'is refused where it is wrong, and nothing is registered' {
        $bad = New-TypeFile $press.Replace('"History"', '"Past"')
        Get-Refusal { Register-EdgeDevice (New-Press 'p2') -Type $bad } | Should -BeLike 'DeviceTypeInvalid:*7:35: items[[]1[]].kind*'
        Get-Refusal { Register-EdgeDevice (New-Press 'p2') -Type ./none.json } | Should -BeLike 'DeviceTypeInvalid:*none.json*'
        Get-Refusal { Set-EdgeDevice p1 -Type $bad } | Should -BeLike 'DeviceTypeInvalid:*'
        Get-EdgeDevice -Id p2* | Should -BeNullOrEmpty
    }

    It 'leaves no trace with -WhatIf' {
        $file = New-TypeFile $press.Replace('"press"', '"other-press"')
        Register-EdgeDevice (New-Press 'p3') -Id p3 -Type $file -WhatIf
        Get-EdgeDeviceType other-press* | Should -BeNullOrEmpty
    }

    It 'is offered by completion' {
        (TabExpansion2 'Register-EdgeDevice x -Type pre').CompletionMatches.CompletionText | Should -Be 'press'
        (TabExpansion2 'Get-EdgeDeviceType drop').CompletionMatches.CompletionText | Should -Be 'dropped'
    }

    It 'registers a BACnet device without asking it, and sends its password nowhere in clear' {
        (Register-EdgeDevice bacnet://10.0.0.7/1234 -Id b1 -Type bacnet-device -SkipContact).Address | Should -Be 'bacnet://10.0.0.7/1234'
        $token = ConvertTo-SecureString 'filister' -AsPlainText -Force
        Get-Refusal { Register-EdgeDevice bacnet://10.0.0.8/1234 -Id b2 -Type bacnet-device -Token $token -SkipContact } | Should -BeLike 'DeviceAuthenticationFailed:*-AllowUnencryptedAuthentication*'
        (Register-EdgeDevice bacnet://10.0.0.8/1234 -Id b2 -Type bacnet-device -Token $token -AllowUnencryptedAuthentication -SkipContact).Id | Should -Be 'b2'
    }
}
