# Find-EdgeDevice: simulated BACnet devices on loopback.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    $script:simulator = Start-Simulator -ArgumentList '--devices', '0', '--bacnet', '2'
    $script:devices = @($simulator.Device | Where-Object Type -EQ 'bacnet-device')
    $script:hosts = @($devices | ForEach-Object { '127.0.0.1:{0}' -f ([uri] $_.Address).Port })
    $script:bbmd = ($simulator.Device | Where-Object Type -EQ 'bacnet-bbmd').Address
    # As long as it takes on a busy machine: whoever has heard enough ends it.
    $script:wait = [timespan]::FromMinutes(1)
}

AfterAll {
    Stop-All
}

Describe 'Find-EdgeDevice' {
    It 'says of each device what it is, that it can be backed up, and that it is not registered' {
        $found = @(Find-EdgeDevice -BacnetNetwork $hosts -Timeout $wait | Select-Object -First 2 | Sort-Object Instance)
        $found.Device | Should -Be @($devices.Id | Sort-Object)
        $found[0] | Should -BeOfType ([EdgeBackup.FoundDevice])
        $found[0].Address | Should -Be ($devices | Where-Object Id -EQ $found[0].Device).Address
        $found[0].Type | Should -Be 'bacnet-device'
        $found.CanBackup | Should -Be @($true, $true)
        $found.Registered | Should -Be @($false, $false)
        $found[0].Reason | Should -BeNullOrEmpty
    }

    It 'takes networks from the pipeline, and only the instances that are wanted' {
        $instance = ([uri] $devices[1].Address).AbsolutePath.Trim('/')
        $found = @($hosts | Find-EdgeDevice -LowInstance $instance -HighInstance $instance -Timeout $wait | Select-Object -First 1)
        $found.Instance | Should -Be @([long] $instance)
    }

    It 'goes through a broadcast management device' {
        $found = @(Find-EdgeDevice -BacnetNetwork 10.255.255.255 -Bbmd $bbmd -Timeout $wait | Select-Object -First 2)
        $found.Device | Sort-Object | Should -Be @($devices.Id | Sort-Object)
    }

    It 'pipes into Register-EdgeDevice, and knows afterwards who is registered' {
        $password = [pscredential]::new('backup', (ConvertTo-SecureString 'simulated' -AsPlainText -Force))
        $registered = Find-EdgeDevice -BacnetNetwork $hosts[0] -Timeout $wait | Select-Object -First 1 | Register-EdgeDevice -Credential $password
        $registered.Id | Should -Be $devices[0].Id
        (Find-EdgeDevice -BacnetNetwork $hosts[0] -Timeout $wait | Select-Object -First 1).Registered | Should -BeTrue
        (Find-EdgeDevice -BacnetNetwork $hosts[1] -Timeout $wait | Select-Object -First 1).Registered | Should -BeFalse
    }

    It 'gives nothing where nobody is, and says so' {
        Find-EdgeDevice -BacnetNetwork 127.0.0.1:1 -Timeout ([timespan]::FromMilliseconds(100)) -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -BeLike 'No BACnet device answered at 127.0.0.1:1.*'
    }

    It 'refuses instances and times that can find nothing' {
        { Find-EdgeDevice -BacnetNetwork $hosts -LowInstance 2 -HighInstance 1 } | Should -Throw '*-LowInstance 2 is higher*'
        { Find-EdgeDevice -BacnetNetwork $hosts -Timeout 5 } | Should -Throw '*-Timeout must be*'
    }

    It 'says of a network that it is none, and asks the others' {
        $found = @(Find-EdgeDevice -BacnetNetwork 'not a network', $hosts[0] -Timeout $wait -ErrorAction SilentlyContinue -ErrorVariable problem | Select-Object -First 1)
        $found.Device | Should -Be $devices[0].Id
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'DeviceUnreachable,*'
        $problem[0].Exception.Message | Should -BeLike "*'not a network' is no BACnet network*"
    }

    It 'says that a management device does not answer' {
        { Find-EdgeDevice -BacnetNetwork 10.255.255.255 -Bbmd 127.0.0.1:1 -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceUnreachable,*'
    }
}

Describe 'Find-EdgeDevice without a repository' {
    BeforeAll {
        $script:data = $env:XDG_DATA_HOME
        $script:connected = (Get-EdgeRepository).Path
        Disconnect-EdgeRepository
        $env:XDG_DATA_HOME = New-TestFolder -Prefix none
    }

    AfterAll {
        $env:XDG_DATA_HOME = $data
        $null = Connect-EdgeRepository $connected
    }

    It 'finds all the same, and does not know who is registered' {
        $found = Watch { Find-EdgeDevice -BacnetNetwork $hosts[0] -Timeout $wait | Select-Object -First 1 }
        $found.Errors | Should -BeNullOrEmpty
        $found.Warnings | Should -BeNullOrEmpty
        $found.Output[0].Device | Should -Be $devices[0].Id
        $found.Output[0].CanBackup | Should -BeTrue
        $null -eq $found.Output[0].Registered | Should -BeTrue
        ($found.Output[0] | Format-Table | Out-String -Width 200) | Should -Match ' unknown'
        ($found.Output[0] | Format-List | Out-String) | Should -Match 'Registered +: unknown'
        Get-ChildItem $env:XDG_DATA_HOME -Force | Should -BeNullOrEmpty
    }

    It 'says so where there is one that cannot be opened, and ends where that one is asked for' {
        $folder = New-TestFolder -Prefix repository
        { Find-EdgeDevice -BacnetNetwork $hosts[0] -Repository $folder -ErrorAction Stop } | Should -Throw -ErrorId 'RepositoryNotFound,*'
        $null = Initialize-EdgeRepository
        Disconnect-EdgeRepository
        Get-ChildItem $env:XDG_DATA_HOME -Recurse -Filter *.key | Remove-Item
        $found = Watch { Find-EdgeDevice -BacnetNetwork $hosts[0] -Timeout $wait | Select-Object -First 1 }
        $null -eq $found.Output[0].Registered | Should -BeTrue
        "$($found.Warnings)" | Should -Match 'not known which are registered'
    }
}
