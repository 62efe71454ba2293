# The DSC v3 command resources beside this file: one operation on one instance, JSON in, JSON out.
# dsc runs it in this folder; an error is one line of JSON on standard error, and exit code 1.
param(
    [Parameter(Mandatory, Position = 0)] [ValidateSet('EdgeDevice', 'EdgeBackupPolicy', 'EdgeBackupSchedule')] [string] $Class,
    [Parameter(Mandatory, Position = 1)] [ValidateSet('get', 'set', 'test', 'whatIf', 'export')] [string] $Operation,
    [Parameter(ValueFromPipeline)] [string] $Json
)

begin {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    $text = [System.Text.StringBuilder]::new()
    # What is not for the outcome belongs to dsc's log.
    function Write-Log([string] $Level, [string] $Message) {
        [Console]::Error.WriteLine((@{ $Level = $Message } | ConvertTo-Json -Compress))
    }
}

process {
    $null = $text.AppendLine($Json)
}

end {
    try {
        [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false)
        $module = Import-Module (Join-Path $PSScriptRoot 'EdgeBackup.psd1') -PassThru -WarningAction SilentlyContinue
        $properties = & $module { param($name) ($name -as [type]).GetProperties().Name } $Class
        $hidden = 'Credential', 'Ensure', 'Reasons', 'KeyFile', 'SkipContact', 'AllowUnencryptedAuthentication'

        # An instance as JSON says it: names in lower camel case, Ensure as _exist, what is empty left out.
        function ConvertTo-State($Instance) {
            $state = [ordered]@{}
            foreach ($property in $properties) {
                $value = $Instance.$property
                if ($property -cnotin $hidden -and $null -ne $value -and "$value" -ne '') {
                    $state[$property.Substring(0, 1).ToLowerInvariant() + $property.Substring(1)] = $value
                }
            }
            if ('Ensure' -in $properties) { $state['_exist'] = $Instance.Ensure -eq 'Present' }
            $state
        }

        function Write-State($State) {
            ConvertTo-Json $State -Compress -Depth 5 -EnumsAsStrings
        }

        # What a class says beside its outcome belongs to dsc's log too; on standard output it would be no JSON.
        function Invoke-Method([scriptblock] $Call) {
            & $Call 3>&1 4>&1 5>&1 6>&1 | ForEach-Object {
                if ($_ -is [System.Management.Automation.WarningRecord]) { Write-Log warn "$_" }
                elseif ($_ -is [System.Management.Automation.InformationRecord]) { Write-Log info "$_" }
                elseif ($_ -is [System.Management.Automation.InformationalRecord]) { Write-Log debug "$_" }
                else { $_ }
            }
        }

        function New-Instance {
            $wanted = $text.ToString() | ConvertFrom-Json -AsHashtable
            if (-not $wanted) { throw "There is no JSON on standard input that says which $Class is meant." }
            $script:given = @($wanted.Keys)
            $values = @{}
            foreach ($name in $wanted.Keys) {
                $property = $properties | Where-Object { $_ -eq $name }
                if ($name -eq '_exist') { $values.Ensure = if ($wanted[$name]) { 'Present' } else { 'Absent' } }
                elseif ($name -eq 'credential' -and $wanted[$name]) {
                    $values.Credential = [pscredential]::new($wanted[$name].username, (ConvertTo-SecureString $wanted[$name].password -AsPlainText -Force))
                }
                elseif ($property) { $values[$property] = $wanted[$name] }
                elseif ($name -notin '_inDesiredState', '_metadata', '_name') { throw "There is no property '$name' in $Class." }
            }
            & $module { param($name, $values) New-Object $name -Property $values } $Class $values
        }

        if ($Operation -eq 'export') {
            foreach ($instance in Invoke-Method { & $module { param($name) ($name -as [type])::Export() } $Class }) { Write-State (ConvertTo-State $instance) }
            exit 0
        }

        $instance = New-Instance
        if ($Operation -eq 'set') { $null = Invoke-Method { $instance.Set() } }
        $now = Invoke-Method { $instance.Get() }
        $state = ConvertTo-State $now
        switch ($Operation) {
            test { $state['_inDesiredState'] = Invoke-Method { $instance.Test() } }
            whatIf {
                if (-not (Invoke-Method { $instance.Test() })) {
                    # What was not given stays as it is, also where the class has a value of its own for it.
                    $wanted = ConvertTo-State $instance
                    foreach ($name in $wanted.Keys | Where-Object { $_ -eq '_exist' -or $_ -in $script:given }) { $state[$name] = $wanted[$name] }
                    $state['_metadata'] = @{ whatIf = @($now.Reasons.Phrase) }
                }
            }
        }
        Write-State $state
        exit 0
    }
    catch {
        # Our ids are one word; what PowerShell makes of a thrown text is the text again.
        $id = $_.FullyQualifiedErrorId.Split(',')[0]
        Write-Log error $(if ($id -match '^\w+$') { "${id}: $_" } else { "$_" })
        exit 1
    }
}
