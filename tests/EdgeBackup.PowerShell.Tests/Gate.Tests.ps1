# The gate: versions (R1), transactions and what cannot be known (R2), the whole capture (R3), waiting (R4).
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    Start-Fleet
    $null = Add-Device 'gate'

    function Set-ChargePoint {
        param([System.Collections.IDictionary] $Change)
        $null = Invoke-Control "gate/chargepoints/$point" PATCH $Change
    }

    function Clear-Gate {
        Reset-Device 'gate'
        Set-ChargePoint @{ online = $true; lastSeenSecondsAgo = 0; pendingMessages = 0; connector = 1; status = 'Available' }
    }

    $point = (Invoke-RestMethod "$((Get-EdgeDevice gate).Address)api/v1/chargepoints")[0].id

    # Device with charge points that answers a list of the test's own.
    function Set-ChargePointAnswer {
        param([string] $Json)
        Add-Fault 'gate' @{ kind = 'replaceBody'; path = 'chargepoints'; body = $Json; contentType = 'application/json'; times = -1 }
    }
}

AfterAll {
    Stop-All
}

Describe 'The version (R1)' {
    It '<Version> is <Verdict>' -ForEach @(
        @{ Version = '1.24.5'; Verdict = 'enough' }
        @{ Version = 'v1.24.5'; Verdict = 'enough' }
        @{ Version = '1.24.5.0'; Verdict = 'enough' }
        @{ Version = '1.24.5+build.7'; Verdict = 'enough' }
        @{ Version = '1.24.6-rc1'; Verdict = 'enough' }
        @{ Version = '1.25'; Verdict = 'enough' }
        @{ Version = '2'; Verdict = 'enough' }
        @{ Version = '1.100.0'; Verdict = 'enough' }
        @{ Version = '1.24.4'; Verdict = 'too old' }
        @{ Version = '1.24.4.99'; Verdict = 'too old' }
        @{ Version = '1.24'; Verdict = 'too old' }
        @{ Version = '1.9.9'; Verdict = 'too old' }
        @{ Version = '1.24.5-rc1'; Verdict = 'too old' }
        @{ Version = '0'; Verdict = 'too old' }
        @{ Version = 'banana'; Verdict = 'unknown' }
        @{ Version = '1.24.5.0.0'; Verdict = 'unknown' }
        @{ Version = '1.24.x'; Verdict = 'unknown' }
        @{ Version = '1..25'; Verdict = 'unknown' }
        @{ Version = '-1.25'; Verdict = 'unknown' }
        @{ Version = '99999999999999999999.1'; Verdict = 'enough' }
        @{ Version = ''; Verdict = 'unknown' }
    ) {
        $folder = New-FolderDevice -Id "version-$(Get-Random)" -Version $Version
        $device = Register-EdgeDevice $folder
        $said = Watch { New-EdgeBackup $device.Id -Automatic }
        if ($Verdict -eq 'enough') {
            $said.Errors | Should -HaveCount 0
            $said.Output | Should -HaveCount 1
            (Test-EdgeDevice $device.Id).VersionSupported | Should -BeTrue
        }
        else {
            $said.Output | Should -HaveCount 0
            $said.Errors | Get-ErrorId | Should -Be 'DeviceVersionUnsupported'
            "$($said.Errors[0])" | Should -Match '1\.24\.5'
            "$($said.Errors[0])" | Should -Match ([regex]::Escape($Version))
            (Test-EdgeDevice $device.Id).VersionSupported | Should -BeFalse
        }
    }

    It 'has no minimum for building servers' {
        $null = Register-EdgeDevice (New-FolderDevice -Id 'old-bms' -Type 'bms-server' -Version '0.1')
        (New-EdgeBackup old-bms -Automatic).Version | Should -Be '0.1'
    }

    It 'is looked at before every backup' {
        $null = Add-Device 'downgraded'
        $null = New-EdgeBackup downgraded -Automatic
        $null = Invoke-Control 'downgraded' PATCH @{ version = '1.20.0' }
        Get-Refusal { New-EdgeBackup downgraded -Automatic } | Should -BeLike 'DeviceVersionUnsupported:*1.20.0*1.24.5*'
    }
}

