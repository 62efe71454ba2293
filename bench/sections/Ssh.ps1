#Requires -Version 7.6
# 200 MB over ssh from loopback, against `ssh host tar c | cat`: five large files and two thousand small ones.
param([string] $Work, [int] $Runs)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../lib/Bench.psm1'), (Join-Path $PSScriptRoot '../lib/Report.psm1')

if (-not (Test-Path /usr/sbin/sshd)) { throw 'sshd is missing: apt-get install openssh-server.' }
$folder = New-Item -ItemType Directory -Force (Join-Path $Work 'ssh')
$data = New-Item -ItemType Directory (Join-Path $folder 'device')
foreach ($number in 1..5) { & head -c 32M /dev/urandom > "$data/large$number" }
& bash -c "cd '$data' && for d in `$(seq 20); do mkdir small`$d; head -c 2M /dev/urandom | split -b 20K -a 3 - small`$d/f; done"

foreach ($key in 'host', 'user') { & ssh-keygen -q -t ed25519 -N '' -f "$folder/$key" }
Copy-Item "$folder/user.pub" "$folder/authorized_keys"
$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
$listener.Start()
$port = $listener.LocalEndpoint.Port
$listener.Stop()
@"
Port $port
ListenAddress 127.0.0.1
HostKey $folder/host
PidFile none
AuthorizedKeysFile $folder/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
LogLevel ERROR
"@ | Set-Content "$folder/sshd_config"
"[127.0.0.1]:$port $(Get-Content "$folder/host.pub")" | Set-Content "$folder/known_hosts"
@"
UserKnownHostsFile $folder/known_hosts
IdentityFile $folder/user
IdentitiesOnly yes
BatchMode yes
"@ | Set-Content "$folder/ssh_config"
if ((& id -u) -eq '0') { $null = New-Item -ItemType Directory -Force /run/sshd }
$daemon = Start-Process /usr/sbin/sshd -ArgumentList '-D', '-f', "$folder/sshd_config" -PassThru
try {
    $user = & id -un
    $plain, $ours = [Collections.Generic.List[double]]::new(), [Collections.Generic.List[double]]::new()
    foreach ($try in 1..50) { if (& ssh -F "$folder/ssh_config" -p $port "$user@127.0.0.1" 'echo up' 2>$null) { break }; Start-Sleep -Milliseconds 100 }
    foreach ($run in 1..$Runs) {
        $plain.Add((Measure-Command { & bash -c "ssh -F '$folder/ssh_config' -p $port $user@127.0.0.1 'tar -C $data -cf - .' | cat >/dev/null" }).TotalSeconds)
        $answer = & dotnet $env:EDGEBACKUP_BENCH_TOOL ssh "ssh://$user@127.0.0.1:$port$data" "$folder/ssh_config"
        if ($LASTEXITCODE -ne 0) { throw "The capture failed: $answer" }
        $seconds, $bytes = -split $answer
        if ([long] $bytes -ne 5 * 32MB + 20 * 2MB) { throw "The capture read $bytes bytes." }
        $ours.Add([double] $seconds)
        Write-Host "ssh, run $run of ${Runs}: $([Math]::Round($plain[-1], 2)) s and $([Math]::Round($ours[-1], 2)) s"
    }
}
finally {
    $daemon.Kill($true)
    Remove-Item $folder -Recurse -Force
}
$one, $two = (Get-Median $plain), (Get-Median $ours)
'## 200 MB over SSH from loopback'
''
"Five files of 32 MB and 2080 of 20 KB, of random bytes; a capture whose bytes are thrown away. $(Get-MachineText). $(Get-Date -Format 'yyyy-MM-dd'); medians of $Runs runs, load at the end $((Get-Content /proc/loadavg -ErrorAction Ignore) -replace '^(\S+ \S+ \S+).*', '$1')."
''
'| | time | throughput |'
'|---|---|---|'
"| ``ssh host tar c \| cat`` | $([Math]::Round($one, 2)) s | $([Math]::Round(200 / $one)) MB/s |"
"| EdgeBackup, listing and both looks at every file included | $([Math]::Round($two, 2)) s | $([Math]::Round(200 / $two)) MB/s |"
''
"The goal is half the speed of the plain tar: $([Math]::Round($one / $two, 2)) of it was reached."
''
