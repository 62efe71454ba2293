# Without anybody there: roles of JEA, and PowerShell that may not ask.
BeforeDiscovery {
    $roles = @(
        @{ Role = 'ReadOnly'; May = 'Get-EdgeDevice', 'Get-EdgeBackup', 'Get-EdgeArchive', 'Get-EdgeArchiveRecord', 'Test-EdgeArchive', 'Test-EdgeDevice', 'Get-EdgeEvent', 'Export-EdgeBackupMetric'; MayNot = 'Test-EdgeBackup', 'Test-EdgeRepository', 'Compare-EdgeBackup', 'Get-EdgeNotification', 'New-EdgeArchive', 'New-EdgeBackup', 'Restore-EdgeBackup', 'Set-EdgeDevice', 'Set-EdgeBackupPolicy', 'Connect-EdgeRepository', 'Get-EdgeRepositoryKey', 'Export-EdgeBackup', 'Optimize-EdgeRepository' }
        @{ Role = 'Operator'; May = 'Get-EdgeDevice', 'Get-EdgeArchive', 'Test-EdgeArchive', 'New-EdgeArchive', 'New-EdgeBackup', 'Restore-EdgeBackup', 'Protect-EdgeBackup', 'Invoke-EdgeBackupSchedule', 'Stop-EdgeTransaction', 'Compare-EdgeBackup', 'Test-EdgeBackup', 'Test-EdgeRepository', 'Test-EdgeNotification', 'Export-EdgeBackupMetric'; MayNot = 'Get-EdgeNotification', 'Register-EdgeNotification', 'Unregister-EdgeNotification', 'Unprotect-EdgeBackup', 'Unregister-EdgeDevice', 'Register-EdgeDevice', 'Optimize-EdgeRepository', 'Repair-EdgeRepository', 'Add-EdgeRepositoryKey', 'Get-EdgeRepositoryKey', 'Export-EdgeBackup', 'Switch-EdgeDevice', 'Register-EdgeBackupSchedule', 'Set-EdgeBackupPolicy' }
        @{ Role = 'Administrator'; May = 'Unprotect-EdgeBackup', 'Optimize-EdgeRepository', 'Add-EdgeRepositoryKey', 'Register-EdgeBackupSchedule', 'Switch-EdgeDevice', 'Register-EdgeNotification', 'Compare-EdgeBackup'; MayNot = 'Get-Content', 'Invoke-Expression', 'Start-Process', 'Set-Item' }
    )
}

BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = Initialize-EdgeRepository
    $folder = New-FolderDevice -Id 'j1'
    $null = Register-EdgeDevice $folder
    $backup = New-EdgeBackup j1 -Name 'first'
    $savedPath = $env:PSModulePath
    $env:PSModulePath = (Split-Path (Get-ModulePath)) + [IO.Path]::PathSeparator + $env:PSModulePath
    $work = New-TestFolder -Prefix jea

    function Open-Role([string] $Role) {
        # A runspace as the endpoint of a session configuration makes it.
        $file = Join-Path $work "$Role.pssc"
        New-PSSessionConfigurationFile -Path $file -SessionType RestrictedRemoteServer -RoleDefinitions @{ 'somebody' = @{ RoleCapabilities = "EdgeBackup$Role" } }
        $runspace = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateFromSessionConfigurationFile($file, { $true }))
        $runspace.Open()
        $runspace
    }

    function Invoke-InRole($Runspace, [string] $Command, [hashtable] $Parameter = @{}) {
        # Gives what comes out, or the message of what it failed with.
        $shell = [powershell]::Create($Runspace)
        try {
            $null = $shell.AddCommand($Command).AddParameters($Parameter)
            $shell.Invoke()
            $shell.Streams.Error | ForEach-Object { "$_" }
        }
        catch {
            "$($_.Exception.InnerException.Message)"
        }
        finally {
            $shell.Dispose()
        }
    }
}

AfterAll {
    $env:PSModulePath = $savedPath
    Stop-All
}

Describe 'The role <Role>' -ForEach $roles {
    BeforeAll {
        $runspace = Open-Role $Role
    }

    AfterAll {
        $runspace.Dispose()
    }

    It 'sees what it may use, and nothing of the rest' {
        $seen = (Invoke-InRole $runspace Get-Command).Name
        foreach ($name in $May) { $seen | Should -Contain $name }
        foreach ($name in $MayNot) {
            $seen | Should -Not -Contain $name
            Invoke-InRole $runspace $name | Should -Match 'is not recognized'
            Invoke-InRole $runspace "EdgeBackup\$name" | Should -Match 'is not recognized|not loaded'
        }
    }

    It 'has no language, and cannot leave the repository' {
        $runspace.SessionStateProxy.LanguageMode | Should -Be 'NoLanguage'
        (Invoke-InRole $runspace Get-EdgeDevice).Id | Should -Be 'j1'
        if ($Role -ne 'Administrator') {
            Invoke-InRole $runspace Get-EdgeDevice @{ Repository = $repository.Path } | Should -Match 'Repository'
        }
    }
}