Describe 'What runs (R2)' {
    AfterEach {
        Clear-Gate
    }

    It 'the status <Status> without a transaction is <Verdict>' -ForEach @(
        foreach ($idle in 'Available', 'Preparing', 'Finishing', 'Reserved', 'Unavailable', 'Faulted') { @{ Status = $idle; Verdict = 'idle' } }
        foreach ($busy in 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'Snoozing', '') { @{ Status = $busy; Verdict = 'running' } }
    ) {
        Set-ChargePointAnswer (ConvertTo-Json -Depth 5 -InputObject @(@{
            id = 'CP-7'; online = $true; lastSeen = [datetime]::UtcNow.ToString('o'); pendingMessages = 0; transactionsStarted = 0
            connectors = @(@{ id = 1; status = 'Available'; transaction = $null }, @{ id = 2; status = $Status; transaction = $null })
        }))
        $said = Watch { New-EdgeBackup gate -Automatic }
        if ($Verdict -eq 'idle') {
            $said.Errors | Should -HaveCount 0
            $said.Output | Should -HaveCount 1
        }
        else {
            $said.Output | Should -HaveCount 0
            $said.Errors | Get-ErrorId | Should -BeIn 'DeviceBusy', 'DeviceStateUnknown'
            if ($Status) {
                "$($said.Errors[0])" | Should -Match "CP-7.*2|2.*CP-7"
            }
        }
    }

    It 'a transaction runs whatever the status <_> says' -ForEach 'Available', 'Finishing', 'Charging' {
        Set-ChargePointAnswer (ConvertTo-Json -Depth 5 -InputObject @(@{
            id = 'CP-7'; online = $true; lastSeen = [datetime]::UtcNow.ToString('o'); pendingMessages = 0; transactionsStarted = 3
            connectors = @(@{ id = 2; status = $_; transaction = @{ id = 'TX-99'; started = [datetime]::UtcNow.ToString('o'); card = 'C0FFEE' } })
        }))
        $refusal = Get-Refusal { New-EdgeBackup gate -Automatic }
        $refusal | Should -BeLike 'DeviceBusy:*CP-7*'
        $refusal | Should -Match 'TX-99'
        $refusal | Should -Not -Match 'C0FFEE' -Because 'a card number is the driver''s'
    }

    It 'a charge point that is offline is not known' {
        Set-ChargePoint @{ online = $false }
        Get-Refusal { New-EdgeBackup gate -Automatic } | Should -BeLike "DeviceStateUnknown:*$point*"
        (Test-EdgeDevice gate).CanBackup | Should -BeFalse
    }

    It 'a charge point last seen <Seconds> s ago is <Verdict>' -ForEach @(
        @{ Seconds = 290; Verdict = 'known' }
        @{ Seconds = 310; Verdict = 'not known' }
        @{ Seconds = 86400; Verdict = 'not known' }
    ) {
        Set-ChargePoint @{ lastSeenSecondsAgo = $Seconds }
        $said = Watch { New-EdgeBackup gate -Automatic }
        if ($Verdict -eq 'known') { $said.Output | Should -HaveCount 1 } else { $said.Errors | Get-ErrorId | Should -Be 'DeviceStateUnknown' }
    }

    It 'undelivered messages are a transaction that is not known' {
        Set-ChargePoint @{ pendingMessages = 1 }
        Get-Refusal { New-EdgeBackup gate -Automatic } | Should -BeLike "DeviceStateUnknown:*$point*"
    }

    It 'an answer that is <Title> cannot be read' -ForEach @(
        @{ Title = 'no JSON'; Body = 'oops' }
        @{ Title = 'an object'; Body = '{}' }
        @{ Title = 'null'; Body = 'null' }
        @{ Title = 'cut'; Body = '[{"id":"CP-7"' }
        @{ Title = 'without online'; Body = '[{"id":"CP-7","lastSeen":"2099-01-01T00:00:00Z","pendingMessages":0,"transactionsStarted":0,"connectors":[]}]' }
        @{ Title = 'without connectors'; Body = '[{"id":"CP-7","online":true,"lastSeen":"2099-01-01T00:00:00Z","pendingMessages":0,"transactionsStarted":0}]' }
        @{ Title = 'without transactionsStarted'; Body = '[{"id":"CP-7","online":true,"lastSeen":"2099-01-01T00:00:00Z","pendingMessages":0,"connectors":[]}]' }
        @{ Title = 'without lastSeen'; Body = '[{"id":"CP-7","online":true,"pendingMessages":0,"transactionsStarted":0,"connectors":[]}]' }
        @{ Title = 'without pendingMessages'; Body = '[{"id":"CP-7","online":true,"lastSeen":"2099-01-01T00:00:00Z","transactionsStarted":0,"connectors":[]}]' }
        @{ Title = 'with words for numbers'; Body = '[{"id":"CP-7","online":"yes","lastSeen":"soon","pendingMessages":"none","transactionsStarted":0,"connectors":[]}]' }
        @{ Title = 'a null in the list'; Body = '[null]' }
    ) {
        Set-ChargePointAnswer $Body
        Get-Refusal { New-EdgeBackup gate -Automatic } | Should -BeLike 'DeviceStateUnknown:*'
        (Test-EdgeDevice gate).CanBackup | Should -BeFalse
    }

    It 'a status of <_> for the charge points cannot be read' -ForEach 404, 500 {
        Add-Fault gate @{ kind = 'status'; path = 'chargepoints'; status = $_; times = -1 }
        Get-Refusal { New-EdgeBackup gate -Automatic } | Should -BeLike 'DeviceStateUnknown:*'
    }

    It 'a controller without charge points is idle' {
        Set-ChargePointAnswer '[]'
        (New-EdgeBackup gate -Automatic).Device | Should -Be 'gate'
    }

    It 'a restore is refused as well, with -Force too' {
        $backup = New-EdgeBackup gate -Automatic
        $commits = (Invoke-Control gate).commits
        $null = Invoke-Control 'gate/transactions' POST @{}
        Get-Refusal { $backup | Restore-EdgeBackup -Force } | Should -BeLike 'DeviceBusy:*'
        (Invoke-Control gate).commits | Should -Be $commits
    }

    It 'a folder tells its transactions in a file' {
        $folder = New-FolderDevice -Id 'busy-folder'
        $null = Register-EdgeDevice $folder
        $file = Join-Path $folder 'edge-transactions.json'
        '[{"id":"T1","chargepoint":"CP-1","connector":2,"started":"2026-01-01T00:00:00Z"}]' | Set-Content $file
        Get-Refusal { New-EdgeBackup busy-folder -Automatic } | Should -BeLike 'DeviceBusy:*T1*'
        $transaction = Get-EdgeTransaction busy-folder
        $transaction.ChargePoint | Should -Be 'CP-1'
        $transaction.Connector | Should -Be 2
        $transaction.Id | Should -Be 'T1'
        'not json' | Set-Content $file
        Get-Refusal { New-EdgeBackup busy-folder -Automatic } | Should -BeLike 'DeviceStateUnknown:*'
        '[]' | Set-Content $file
        $backup = New-EdgeBackup busy-folder -Automatic
        ($backup | Get-EdgeBackupItem).Path | Should -Not -Contain 'edge-transactions.json'
        $null = $backup | Restore-EdgeBackup -Force
        Get-Content $file | Should -Be '[]'
    }
}

