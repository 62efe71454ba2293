# Who is told of what, the audit trail, and the metrics: what somebody knows who does not sit in front of it.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = New-TestRepository
    $folder = New-FolderDevice -Id 'n1'
    $null = Register-EdgeDevice $folder -Site harbour -Reason 'new at the harbour'
    Set-EdgeBackupPolicy -Interval 00:00:00.001 | Out-Null

    # A webhook on loopback that keeps what it gets and answers as $hook.Status says; 0 never answers.
    $hook = [hashtable]::Synchronized(@{ Status = 200; Received = [System.Collections.ArrayList]::Synchronized([System.Collections.ArrayList]::new()) })
    $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
    $listener.Start()
    $url = "http://127.0.0.1:$($listener.LocalEndpoint.Port)/in"
    $server = [powershell]::Create().AddScript({
            param($listener, $hook)
            $silent = [System.Collections.ArrayList]::new()
            while ($true) {
                $client = $listener.AcceptTcpClient()
                $reader = [System.IO.StreamReader]::new($client.GetStream())
                $headers = @{}
                $null = $reader.ReadLine()
                while ($line = $reader.ReadLine()) {
                    $name, $value = $line -split ': ', 2
                    $headers[$name] = $value
                }
                $body = [char[]]::new([int]$headers['Content-Length'])
                $null = $reader.ReadBlock($body, 0, $body.Length)
                $null = $hook.Received.Add([pscustomobject]@{ Id = $headers['webhook-id']; Signature = $headers['webhook-signature']; Timestamp = $headers['webhook-timestamp']; Body = -join $body })
                if ($hook.Status -eq 0) {
                    $null = $silent.Add($client)
                    continue
                }
                $answer = [System.Text.Encoding]::ASCII.GetBytes("HTTP/1.1 $($hook.Status) X`r`nContent-Length: 0`r`nConnection: close`r`n`r`n")
                $client.GetStream().Write($answer, 0, $answer.Length)
                $client.Close()
            }
        }).AddArgument($listener).AddArgument($hook)
    $null = $server.BeginInvoke()

    function Get-Received {
        $hook.Received | ForEach-Object { $_.Body | ConvertFrom-Json }
    }

    # A run after whatever wait the last failure asked for: the wait is taken away.
    function Invoke-Run {
        New-EdgeBackup n1 -Automatic -ErrorAction SilentlyContinue
    }
}

AfterAll {
    $listener.Stop()
    $server.Dispose()
    Stop-All
}

