# The demo that the README names, `./build.ps1 -Task Demo`, without its build: the cmdlets as somebody sees them first.
BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    $simulator = Get-NewestBuild 'src/EdgeBackup.Simulator' 'EdgeBackup.Simulator.dll'
    # .../bin/<configuration>/net10.0/EdgeBackup.Simulator.dll
    $configuration = $simulator | Split-Path | Split-Path | Split-Path -Leaf
    $work = New-TestFolder -Prefix demo
    $before = $env:TMPDIR, $env:TMP, $env:TEMP
    try {
        # A folder of temporary files that is nobody else's.
        $env:TMPDIR = $env:TMP = $env:TEMP = $work
        $said = @(& pwsh -NoProfile -NonInteractive -File (Join-Path (Get-SourceRoot) 'tools' 'Invoke-Demo.ps1') -Configuration $configuration 2>&1 | ForEach-Object { "$_" })
        $code = $LASTEXITCODE
    }
    finally {
        $env:TMPDIR, $env:TMP, $env:TEMP = $before
    }
}

AfterAll {
    Remove-TestFolder
}

Describe 'The demo' {
    It 'does the whole job' {
        $code | Should -Be 0 -Because ($said -join "`n")
        ($said | Where-Object { $_ })[-1] | Should -Match 'Everything came out as it should\.'
        @($said -match '^\W*(\[\d+m)?\d+\. ') | Should -HaveCount 9
        $said -match '^\S*PS> .*Restore-EdgeBackup' | Should -Not -BeNullOrEmpty
        $said -match 'DeviceBusy: ' | Should -Not -BeNullOrEmpty
    }

    It 'leaves nothing behind' {
        Get-ChildItem $work -Filter 'edgebackup-demo-*' -Force | Should -BeNullOrEmpty
    }

    It 'is what build.ps1 runs' {
        $task = (Get-Command (Join-Path (Get-SourceRoot) 'build.ps1')).ScriptBlock.Ast.FindAll({ $args[0] -is [System.Management.Automation.Language.SwitchStatementAst] }, $true).Clauses |
            Where-Object { $_.Item1.Value -eq 'Demo' }
        "$($task.Item2)" | Should -Match "'tools' 'Invoke-Demo\.ps1'"
    }
}