Describe 'The whole capture (R3)' {
    AfterEach {
        Clear-Gate
        $null = Invoke-Control gate PATCH @{ features = @('hold', 'events', 'trends', 'stop') }
    }

    It 'is discarded when a transaction begins meanwhile' {
        $before = @(Get-EdgeBackup -Device gate).Count
        Set-Behaviour gate @{ transactionAfterReads = 2 }
        Set-DeviceItem gate 'config/a' (Get-Random)
        Set-DeviceItem gate 'config/b' (Get-Random)
        Set-DeviceItem gate 'config/c' (Get-Random)
        Get-Refusal { New-EdgeBackup gate -Name 'interrupted' } | Should -BeLike 'CaptureInterrupted:*'
        @(Get-EdgeBackup -Device gate) | Should -HaveCount $before
        (Test-EdgeRepository -ReadData).Healthy | Should -BeTrue
        Clear-Gate
        (New-EdgeBackup gate -Name 'interrupted').Name | Should -Be 'interrupted'
    }

    It 'is discarded when a transaction began and ended meanwhile' {
        $address = (Get-EdgeDevice gate).Address
        Set-DeviceItem gate 'config/a' (Get-Random)
        # The second look finds nothing but a larger count.
        $now = Invoke-RestMethod "${address}api/v1/chargepoints"
        $now[0].transactionsStarted++
        Add-Fault gate @{ kind = 'replaceBody'; path = 'chargepoints'; body = (ConvertTo-Json -InputObject @($now) -Depth 6); contentType = 'application/json'; skip = 1; times = -1 }
        Get-Refusal { New-EdgeBackup gate -Automatic } | Should -BeLike 'CaptureInterrupted:*'
    }

    It 'is discarded when the second look cannot be had' {
        Add-Fault gate @{ kind = 'status'; path = 'chargepoints'; status = 500; skip = 1; times = -1 }
        $before = @(Get-EdgeBackup -Device gate).Count
        Get-Refusal { New-EdgeBackup gate -Automatic } | Should -Match '^(DeviceStateUnknown|CaptureFailed|CaptureInterrupted):'
        @(Get-EdgeBackup -Device gate) | Should -HaveCount $before
    }

    It 'takes a hold of 300 s first and releases it afterwards' {
        $seen = @(Get-DeviceCall gate).Count
        $null = New-EdgeBackup gate -Automatic
        $calls = @(Get-DeviceCall gate -Skip $seen)
        $hold = $calls.IndexOf(($calls -like 'POST*holds*')[0])
        $items = $calls.IndexOf(($calls -like 'GET*items*')[0])
        $release = $calls.IndexOf(($calls -like 'DELETE*holds*')[0])
        $hold | Should -BeGreaterOrEqual 0
        $items | Should -BeGreaterThan $hold
        $release | Should -BeGreaterThan $items
        (Invoke-Control gate).held | Should -BeFalse
    }

    It 'renews a short hold' {
        Set-Behaviour gate @{ longestHoldSeconds = 1 }
        1..3 | ForEach-Object { Set-DeviceItem gate "config/renew$_" (Get-Random) }
        Add-Fault gate @{ kind = 'slow'; path = 'items/config/renew*'; seconds = 2; times = -1 }
        $seen = @(Get-DeviceCall gate).Count
        (New-EdgeBackup gate -Automatic).Device | Should -Be 'gate'
        $calls = Get-DeviceCall gate -Skip $seen
        @($calls -like 'PUT*holds*').Count | Should -BeGreaterThan 0
        (Invoke-Control gate).held | Should -BeFalse
        Set-Behaviour gate @{ longestHoldSeconds = 300 }
    }

    It 'releases the hold when the capture fails' {
        Set-DeviceItem gate 'config/a' (Get-Random)
        Add-Fault gate @{ kind = 'status'; path = 'items/config/a'; status = 403; times = -1 }
        (Watch { New-EdgeBackup gate -Automatic }).Errors | Get-ErrorId | Should -BeIn 'CaptureFailed', 'DeviceAuthenticationFailed'
        (Invoke-Control gate).held | Should -BeFalse
    }

    It 'does without a hold where the device has none' {
        $null = Invoke-Control gate PATCH @{ features = @('events') }
        (New-EdgeBackup gate -Automatic).Device | Should -Be 'gate'
    }

    It 'leaves the decision to the second look when the hold is lost on the way' {
        Set-DeviceItem gate 'config/a' (Get-Random)
        Add-Fault gate @{ kind = 'slow'; path = 'items/config/a'; seconds = 1.5; times = -1 }
        $seen = @(Get-DeviceCall gate).Count
        $loser = Start-ThreadJob {
            # Not before the item is being read, and that takes longer than this.
            $deadline = (Get-Date).AddMinutes(2)
            while (-not ((Invoke-RestMethod "$using:control/gate/calls") | Select-Object -Skip $using:seen | Where-Object path -Like '*items/config/a')) {
                if ((Get-Date) -gt $deadline) { throw 'The item was never read.' }
                Start-Sleep -Milliseconds 20
            }
            Invoke-RestMethod "$using:control/gate/holds/lose" -Method Post
        }
        $backup = New-EdgeBackup gate -Automatic
        $null = $loser | Receive-Job -Wait -AutoRemoveJob -ErrorAction Stop
        $backup.Device | Should -Be 'gate'
    }
}

