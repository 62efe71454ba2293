# How a cmdlet over an asynchronous engine behaves, whatever the engine does.
BeforeAll {
    Import-Module $PSScriptRoot/TestSupport.psm1 -Force
    Import-Module (Get-ModulePath)
    Import-Module (Get-TestCmdletPath)
}

Describe 'A command over an asynchronous engine' {
    BeforeEach {
        $journal = [hashtable]::Synchronized(@{})
    }

    It 'writes what the engine writes, in order' {
        Invoke-TestEngine -Journal $journal -Count 500 | Should -Be (1..500)
    }

    It 'runs the engine on another thread than the pipeline' {
        $null = Invoke-TestEngine -Journal $journal
        $journal.Thread | Should -Not -Be ([Environment]::CurrentManagedThreadId)
    }

    It 'holds the engine back until the pipeline has taken the object' {
        $ahead = Invoke-TestEngine -Journal $journal -Count 50 | ForEach-Object { Start-Sleep -Milliseconds 2; $journal.Written - $_ }
        ($ahead | Measure-Object -Maximum).Maximum | Should -BeLessOrEqual 0
    }

    It 'ends the engine, and waits for it, when Select-Object has enough' {
        Invoke-TestEngine -Journal $journal -Count 100000 -CleanUpMilliseconds 300 | Select-Object -First 1 | Should -Be 1
        $journal.CleanedUp | Should -BeTrue
        $journal.Written | Should -BeLessThan 3
    }

    It 'tells everything the engine has running that the pipeline has enough' {
        Invoke-TestEngine -Journal $journal -Count 100 -WithSideTask | Select-Object -First 1 | Should -Be 1
        $journal.SideCancelled | Should -BeTrue
    }

    It 'ends the engine, and waits for it, when an error stops the pipeline' {
        $thrown = Get-Thrown { Invoke-TestEngine -Journal $journal -Count 100 -ErrorAt 3 -ErrorAction Stop }
        $thrown.FullyQualifiedErrorId | Should -BeLike 'DeviceUnreachable,*'
        $journal.CleanedUp | Should -BeTrue
        $journal.Written | Should -Be 2
    }

    It 'ends the engine, and waits for it, when a command downstream throws' {
        $thrown = Get-Thrown { Invoke-TestEngine -Journal $journal -Count 100 | ForEach-Object { if ($_ -eq 4) { throw 'downstream' } } }
        "$thrown" | Should -Be 'downstream'
        $journal.CleanedUp | Should -BeTrue
    }

    It 'goes on after a non-terminating error' {
        $output = Invoke-TestEngine -Journal $journal -Count 5 -ErrorAt 2, 4 -ErrorVariable problems -ErrorAction SilentlyContinue
        $output | Should -Be 1, 3, 5
        $problems | Should -HaveCount 2
        $problems[0].TargetObject | Should -Be '2'
        $problems[0].CategoryInfo.Category | Should -Be 'ConnectionError'
    }

    It 'turns what the engine throws into one terminating error with its id and target' {
        $thrown = Get-Thrown { Invoke-TestEngine -Journal $journal -ThrowAt 2 -ErrorId DeviceBusy }
        $thrown.FullyQualifiedErrorId | Should -BeLike 'DeviceBusy,*'
        $thrown.TargetObject | Should -Be 'X'
        $thrown.CategoryInfo.Category | Should -Be 'ResourceBusy'
        "$thrown" | Should -Be "It happened to 'X'. Do this."
    }

    It 'says of a defect that it is one' {
        $thrown = Get-Thrown { Invoke-TestEngine -Journal $journal -ThrowAt 1 }
        $thrown.FullyQualifiedErrorId | Should -BeLike 'UnexpectedError,*'
        "$thrown" | Should -BeLike '*broken inside*report it*'
    }

    It 'gives the next input its turn where one of many fails' {
        'a', 'b' | Invoke-TestEngine -Journal $journal -Count 3 -ThrowAt 2 -ErrorId CaptureFailed -NonTerminating -ErrorVariable problems -ErrorAction SilentlyContinue |
            Should -Be 1, 1
        $problems | Should -HaveCount 2
    }

    It 'tells the story in its place' {
        $all = Invoke-TestEngine -Journal $journal -Count 2 -Verbose 4>&1
        "$all" | Should -Be 'number 1 1 number 2 2 cleaned up'
    }

    It 'asks on the thread of the pipeline, so that -WhatIf works' {
        Invoke-TestEngine -Journal $journal -Count 3 -Ask -WhatIf | Should -BeNullOrEmpty
        Invoke-TestEngine -Journal $journal -Count 3 -Ask -Confirm:$false | Should -Be 1, 2, 3
    }
}