Describe 'A notification' {
    It 'is refused where messages would go unencrypted, or hold a password' {
        Get-Refusal { Register-EdgeNotification a http://hooks.example.com/x } | Should -Match '^NotificationInvalid: .*unencrypted'
        Get-Refusal { Register-EdgeNotification a https://me:pw@hooks.example.com/x } | Should -Match '^NotificationInvalid'
        Get-Refusal { Register-EdgeNotification a https://hooks.example.com -Secret (ConvertTo-SecureString 'short' -AsPlainText) } | Should -Match '^NotificationInvalid: .*base64'
        Get-EdgeNotification | Should -BeNullOrEmpty
    }

    It 'shows its secret once' {
        $made = Register-EdgeNotification ops $url -Event Failure, Recovery, Digest, Switch -Reason 'on call'
        $made.Secret | Should -Match '^whsec_'
        ($made | Out-String) | Should -Match 'not shown again'
        $script:secret = $made.Secret
        $listed = Get-EdgeNotification ops
        $listed.Secret | Should -BeNullOrEmpty
        $listed.Active | Should -BeTrue
        $listed.Event | Should -Be 'Failure', 'Recovery', 'Digest', 'Switch'
        (Register-EdgeNotification OPS $url -Event Failure, Recovery, Digest).Secret | Should -BeNullOrEmpty
        @(Get-EdgeNotification).Count | Should -Be 1
    }

    It 'arrives signed when it is tried' {
        $test = Get-EdgeNotification | Test-EdgeNotification
        $test.Delivered | Should -BeTrue
        $got = $hook.Received[-1]
        $hmac = [System.Security.Cryptography.HMACSHA256]::new([convert]::FromBase64String($secret.Substring(6)))
        $got.Signature | Should -Be ('v1,' + [convert]::ToBase64String($hmac.ComputeHash([System.Text.Encoding]::UTF8.GetBytes("$($got.Id).$($got.Timestamp).$($got.Body)"))))
        ($got.Body | ConvertFrom-Json).type | Should -Be 'notification.test'
        $hook.Received.Clear()
    }

    It 'tells of a failure once in three runs, and of one recovery' {
        Rename-Item $folder "$folder-off"
        1..3 | ForEach-Object { Invoke-Run }
        (Get-Received).type | Should -Be 'backup.failed'
        (Get-Received).data.device.site | Should -Be 'harbour'
        Rename-Item "$folder-off" $folder
        1..2 | ForEach-Object { Invoke-Run } | Out-Null
        (Get-Received).type | Should -Be 'backup.failed', 'backup.recovered'
    }

    It 'tells that backups fail, also where the script ends at the error' {
        $hook.Received.Clear()
        Rename-Item $folder "$folder-off"
        1..2 | ForEach-Object { { New-EdgeBackup n1 -Automatic -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceUnreachable,*' }
        (Get-Received).type | Should -Be 'backup.failed'
        (Get-EdgeDevice n1).ConsecutiveFailures | Should -Be 2
        Rename-Item "$folder-off" $folder
        Invoke-Run | Select-Object -First 1 | Out-Null
        Invoke-Run | Out-Null
        (Get-Received).type | Should -Be 'backup.failed', 'backup.recovered'
    }

    It 'tells of a run in a digest' {
        $hook.Received.Clear()
        (Invoke-EdgeBackupSchedule).Result | Should -Be 'Completed'
        (Get-Received).type | Should -Be 'schedule.completed'
        (Get-Received).data.completed | Should -Be 1
    }

    It 'tells nobody with -WhatIf' {
        $hook.Received.Clear()
        Invoke-EdgeBackupSchedule -WhatIf | Should -BeNullOrEmpty
        $hook.Received.Count | Should -Be 0
    }

    It 'waits where it cannot be delivered, and goes later under the same id, also from another session' {
        $hook.Status = 503
        (Invoke-EdgeBackupSchedule).Result | Should -Be 'Completed'
        $waiting = Get-EdgeNotification ops
        $waiting.Pending | Should -Be 1
        $waiting.LastError | Should -Match '503'
        ($waiting | Format-Table | Out-String -Width 200) | Should -Match '503'
        $id = $hook.Received[0].Id
        $hook.Received.Clear()
        Invoke-EdgeBackupSchedule | Out-Null
        $hook.Received.Count | Should -Be 0
        $hook.Status = 200
        (Test-EdgeNotification ops).Delivered | Should -BeTrue
        $hook.Received.Clear()
        & pwsh -NoProfile -NonInteractive -Command "Import-Module '$(Get-ModulePath)'; Invoke-EdgeBackupSchedule -Repository '$($repository.Path)'" *> $null
        $hook.Received[0].Id | Should -Be $id
        $now = Get-EdgeNotification ops
        $now.Pending | Should -Be 0
        $now.LastError | Should -BeNullOrEmpty
        $now.LastDelivery | Should -BeGreaterThan (Get-Date).AddMinutes(-5)
    }

    It 'is nobody of whom anybody knows under a wrong name' {
        Get-Refusal { Get-EdgeNotification opps } | Should -Match "^NotificationNotFound: .*'ops'"
        $line = 'Get-EdgeNotification o'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'ops'
    }

    It 'tells that archives fail, also where the script ends at the error' {
        $hook.Received.Clear()
        { New-EdgeArchive n1 (Join-Path $repository.Path none) -ErrorAction Stop } | Should -Throw '*no folder*'
        { New-EdgeArchive n1 (Join-Path $repository.Path none) -ErrorAction Stop } | Should -Throw '*no folder*'
        (Get-Received).type | Should -Be 'archive.failed'
        (Get-Received).data.errorId | Should -Be 'ArchiveFailed'
        $device = Get-EdgeDevice n1
        $device.ArchiveFailingSince | Should -BeOfType datetime
        $device.ArchiveReason | Should -Match 'no folder'
        $device.ArchiveAge | Should -BeNullOrEmpty
        ($device | Format-List | Out-String) | Should -Match '(?s)LastArchive +: never.*ArchiveFailingSince +: .*no folder'
        (Export-EdgeBackupMetric) | Should -Match 'edgebackup_device_archive_consecutive_failures\{[^}]*device="n1"[^}]*\} 2'
    }

    It 'tells nothing of archives with -WhatIf' {
        $hook.Received.Clear()
        New-EdgeArchive n1 (Join-Path $repository.Path none) -WhatIf
        $hook.Received.Count | Should -Be 0
    }

    It 'writes to the event log only where there is one' -Skip:$IsWindows {
        $log = Watch { Register-EdgeNotification log -EventLog }
        $log.Warnings | Should -Match "Windows'"
        (Test-EdgeNotification log).Delivered | Should -BeFalse
        Unregister-EdgeNotification log
    }

    It 'ends' {
        Unregister-EdgeNotification ops -WhatIf
        @(Get-EdgeNotification).Count | Should -Be 1
        Get-EdgeNotification | Unregister-EdgeNotification -Reason 'nobody on call'
        Get-EdgeNotification | Should -BeNullOrEmpty
        $hook.Received.Clear()
        Invoke-EdgeBackupSchedule | Out-Null
        $hook.Received.Count | Should -Be 0
    }
}

Describe 'The audit trail' {
    It 'says who, from where, with which command and why' {
        $registered = Get-EdgeEvent n1 | Where-Object Action -EQ Registered
        $registered.Reason | Should -Be 'new at the harbour'
        $registered.Command | Should -Be 'Register-EdgeDevice'
        $registered.Process | Should -Match "\($PID\)$"
        $registered.User | Should -Be ([Environment]::UserName)
        $registered.Domain | Should -Be ([Environment]::UserDomainName)
        $registered.Computer | Should -Be ([Environment]::MachineName)
        (Get-EdgeEvent | Where-Object Action -EQ NotificationRemoved)[-1].Reason | Should -Be 'nobody on call'
        (Get-EdgeEvent | Where-Object Action -EQ PolicySet).Message | Should -Match 'interval 00:00:00.0010000'
        (Get-EdgeEvent | Where-Object Action -EQ Initialized).Count | Should -Be 1
    }

    It 'says who stands behind an account that works for many, and where they sit' {
        $before = $env:SUDO_USER, $env:SSH_CONNECTION
        try {
            $env:SUDO_USER, $env:SSH_CONNECTION = 'ada', '192.0.2.7 50022 192.0.2.1 22'
            Set-EdgeDevice n1 -Owner 'pier crew'
            $global:PSSenderInfo = [System.Management.Automation.Remoting.PSSenderInfo]::new(
                [System.Management.Automation.Remoting.PSPrincipal]::new([System.Management.Automation.Remoting.PSIdentity]::new('Kerberos', $true, 'CORP\grace', $null), $null), 'https://edge:5986/wsman')
            $env:SSH_CONNECTION = "`e[31m not an address"
            Set-EdgeDevice n1 -Owner 'quay crew'
        } finally {
            $env:SUDO_USER, $env:SSH_CONNECTION = $before
            Remove-Variable PSSenderInfo -Scope Global -ErrorAction Ignore
        }

        $sudo, $remote = (Get-EdgeEvent n1 | Where-Object Action -EQ Changed)[-2, -1]
        $sudo.OnBehalfOf, $sudo.Client | Should -Be 'ada', '192.0.2.7'
        $remote.OnBehalfOf | Should -Be 'CORP\grace'
        $remote.Client | Should -BeNullOrEmpty
        $remote.User | Should -Be ([Environment]::UserName)
    }

    It 'has a hole where an event was removed, and Test-EdgeRepository names it' {
        Get-EdgeEvent | Out-Null
        $lost = Get-ChildItem (Join-Path $repository.Path events) -Recurse -File | Select-Object -First 1
        $bytes = [System.IO.File]::ReadAllBytes($lost.FullName)
        Remove-Item $lost.FullName
        $trail = Watch { Get-EdgeEvent }
        $trail.Errors.Count | Should -Be 1
        "$($trail.Errors[0])" | Should -Match 'trail of events has a hole'
        $trail.Output.Count | Should -BeGreaterThan 3
        (Test-EdgeRepository).Damage.Object | Should -Match "events/.*$($lost.Name)"
        [System.IO.File]::WriteAllBytes($lost.FullName, $bytes)
        (Watch { Get-EdgeEvent }).Errors.Count | Should -Be 0
        (Test-EdgeRepository).Healthy | Should -BeTrue
    }
}

Describe 'Export-EdgeBackupMetric' {
    It 'writes a file that is whole, and readable by all' {
        $file = Join-Path (New-TestFolder -Prefix metrics) 'edge.prom'
        Export-EdgeBackupMetric $file -WhatIf
        $file | Should -Not -Exist
        Export-EdgeBackupMetric $file
        Get-Content $file | Should -Contain '# TYPE edgebackup_device_overdue gauge'
        (Get-Content $file -Raw) | Should -Match 'edgebackup_device_overdue\{repository="[^"]+",device="n1",.*site="harbour"\} [01]\n'
        @(Get-ChildItem (Split-Path $file) -Force).Count | Should -Be 1
        if (-not $IsWindows) {
            (Get-Item $file).UnixMode | Should -Be '-rw-r--r--'
        }
    }

    It 'gives the text without a path, of the devices that are asked for' {
        $text = Get-EdgeDevice n1 | Export-EdgeBackupMetric
        $text | Should -BeOfType string
        $text | Should -Match 'device="n1"'
        (Get-EdgeDevice | Where-Object Id -EQ nobody | Export-EdgeBackupMetric) | Should -Not -Match 'device="n1"'
        Get-Refusal { Export-EdgeBackupMetric -Device nobody | Out-Null } | Should -Match '^DeviceNotFound'
    }

    It 'warns of a name that the collector does not read' {
        $file = Join-Path (New-TestFolder -Prefix metrics) 'edge.txt'
        (Watch { Export-EdgeBackupMetric $file }).Warnings | Should -Match '\.prom'
        $file | Should -Exist
    }

    It 'tells what the last check found' {
        Test-EdgeRepository -ReadData | Out-Null
        Export-EdgeBackupMetric | Should -Match 'edgebackup_repository_damaged\{.*depth="data"\} 0'
    }
}