Describe '-WaitForIdle (R4)' {
    AfterEach {
        Clear-Gate
    }

    It 'gives up with the same error when the time is over' {
        $null = Invoke-Control 'gate/transactions' POST @{}
        $took = Measure-Command { $refusal = Get-Refusal { New-EdgeBackup gate -Automatic -WaitForIdle 00:00:02 } }
        $refusal | Should -BeLike 'DeviceBusy:*'
        $took.TotalSeconds | Should -BeGreaterThan 1.8
        $took.TotalSeconds | Should -BeLessThan 120
    }

    It 'begins at the first idle moment' {
        $null = Invoke-Control 'gate/transactions' POST @{}
        $uri = "$control/gate/transactions"
        $ender = Start-ThreadJob { Start-Sleep 1; Invoke-RestMethod $using:uri -Method Delete }
        $backup = New-EdgeBackup gate -Automatic -WaitForIdle 00:05:00
        $null = $ender | Receive-Job -Wait -AutoRemoveJob
        $backup.Device | Should -Be 'gate'
    }
}

Describe 'A postponed backup (R4)' {
    It 'shows how long it has been waiting' {
        $null = Add-Device 'patient'
        $null = Invoke-Control 'patient/transactions' POST @{}
        $before = Get-Date
        Get-Refusal { New-EdgeBackup patient -Automatic } | Should -BeLike 'DeviceBusy:*'
        $device = Get-EdgeDevice patient
        $device.BackupState | Should -Be 'Postponed'
        ($device.PostponedSince.ToUniversalTime() - $before.ToUniversalTime()).TotalSeconds | Should -BeGreaterThan -2
        ($device.PostponedSince.ToUniversalTime() - $before.ToUniversalTime()).TotalSeconds | Should -BeLessThan 600
        (Get-EdgeDevice -BackupState Postponed).Id | Should -Be 'patient'
        Start-Sleep -Milliseconds 50
        $null = Get-Refusal { New-EdgeBackup patient -Automatic }
        (Get-EdgeDevice patient).PostponedSince | Should -Be $device.PostponedSince -Because 'it waits since the first refusal'
        Reset-Device patient
        $null = New-EdgeBackup patient -Automatic
        (Get-EdgeDevice patient).BackupState | Should -Be 'Current'
        (Get-EdgeDevice patient).PostponedSince | Should -BeNullOrEmpty
    }

    It 'is an event' {
        $refused = Get-EdgeEvent -Device patient
        "$($refused | Format-List * | Out-String)" | Should -Match 'patient'
        @($refused).Count | Should -BeGreaterThan 1
    }
}

