# Devices over SSH, end to end: a real sshd on loopback, and the ssh of this machine with a configuration of its own.
BeforeDiscovery {
    $missing = -not $IsLinux -or -not (Test-Path /usr/sbin/sshd)
}

BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $null = New-TestRepository
    $script:oldPath = $env:PATH
    if (-not $IsLinux -or -not (Test-Path /usr/sbin/sshd)) { return }

    $script:folder = New-TestFolder 'ssh'
    foreach ($key in 'host', 'user', 'stranger') { & ssh-keygen -q -t ed25519 -N '' -f "$folder/$key" }
    Copy-Item "$folder/user.pub" "$folder/authorized_keys"
    if ((& id -u) -eq '0') { $null = New-Item -ItemType Directory -Force /run/sshd }

    function Start-Sshd {
        # A port that was free a moment ago may be taken: then another is tried.
        foreach ($try in 1..5) {
            $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $script:port = $listener.LocalEndpoint.Port
            $listener.Stop()
            @(
                "Port $port", 'ListenAddress 127.0.0.1', "HostKey $folder/host", 'PidFile none', "AuthorizedKeysFile $folder/authorized_keys"
                'StrictModes no', 'UsePAM no', 'PermitRootLogin yes', 'LogLevel INFO'
            ) | Set-Content "$folder/sshd_config"
            $script:daemon = Start-Process /usr/sbin/sshd -ArgumentList '-D', '-E', "$folder/log", '-f', "$folder/sshd_config" -PassThru
            $deadline = (Get-Date).AddMinutes(1)
            while (-not $daemon.HasExited -and (Get-Date) -lt $deadline) {
                if ((Test-Path "$folder/log") -and (Select-String "Server listening on 127.0.0.1 port $port" "$folder/log" -Quiet)) { return }
                Start-Sleep -Milliseconds 50
            }
            if (-not $daemon.HasExited) { $daemon.Kill($true) }
        }
        throw "sshd does not start: $((Test-Path "$folder/log") ? (Get-Content "$folder/log" -Raw) : 'it wrote no log')"
    }
    Start-Sshd

    # Nothing of this machine's user takes part: an ssh that is first in PATH adds a configuration of its own.
    '' | Set-Content "$folder/known_hosts" -NoNewline
    @("UserKnownHostsFile $folder/known_hosts", 'GlobalKnownHostsFile none', 'IdentityAgent none') | Set-Content "$folder/ssh_config"
    $null = New-Item -ItemType Directory "$folder/bin"
    @('#!/bin/sh', "exec $((Get-Command ssh -CommandType Application | Select-Object -First 1).Source) -F '$folder/ssh_config' `"`$@`"") | Set-Content "$folder/bin/ssh"
    & chmod 755 "$folder/bin/ssh"
    $env:PATH = "$folder/bin:$env:PATH"

    $script:device = New-FolderDevice -Id 'ssh-1'
    $script:address = "ssh://$(& id -un)@127.0.0.1:$port$device"
}

AfterAll {
    $env:PATH = $oldPath
    if ($script:daemon -and -not $daemon.HasExited) { $daemon.Kill($true) }
    Stop-All
}

Describe 'A device over SSH' -Skip:$missing {
    It 'is refused while its host key is not known, and with a key that it does not know' {
        { Register-EdgeDevice $address -KeyFilePath "$folder/user" -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceAuthenticationFailed,*'
        "[127.0.0.1]:$port $(Get-Content "$folder/host.pub")" | Set-Content "$folder/known_hosts"
        { Register-EdgeDevice $address -KeyFilePath "$folder/stranger" -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceAuthenticationFailed,*'
    }

    It 'takes keys and no passwords' {
        $password = [pscredential]::new('user', (ConvertTo-SecureString 'secret' -AsPlainText -Force))
        { Register-EdgeDevice $address -Credential $password -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceAuthenticationFailed,*'
        { Register-EdgeDevice $device -HostKeyPolicy AcceptNew -ErrorAction Stop } | Should -Throw -ErrorId 'HostKeyPolicyNotUsed,*'
    }

    It 'is registered, backed up, not read again, restored and tested like any other' {
        'one' | Set-Content "$device/a b.txt" -NoNewline
        $registered = Register-EdgeDevice $address -KeyFilePath "$folder/user"
        $registered.Id | Should -BeExactly 'ssh-1'
        (Test-EdgeDevice ssh-1).CanBackup | Should -BeTrue

        $backup = New-EdgeBackup ssh-1 -Name 'first'
        $backup.ItemCount | Should -BeGreaterThan 1
        (New-EdgeBackup ssh-1 -Automatic).Changed | Should -BeFalse

        'two' | Set-Content "$device/a b.txt" -NoNewline
        'new' | Set-Content "$device/new.txt" -NoNewline
        $restored = Restore-EdgeBackup $backup -Confirm:$false
        $restored.Verified | Should -BeTrue
        $restored.Restored | Should -Contain 'a b.txt'
        $restored.Removed | Should -Contain 'new.txt'
        Get-Content "$device/a b.txt" -Raw | Should -BeExactly 'one'
        Test-Path "$device/new.txt" | Should -BeFalse
        (Get-ChildItem (Split-Path $device) -Force -Filter '.*edgebackup*') | Should -BeNullOrEmpty
    }

    It 'can be given another key, which is tried first' {
        { Set-EdgeDevice ssh-1 -KeyFilePath "$folder/stranger" -ErrorAction Stop } | Should -Throw -ErrorId 'DeviceAuthenticationFailed,*'
        (New-EdgeBackup ssh-1 -Automatic).Device | Should -BeExactly 'ssh-1'
        Copy-Item "$folder/user" "$folder/second"
        (Set-EdgeDevice ssh-1 -KeyFilePath "$folder/second").Id | Should -BeExactly 'ssh-1'
    }
}
