# Drift: two backups, or a backup and a device.
BeforeAll {
    . $PSScriptRoot/DeviceSupport.ps1
    $repository = New-TestRepository
    Start-Fleet
    $null = Add-Device 'one'
    Set-DeviceItem one 'config/limits.json' '{"limit":16,"token":"a"}'
    Set-DeviceItem one 'config/old.txt' 'old'
    $first = New-EdgeBackup one -Name 'before'
    Set-DeviceItem one 'config/limits.json' '{"limit":32,"token":"a"}'
    Set-DeviceItem one 'config/new.txt' 'new'
    Remove-DeviceItem one 'config/old.txt'
    $second = New-EdgeBackup one -Name 'after'
}

AfterAll {
    Stop-All
}

Describe 'Two backups' {
    It 'differ item by item and value by value' {
        $found = @(Compare-EdgeBackup before after)
        $found.Path | Should -Be 'config/limits.json', 'config/new.txt', 'config/old.txt'
        $found.Change | Should -Be 'Modified', 'Added', 'Removed'
        $found[0].GetType().FullName | Should -Be 'EdgeBackup.BackupDifference'
        $found[0].Format | Should -Be 'Json'
        $found[0].Detail | Should -HaveCount 1
        "$($found[0].Detail[0])" | Should -Be '~ /limit: 16 -> 32'
        $found[1].ReferenceLength | Should -BeNullOrEmpty
        $found[1].DifferenceLength | Should -Be 3
        $found[2].ReferenceLength | Should -Be 3
        $found[2].Reference | Should -Be $first.Id
        $found[2].Difference | Should -Be $second.Id
    }

    It 'come by parameter, by value and by the property Backup, in either order' {
        @(Compare-EdgeBackup -Reference $first.Id -Difference $second.Id).Path | Should -HaveCount 3
        @($first.Id | Compare-EdgeBackup -Difference after).Path | Should -HaveCount 3
        @($first | Compare-EdgeBackup -Difference $second.Id).Path | Should -HaveCount 3
        @([pscustomobject]@{ Backup = $second.Id } | Compare-EdgeBackup -Difference before).Change | Should -Be 'Modified', 'Removed', 'Added'
    }

    It 'that are the same give nothing' {
        Compare-EdgeBackup before before | Should -BeNullOrEmpty
    }

    It 'are compared as far as -Path says' {
        (Compare-EdgeBackup before after -Path 'config/*.json').Path | Should -Be 'config/limits.json'
        (Compare-EdgeBackup before after -Path config).Path | Should -HaveCount 3
        Compare-EdgeBackup before after -Path 'none/*' | Should -BeNullOrEmpty
        Get-Refusal { Compare-EdgeBackup before after -Path 'config/limit.json' } | Should -BeLike 'ItemPathInvalid:*config/limits.json*'
    }

    It 'give the first difference to Select-Object -First and stop' {
        (Compare-EdgeBackup before after | Select-Object -First 1).Path | Should -Be 'config/limits.json'
        Get-ChildItem (Join-Path $repository.Path 'leases') -Recurse -File -ErrorAction Ignore | Where-Object Name -notlike 'maintain-*' | Should -BeNullOrEmpty
    }

    It 'show what differs, also after a job' {
        $PSStyle.OutputRendering = 'PlainText'
        Compare-EdgeBackup before after | Format-List | Out-String | Should -Match '~ /limit: 16 -> 32'
        Compare-EdgeBackup before after | Out-String | Should -Match 'Modified +24 B +24 B +1 config/limits\.json'
        $back = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize((Compare-EdgeBackup before after -Path '*.json'), 3))
        $back | Format-List | Out-String | Should -Match '~ /limit: 16 -> 32'
    }

    It 'that do not exist are an error' {
        Get-Refusal { Compare-EdgeBackup befor after } | Should -BeLike "BackupNotFound:*'before'*"
        Get-Refusal { Compare-EdgeBackup before nothing } | Should -BeLike 'BackupNotFound:*'
    }

    It 'do not keep each other from being compared' {
        $watched = Watch { 'nothing', 'before' | Compare-EdgeBackup -Difference after }
        $watched.Errors | Should -HaveCount 1
        $watched.Output | Should -HaveCount 3
    }
}