Describe 'Transactions' {
    It 'are listed' {
        $null = Add-Device 'charging'
        Get-EdgeTransaction charging | Should -BeNullOrEmpty
        $null = Invoke-Control 'charging/transactions' POST @{}
        $transaction = Get-EdgeDevice charging | Get-EdgeTransaction
        $transaction.Device | Should -Be 'charging'
        $transaction.ChargePoint | Should -Not -BeNullOrEmpty
        $transaction.Connector | Should -Be 1
        $transaction.Id | Should -Not -BeNullOrEmpty
        $transaction.Started | Should -BeOfType [datetime]
        $transaction.Status | Should -Be 'Charging'
    }

    It 'are not stopped by -WhatIf' {
        Stop-EdgeTransaction charging -WhatIf
        Get-EdgeTransaction charging | Should -HaveCount 1
    }

    It 'are stopped, and waited for' {
        Set-Behaviour charging @{ stopSeconds = 1 }
        Stop-EdgeTransaction charging -Confirm:$false
        Get-EdgeTransaction charging | Should -BeNullOrEmpty
    }

    It 'that do not end are an error after -Timeout' {
        $null = Invoke-Control 'charging/transactions' POST @{}
        Set-Behaviour charging @{ stopSeconds = -1 }
        $refusal = Get-Refusal { Stop-EdgeTransaction charging -Timeout 00:00:02 -Confirm:$false }
        $refusal | Should -BeLike 'DeviceBusy:*'
    }
}
