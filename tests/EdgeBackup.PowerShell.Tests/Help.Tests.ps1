# Get-Help answers from docs/cmdlets.
BeforeDiscovery {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath) -Force
    $commands = @(Get-Command -Module EdgeBackup -CommandType Cmdlet | ForEach-Object { @{ Name = $_.Name; Command = $_ } })
}

BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath) -Force
    $common = [System.Management.Automation.Cmdlet]::CommonParameters
}

Describe 'The help of <Name>' -ForEach $commands {
    BeforeAll {
        $help = Get-Help $Name -Full
    }

    It 'has a synopsis and a description of its own' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -Match "^\s*$Name"
        $help.Description.Text | Should -Not -BeNullOrEmpty
    }

    It 'has at least three titled examples that use it' {
        $help.Examples.Example.Count | Should -BeGreaterOrEqual 3
        foreach ($example in $help.Examples.Example) {
            $example.Title | Should -Match '^Example \d+: \S'
            $example.Code | Should -Match $Name
        }
    }

    It 'has examples that parse' {
        foreach ($example in $help.Examples.Example) {
            $problems = $null
            $null = [System.Management.Automation.Language.Parser]::ParseInput($example.Code, [ref] $null, [ref] $problems)
            $problems | Should -BeNullOrEmpty -Because $example.Title
        }
    }

    It 'has examples that use no parameter that does not exist' {
        foreach ($example in $help.Examples.Example) {
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($example.Code, [ref] $null, [ref] $null)
            foreach ($call in $tree.FindAll({ param($node) $node -is [System.Management.Automation.Language.CommandAst] }, $true)) {
                $called = Get-Command $call.GetCommandName() -Module EdgeBackup -ErrorAction Ignore
                if (-not $called) { continue }
                foreach ($parameter in $call.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] }) {
                    { $called.ResolveParameter($parameter.ParameterName) } | Should -Not -Throw -Because "$($example.Title) uses -$($parameter.ParameterName)"
                }
            }
        }
    }

    It 'describes every parameter' {
        foreach ($parameter in $Command.Parameters.Keys | Where-Object { $_ -notin $common -and $_ -notin 'WhatIf', 'Confirm' }) {
            ($help.Parameters.Parameter | Where-Object Name -EQ $parameter).Description.Text | Should -Not -BeNullOrEmpty -Because "-$parameter"
        }
    }
}

Describe 'about_EdgeBackup' {
    It 'is found' {
        "$(Get-Help about_EdgeBackup)" | Should -Match 'Backs up fleets of edge devices'
    }
}
