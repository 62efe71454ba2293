#Requires -Version 7.6
<#
.SYNOPSIS
    Writes docs/about_EdgeBackup_Methods.md from what Get-EdgeBackupMethod says of the shipped types.

.PARAMETER Module
    The built module.

.PARAMETER Path
    Where the page goes; the page in docs unless given.
#>
[CmdletBinding()]
param(
    [string] $Module = (Join-Path $PSScriptRoot '..' 'output' 'EdgeBackup'),

    [string] $Path = (Join-Path $PSScriptRoot '..' 'docs' 'about_EdgeBackup_Methods.md')
)

$ErrorActionPreference = 'Stop'
Import-Module $Module

function Format-Sentences([string[]] $Sentences) {
    if ($Sentences) { $Sentences | ForEach-Object { "- $_" } } else { '- Nothing.' }
}

$lines = @(
    '# about_EdgeBackup_Methods'
    ''
    '## Short description'
    ''
    'What a backup of each kind of device holds and does not hold, how it is taken and restored, and what does not come back.'
    ''
    '## Long description'
    ''
    'How a device is backed up depends on how it is reached and on its type. This page is written from what Get-EdgeBackupMethod says of the types that EdgeBackup ships; the command also knows your own types:'
    ''
    '```'
    'Get-EdgeBackupMethod | Format-List'
    'Get-EdgeDevice server-1 | Get-EdgeBackupMethod | Format-List'
    '```'
    ''
    'Whatever the method, a backup says in NotSaved what it left out and why, and a restore says in NotRestored what it did not bring back.'
)
foreach ($method in Get-EdgeBackupMethod | Where-Object Source -EQ BuiltIn) {
    $lines += @(
        ''
        "## $($method.Title), $($method.Connection.ToString().ToUpperInvariant() -replace 'FOLDER', 'folder' -replace 'BACNET', 'BACnet') ($($method.Type))"
        ''
        'A backup holds:'
        ''
        Format-Sentences $method.Contains
        ''
        'It does not hold:'
        ''
        Format-Sentences $method.NotContained
        ''
        "How it is taken: $($method.Trigger)"
        ''
        "What it is: $($method.Format)"
        ''
        "How it is restored: $($method.Restore)"
        ''
        'A restore does not bring back:'
        ''
        Format-Sentences $method.NotRestored
    )
}

Set-Content -LiteralPath $Path -Value (($lines -join "`n") + "`n") -NoNewline -Encoding utf8NoBOM