Describe 'A device' {
    It 'is compared as it is now' {
        Compare-EdgeBackup after -Device one | Should -BeNullOrEmpty
        Set-DeviceItem one 'config/limits.json' '{"limit":8,"token":"a"}'
        "$((Compare-EdgeBackup after -Device one).Detail)" | Should -Be '~ /limit: 32 -> 8'
    }

    It 'is compared while it charges, and is not held' {
        $null = Invoke-Control 'one/transactions' POST @{}
        $calls = @(Get-DeviceCall one).Count
        $watched = Watch { Compare-EdgeBackup after -Device one }
        $watched.Errors | Should -BeNullOrEmpty
        $watched.Output.Path | Should -Be 'config/limits.json'
        Get-DeviceCall one -Skip $calls | Should -Not -Match '^(POST|PUT|DELETE|PATCH)'
        $null = Invoke-Control 'one/transactions' DELETE
    }

    It 'does not bind from the pipeline' {
        (Get-Command Compare-EdgeBackup).Parameters.Device.Attributes.ValueFromPipelineByPropertyName | Should -Not -Contain $true
    }

    It 'that is not registered, or does not answer, is an error' {
        Get-Refusal { Compare-EdgeBackup after -Device onn } | Should -BeLike "DeviceNotFound:*'one'*"
        $folder = New-FolderDevice -Id 'away'
        $null = Register-EdgeDevice $folder
        $null = New-EdgeBackup away -Name 'away'
        Remove-Item -LiteralPath $folder -Recurse -Force
        Get-Refusal { Compare-EdgeBackup away -Device away } | Should -BeLike 'DeviceUnreachable:*'
    }

    It 'whose item breaks off is an error and no difference' {
        Add-Fault one @{ kind = 'shortBody'; path = 'items/config/limits.json'; bytes = 5; times = -1 }
        $watched = Watch { Compare-EdgeBackup after -Device one }
        Reset-Device one
        $watched.Errors | Should -HaveCount 1
        $watched.Output | Should -BeNullOrEmpty
    }

    It 'that is slow is left alone at Ctrl+C' {
        Add-Fault one @{ kind = 'slow'; path = 'items/config/limits.json'; seconds = 60; times = -1 }
        $calls = @(Get-DeviceCall one).Count
        $shell = [powershell]::Create()
        $null = $shell.AddScript("`$ProgressPreference = 'SilentlyContinue'; Import-Module '$(Get-ModulePath)'; Compare-EdgeBackup after -Device one -Repository '$($repository.Path)'")
        $running = $shell.BeginInvoke()
        $deadline = (Get-Date).AddMinutes(2)
        while (-not (Get-DeviceCall one -Skip $calls | Where-Object { $_ -match 'items/config/limits.json' })) {
            if ((Get-Date) -gt $deadline -or $running.IsCompleted) { throw "It never came so far: $($shell.Streams.Error)" }
            Start-Sleep -Milliseconds 20
        }
        (Measure-Command { $shell.Stop() }).TotalSeconds | Should -BeLessThan 50
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $shell.Dispose()
        Reset-Device one
    }
}

Describe 'Get-EdgeDevice' {
    It 'shows since when the configuration has been the same' {
        $folder = New-FolderDevice -Id 'steady'
        $null = Register-EdgeDevice $folder
        (Get-EdgeDevice steady).ConfigurationUnchangedSince | Should -BeNullOrEmpty
        $oldest = New-EdgeBackup steady -Automatic
        $null = New-EdgeBackup steady -Automatic
        (Get-EdgeDevice steady).ConfigurationUnchangedSince | Should -Be $oldest.Created
        'more' | Set-Content (Join-Path $folder 'more.txt')
        $newest = New-EdgeBackup steady -Automatic
        (Get-EdgeDevice steady).ConfigurationUnchangedSince | Should -Be $newest.Created
    }
}
