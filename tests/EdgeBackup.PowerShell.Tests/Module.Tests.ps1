# How the staged module loads, unloads and keeps to itself.
BeforeDiscovery {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath) -Force
    $commands = @(Get-Command -Module EdgeBackup -CommandType Cmdlet | ForEach-Object { @{ Name = $_.Name; Command = $_ } })
}

BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath) -Force

    function Invoke-FreshShell([string] $Script) {
        # A process of its own: what is loaded once stays loaded.
        $env:EDGEBACKUP_TEST_MODULES = Split-Path (Get-ModulePath)
        $prelude = '$ErrorActionPreference = "Stop"; $env:PSModulePath = $env:EDGEBACKUP_TEST_MODULES + [IO.Path]::PathSeparator + $env:PSModulePath;'
        $output = pwsh -NoProfile -NonInteractive -Command "$prelude $Script" 2>&1
        if ($LASTEXITCODE -ne 0) { throw "$output" }
        $output
    }

    function Get-AssemblyCmdlet {
        $assembly = (Get-Module EdgeBackup).NestedModules[0].ImplementingAssembly
        $assembly.ExportedTypes | Where-Object { $_.IsSubclassOf([System.Management.Automation.Cmdlet]) -and -not $_.IsAbstract } | ForEach-Object {
            $attribute = $_.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false)[0]
            "$($attribute.VerbName)-$($attribute.NounName)"
        }
    }
}

Describe 'Loading' {
    It 'survives being imported twice by force' {
        $count = (Get-Module EdgeBackup).ExportedCmdlets.Count
        Import-Module (Get-ModulePath) -Force
        Import-Module (Get-ModulePath) -Force
        (Get-Module EdgeBackup).ExportedCmdlets.Count | Should -Be $count
    }

    It 'survives being removed and imported again' {
        Invoke-FreshShell 'Import-Module EdgeBackup; Remove-Module EdgeBackup; Import-Module EdgeBackup; Import-Module EdgeBackup -Force; (Get-Module EdgeBackup).Name' |
            Should -Be 'EdgeBackup'
    }

    It 'serves several runspaces, and one that removes it does not take it from the others' {
        Invoke-FreshShell @'
Import-Module EdgeBackup
1..3 | ForEach-Object -Parallel { Import-Module EdgeBackup; Remove-Module EdgeBackup } -ThrottleLimit 3
[EdgeBackup.BackupInfo].Assembly.GetType('EdgeBackup.PowerShell.Errors.EdgeErrors').GetMethod('ToErrorRecord').Invoke($null, @([Exception]::new('x'), $null)) | Out-Null
'resolved'
'@ | Should -Be 'resolved'
    }

    It 'needs no type of Core before its hook is in place' {
        $dll = Join-Path (Get-ModulePath) 'bin' 'EdgeBackup.PowerShell.dll'
        [int](Invoke-FreshShell "@([Reflection.Assembly]::LoadFrom('$dll').ExportedTypes).Count") | Should -BeGreaterThan 10
    }

    It 'is found by its own commands' -ForEach $commands {
        (Get-Module (Get-ModulePath) -ListAvailable).ExportedCmdlets.Keys | Should -Contain $Name
    }
}