Describe 'Progress' {
    BeforeAll {
        function Invoke-InRunspace([string] $Script, [hashtable] $Journal) {
            $shell = [powershell]::Create()
            $null = $shell.AddScript("param(`$journal) $Script").AddArgument($Journal)
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $output = $shell.Invoke()
            [pscustomobject]@{ Output = $output; Progress = @($shell.Streams.Progress); Error = @($shell.Streams.Error); Seconds = $watch.Elapsed.TotalSeconds }
            $shell.Dispose()
        }
        $import = "Import-Module '$(Get-ModulePath)'; Import-Module '$((Get-Command Invoke-TestEngine).Module.Path)';"
    }

    It 'is shown a few times a second and taken away at the end' {
        $run = Invoke-InRunspace "$import Invoke-TestEngine -Journal `$journal -Count 60 -ShowProgress" @{}
        $run.Output | Should -HaveCount 60
        $shown = @($run.Progress | Where-Object RecordType -EQ Processing | Where-Object Activity -EQ Counting)
        $shown.Count | Should -BeGreaterThan 1
        $shown.Count | Should -BeLessOrEqual ($run.Seconds * 4 + 1) -Because 'each is shown for a quarter of a second'
        $run.Progress[-1].RecordType | Should -Be 'Completed'
    }

    It 'is taken away after a failure too' {
        $run = Invoke-InRunspace "$import Invoke-TestEngine -Journal `$journal -Count 60 -ShowProgress -ThrowAt 40 -ErrorId DeviceBusy -ErrorAction SilentlyContinue; 'after'" @{}
        $run.Progress[-1].RecordType | Should -Be 'Completed'
    }

    It 'is taken away when the pipeline has enough' {
        $run = Invoke-InRunspace "$import Invoke-TestEngine -Journal `$journal -Count 60 -ShowProgress | Select-Object -First 30" @{}
        $run.Output | Should -HaveCount 30
        $run.Progress[-1].RecordType | Should -Be 'Completed'
    }

    It 'honours $ProgressPreference' {
        $run = Invoke-InRunspace "$import `$ProgressPreference = 'SilentlyContinue'; Invoke-TestEngine -Journal `$journal -Count 20 -ShowProgress" @{}
        $run.Progress | Where-Object Activity -EQ Counting | Should -BeNullOrEmpty
    }
}

Describe 'Ctrl+C' {
    BeforeAll {
        $import = "Import-Module '$(Get-ModulePath)'; Import-Module '$((Get-Command Invoke-TestEngine).Module.Path)';"

        function Start-Engine([string] $Arguments) {
            $null = $shell.AddScript("param(`$journal) $import Invoke-TestEngine -Journal `$journal $Arguments").AddArgument($journal)
            $shell.BeginInvoke()
        }
    }

    BeforeEach {
        $journal = [hashtable]::Synchronized(@{})
        $shell = [powershell]::Create()
    }

    AfterEach {
        $shell.Dispose()
    }

    It 'ends an engine that waits, after its clean-up' {
        $running = Start-Engine '-Count 1 -Hang -CleanUpMilliseconds 400'
        while (-not $journal.Written) { Start-Sleep -Milliseconds 20 }

        $watch = [Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()

        $journal.Cancelled | Should -BeTrue
        $journal.CleanedUp | Should -BeTrue
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 60
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $running.IsCompleted | Should -BeTrue
    }

    It 'ends an engine in the middle of a flood of output' {
        $null = Start-Engine '-Count 2000000000'
        while (-not ($journal.Written -gt 100)) { Start-Sleep -Milliseconds 20 }

        $shell.Stop()

        $journal.CleanedUp | Should -BeTrue
        $written = $journal.Written
        Start-Sleep -Milliseconds 200
        $journal.Written | Should -Be $written
    }

    It 'leaves the runspace fit for the next command' {
        $null = Start-Engine '-Count 1 -Hang'
        while (-not $journal.Written) { Start-Sleep -Milliseconds 20 }
        $shell.Stop()

        $shell.Commands.Clear()
        $null = $shell.AddScript('Invoke-TestEngine -Journal @{} -Count 3')
        $shell.Invoke() | Should -Be 1, 2, 3
    }
}