Describe 'Somebody who only looks' {
    It 'leaves no trace, and reads metrics without naming a file' {
        $runspace = Open-Role ReadOnly
        try {
            $events = @(Get-EdgeEvent).Count
            (Invoke-InRole $runspace Export-EdgeBackupMetric) -join '' | Should -Match 'edgebackup_'
            Invoke-InRole $runspace Export-EdgeBackupMetric @{ Path = (Join-Path $work 'x.prom') } | Should -Match 'Path'
            (Invoke-InRole $runspace Test-EdgeDevice @{ Device = 'j1' }).Device | Should -Be 'j1'
            Invoke-InRole $runspace Get-EdgeArchive @{ Path = $work } | Should -BeNullOrEmpty -Because 'the folder is looked at, and holds none'
            Invoke-InRole $runspace Get-EdgeBackup @{ Group = 'nothing' } | Should -Match 'no group of backups'
            @(Get-EdgeEvent).Count | Should -Be $events
        }
        finally {
            $runspace.Dispose()
        }
    }
}

Describe 'An operator' {
    BeforeAll {
        $runspace = Open-Role Operator
    }

    AfterAll {
        $runspace.Dispose()
    }

    It 'takes, protects and restores backups' {
        $second = Invoke-InRole $runspace New-EdgeBackup @{ Device = 'j1'; Name = 'second' }
        $second.Name | Should -Be 'second'
        Invoke-InRole $runspace Protect-EdgeBackup @{ Backup = $second.Id }
        (Get-EdgeBackup -Id $second.Id).Protected | Should -BeTrue
        Set-Content (Join-Path $folder 'settings/site.ini') 'broken'
        (Invoke-InRole $runspace Restore-EdgeBackup @{ Backup = $backup.Id; Confirm = $false }).Verified | Should -BeTrue
        Get-Content (Join-Path $folder 'settings/site.ini') | Should -Be 'name=test'
    }

    It 'takes a group, looks at it and restores it' {
        $group = (Invoke-InRole $runspace New-EdgeBackup @{ Device = 'j1'; Name = 'together'; IncludeChildren = $true }).Group.Id
        (Invoke-InRole $runspace Get-EdgeBackup @{ Group = $group }).Device | Should -Be 'j1'
        (Invoke-InRole $runspace Restore-EdgeBackup @{ Group = $group; Confirm = $false }).Device | Should -Be 'j1'
        Invoke-InRole $runspace New-EdgeArchive @{ Device = 'j1'; Path = $work } | Should -Match 'no event log and no trend logs'
    }

    It 'cannot write a folder of the computer, pass over a fence, or leave out the safety backup' {
        foreach ($parameter in 'Destination', 'Force', 'SkipSafetyBackup') {
            Invoke-InRole $runspace Restore-EdgeBackup @{ Backup = $backup.Id; $parameter = $true } | Should -Match $parameter
        }
    }
}

Describe 'Without anybody to ask' {
    BeforeAll {
        # All in one process, with an end to it: a prompt would hang.
        $script = Join-Path $work 'unattended.ps1'
        Set-Content $script @'
param($Module, $Backup)
$PSStyle.OutputRendering = 'PlainText'
Import-Module $Module
# What would begin something without a parameter that is needed is shown only.
$results = foreach ($command in Get-Command -Module EdgeBackup -CommandType Cmdlet | Sort-Object Name) {
    $quiet = if ($command.Parameters.ContainsKey('WhatIf')) { @{ WhatIf = $true } } else { @{} }
    $id = try { $null = & $command @quiet -ErrorAction Stop -WarningAction SilentlyContinue 6> $null; '' } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
    [ordered]@{ What = $command.Name; Id = $id; Message = '' }
}
$asked = foreach ($line in "Restore-EdgeBackup $Backup", 'Optimize-EdgeRepository', 'Switch-EdgeDevice -Device j1 -Replaces j0', 'Unregister-EdgeDevice j1 -Confirm', 'Set-EdgeBackupPolicy -KeepLast 1 -Confirm') {
    $failures = $null
    try { $null = Invoke-Expression "$line -ErrorAction SilentlyContinue -ErrorVariable failures" } catch { $failures = $_ }
    [ordered]@{ What = $line; Id = "$($failures[0].FullyQualifiedErrorId)".Split(',')[0]; Message = "$($failures[0])" }
}
@{ Plain = $results; Asked = $asked } | ConvertTo-Json -Depth 3
'@
        $process = Start-Process pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-File', $script, (Get-ModulePath), $backup.Id -RedirectStandardOutput "$script.out" -RedirectStandardError "$script.err" -PassThru
        $ended = $process.WaitForExit(300000)
        if (-not $ended) { $process.Kill($true) }
        $text = Get-Content -Raw "$script.out"
        $told = $text.Substring([Math]::Max(0, $text.IndexOf("`n{") + 1)) | ConvertFrom-Json
    }

    It 'no command waits for an answer' {
        $ended | Should -BeTrue
        $told.Plain.What | Should -Be (Get-Command -Module EdgeBackup -CommandType Cmdlet).Name.ForEach({ $_ }) -Because 'each one came back'
    }

    It 'a parameter that is missing is an error at once' {
        foreach ($name in 'New-EdgeBackup', 'Register-EdgeDevice', 'Restore-EdgeBackup', 'Unregister-EdgeBackupSchedule', 'Test-EdgeBackup') {
            ($told.Plain | Where-Object What -EQ $name).Id | Should -Be 'MissingMandatoryParameter' -Because $name
        }
    }

    It 'what must be confirmed is refused, and the error says how to say so beforehand' {
        foreach ($one in $told.Asked) {
            $one.Message | Should -Match '-Confirm:\$false' -Because $one.What
        }
        (Get-EdgeDevice j1).State | Should -Be 'Active'
    }
}
