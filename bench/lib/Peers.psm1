#Requires -Version 7.6
# restic (encrypted, default compression) and borg (repokey-blake2, zstd 1), each work as its users start it.
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot 'Bench.psm1')

# Keys, caches and settings of the peers stay in the working folder.
function Initialize-Peer([string] $Work) {
    $env:RESTIC_PASSWORD = 'bench'
    $env:RESTIC_CACHE_DIR = Join-Path $Work 'restic-cache'
    $env:BORG_PASSPHRASE = 'bench'
    $env:BORG_BASE_DIR = Join-Path $Work 'borg-base'
    $env:BORG_RELOCATED_REPO_ACCESS_IS_OK = 'yes'
    $env:BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK = 'yes'
    $null = New-Item -ItemType Directory -Force $env:BORG_BASE_DIR
}

function New-PeerRepository([string] $Peer, [string] $Repository) {
    $null = switch ($Peer) {
        'restic' { Measure-Program restic '-q', 'init', '-r', $Repository }
        'borg' { Measure-Program borg 'init', '-e', 'repokey-blake2', $Repository }
    }
}

# A snapshot of one folder; borg wants a name for it.
function Measure-PeerBackup([string] $Peer, [string] $Repository, [string] $Folder, [string] $Name) {
    switch ($Peer) {
        'restic' { Measure-Program restic '-q', '-r', $Repository, 'backup', $Folder }
        'borg' { Measure-Program borg 'create', '-C', 'zstd,1', "${Repository}::$Name", '.' -In $Folder }
    }
}

# A snapshot of each folder in a loop, as users script a fleet.
function Measure-PeerLoop([string] $Peer, [string] $Repository, [string] $Fleet, [string] $Night) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $all = foreach ($device in Get-ChildItem $Fleet -Directory) {
        Measure-PeerBackup $Peer $Repository $device.FullName "$($device.Name)-$Night"
    }
    Join-Measure $all -Wall $watch.Elapsed.TotalSeconds
}

function Measure-PeerRestore([string] $Peer, [string] $Repository, [string] $Name, [string] $Folder, [string] $Target) {
    $null = New-Item -ItemType Directory -Force $Target
    switch ($Peer) {
        'restic' { Measure-Program restic '-q', '-r', $Repository, 'restore', 'latest', '--path', $Folder, '--target', $Target }
        'borg' { Measure-Program borg 'extract', "${Repository}::$Name" -In $Target }
    }
}

function Measure-PeerVerify([string] $Peer, [string] $Repository) {
    switch ($Peer) {
        'restic' { Measure-Program restic '-q', '-r', $Repository, 'check', '--read-data' }
        'borg' { Measure-Program borg 'check', '--verify-data', $Repository }
    }
}

# Keeps the newest snapshot of each device and frees the space of the others.
function Measure-PeerRetention([string] $Peer, [string] $Repository, [string] $Fleet) {
    if ($Peer -eq 'restic') {
        return Measure-Program restic '-q', '-r', $Repository, 'forget', '--group-by', 'host,paths', '--keep-last', '1', '--prune'
    }

    $watch = [Diagnostics.Stopwatch]::StartNew()
    $all = @(foreach ($device in Get-ChildItem $Fleet -Directory) {
            Measure-Program borg 'prune', '--keep-last', '1', '--glob-archives', "$($device.Name)-*", $Repository
        })
    $all += Measure-Program borg 'compact', $Repository
    Join-Measure $all -Wall $watch.Elapsed.TotalSeconds
}

Export-ModuleMember -Function *-Peer*