Describe 'Dependencies' {
    It 'live in a context of their own' {
        $result = Invoke-FreshShell @'
Import-Module EdgeBackup
[EdgeBackup.BackupInfo].Assembly.GetType('EdgeBackup.PowerShell.Errors.EdgeErrors').GetMethod('ToErrorRecord').Invoke($null, @([Exception]::new('x'), $null)) | Out-Null
$context = [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -EQ EdgeBackup
foreach ($name in 'Microsoft.Data.Sqlite', 'Polly.Core', 'SQLitePCLRaw.core') {
    $null = $context.LoadFromAssemblyName([Reflection.AssemblyName] $name)
}
[System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.GetName().Name -match 'Sqlite|Polly|EdgeBackup' -join ' '
$context.Assemblies.GetName().Name | Sort-Object
'@
        $result[0] | Should -Be 'EdgeBackup.PowerShell'
        $result[1..9] | Should -Be 'EdgeBackup.Core', 'Microsoft.Data.Sqlite', 'Polly.Core', 'SQLitePCLRaw.core'
    }

    It 'cannot be asked for by others' {
        Invoke-FreshShell 'Import-Module EdgeBackup; try { [Reflection.Assembly]::Load("Polly.Core") } catch [IO.FileNotFoundException] { "private" }' |
            Should -Be 'private'
    }

    It 'bring the SQLite of this system, which answers' {
        Invoke-FreshShell @'
Import-Module EdgeBackup
$context = [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -EQ EdgeBackup
$sqlite = $context.LoadFromAssemblyName([Reflection.AssemblyName] 'Microsoft.Data.Sqlite')
$connection = [Activator]::CreateInstance($sqlite.GetType('Microsoft.Data.Sqlite.SqliteConnection'), 'Data Source=:memory:;Pooling=false')
$connection.Open()
$command = $connection.CreateCommand(); $command.CommandText = 'select sqlite_version()'; $command.ExecuteScalar()
$connection.Dispose()
'@ | Should -Match '^3\.\d+\.\d+$'
    }

    It 'carry native libraries for exactly six systems' {
        $runtimes = Join-Path (Get-ModulePath) 'bin' 'dependencies' 'runtimes'
        (Get-ChildItem $runtimes).Name | Sort-Object |
            Should -Be 'linux-arm64', 'linux-musl-x64', 'linux-x64', 'osx-arm64', 'win-arm64', 'win-x64'
        Get-ChildItem $runtimes -Recurse -File | Should -HaveCount 6
    }
}

Describe 'The manifest' {
    It 'is valid' {
        { Test-ModuleManifest (Join-Path (Get-ModulePath) 'EdgeBackup.psd1') -ErrorAction Stop } | Should -Not -Throw
    }

    It 'names every cmdlet of the assembly, and no other, in order' {
        $manifest = Import-PowerShellDataFile (Join-Path (Get-ModulePath) 'EdgeBackup.psd1')
        @($manifest.CmdletsToExport) | Should -Be @(Get-AssemblyCmdlet | Sort-Object { $_.Split('-')[1] }, { $_ })
    }

    It 'exports no Remove-EdgeBackup: nobody deletes a backup by hand (R9)' {
        Get-Command Remove-EdgeBackup -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}

Describe '<Name>' -ForEach $commands {
    It 'has an approved verb' {
        (Get-Verb).Verb | Should -Contain $Command.Verb
    }

    It 'has a singular noun that begins with Edge' {
        $Command.Noun | Should -Match '^Edge[A-Z]\w+(?<!s)$'
    }

    It 'takes -Repository' {
        $Command.Parameters.Keys | Should -Contain 'Repository'
    }

    It 'says what it gives' {
        $Command.OutputType | Should -Not -BeNullOrEmpty
    }

    It 'binds neither -Id nor -Name from the pipeline, nor Restore its -Device' {
        $bound = $Command.Parameters.Values | Where-Object { $_.Attributes.Where({ $_.ValueFromPipeline -or $_.ValueFromPipelineByPropertyName }) }
        $never = @('Id', 'Name') + @(if ($Name -eq 'Restore-EdgeBackup') { 'Device' })
        @($bound.Name | Where-Object { $_ -in $never }) | Should -BeNullOrEmpty
    }
}

Describe 'Output types' {
    It 'expose nothing of Core' {
        $assembly = [EdgeBackup.BackupInfo].Assembly
        $foreign = foreach ($type in $assembly.ExportedTypes) {
            foreach ($member in $type.GetProperties()) {
                if ("$($member.PropertyType)" -match 'EdgeBackup\.Core') { "$type.$($member.Name)" }
            }
        }
        $foreign | Should -BeNullOrEmpty
    }

    It 'have a table and a list view each' {
        $types = [EdgeBackup.BackupInfo].Assembly.ExportedTypes | Where-Object { $_.Namespace -eq 'EdgeBackup' -and $_.IsClass -and -not [System.Collections.IEnumerable].IsAssignableFrom($_) }
        foreach ($type in $types) {
            $views = (Get-FormatData -TypeName $type.FullName -PowerShellVersion $PSVersionTable.PSVersion).FormatViewDefinition
            $views | ForEach-Object { $_.Control.GetType().Name } | Should -Be 'TableControl', 'ListControl' -Because "$type is shown to people"
        }
    }
}
