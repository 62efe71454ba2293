# Only DSC classes, and what they share, live here: the DSC adapter reads this file as text and takes the module's name
# from the file's name. The cmdlets come from the nested assembly (see EdgeBackup.psd1).

function Select-DscRepository {
    # What the cmdlets of a resource are told about the repository. A key file is for accounts that have none of their own.
    param([string] $Repository, [string] $KeyFile)

    if ($KeyFile) {
        $path = @{}
        if ($Repository) { $path.Path = $Repository }
        $open = Connect-EdgeRepository @path -KeyFile $KeyFile -ErrorAction Stop
        return @{ Repository = $open.Path }
    }
    if ($Repository) { @{ Repository = $Repository } } else { @{} }
}

function Assert-DscOnlyMissing {
    # Throws the first of some errors that says more than that something is not there.
    param($Failures, [string] $MissingId)

    foreach ($failure in $Failures) {
        if ($failure.FullyQualifiedErrorId.Split(',')[0] -ne $MissingId) { throw $failure }
    }
}

function Test-DscText {
    # Whether a wanted text is the present one. A text that was not given is not wanted; an empty one means none.
    param([string] $Property, $Wanted, $Present)
    $null -eq $Wanted -or "$(ConvertTo-DscKept $Property $Wanted)" -ceq "$Present"
}

function Test-DscList {
    # Whether two lists hold the same, in any order.
    param([string[]] $Wanted, [string[]] $Present)
    $null -eq $Wanted -or -not (Compare-Object @([EdgeBackup.PowerShell.Inventory.DesiredState]::Words($Wanted) | Sort-Object -Unique) @($Present | Sort-Object -Unique) -SyncWindow ([int]::MaxValue))
}

function ConvertTo-DscTime {
    # A timespan. Of 24:00:00 .NET makes 24 days, and nobody means that.
    param([string] $Text)
    if ($Text -notmatch '^(\d+\.)?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,7})?)?$') {
        throw "'$Text' is no time. Write d.hh:mm:ss, with hours up to 23: one day is 1.00:00:00."
    }
    [timespan]$Text
}

function Test-DscTime {
    # Whether a wanted timespan, written as text, is the present one.
    param([string] $Wanted, $Present)
    [string]::IsNullOrEmpty($Wanted) -or (ConvertTo-DscTime $Wanted) -eq $Present
}

function Resolve-DscPath {
    # A path as the cmdlets take it: in the session's terms, and it need not exist.
    param([string] $Path)
    $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

function ConvertTo-DscKept {
    # A text as the repository keeps it. The rules are the cmdlets' own.
    param([string] $Property, $Value)

    if ([string]::IsNullOrEmpty("$Value")) { return $Value }
    try {
        switch ($Property) {
            Address { return [EdgeBackup.PowerShell.Inventory.DesiredState]::Address($(if ($Value -like '*://*') { $Value } else { Resolve-DscPath $Value })) }
            Type { return [EdgeBackup.PowerShell.Inventory.DesiredState]::TypeId($Value, { param($path) Resolve-DscPath $path }) }
            HostKeyPolicy { return [EdgeBackup.PowerShell.Inventory.DesiredState]::HostKeyPolicy($Value) }
            Window { return [EdgeBackup.PowerShell.Inventory.DesiredState]::Window($Value) }
            TimeZone { return [EdgeBackup.PowerShell.Inventory.DesiredState]::TimeZone($Value) }
            { $_ -in 'KeyFilePath', 'KeyFile', 'Repository' } { return Resolve-DscPath $Value }
        }
    }
    catch [System.Management.Automation.MethodInvocationException] {
        throw $_.Exception.InnerException
    }
    return $Value
}

function Test-DscAccount {
    # Whether two texts name one account.
    param([string] $Wanted, [string] $Present)
    [EdgeBackup.PowerShell.Inventory.DesiredState]::IsSameAccount($Wanted, $Present)
}

function Get-DscScheduleAccount {
    # What Register-EdgeBackupSchedule must be told so that a schedule runs as whom it ran.
    param($Schedule, [bool] $OnWindows = $IsWindows)

    $name = $Schedule.Account
    if (-not $OnWindows) {
        # Without an account it would be that of whoever runs this, which is root more often than not.
        if ($name -cne [Environment]::UserName) { return @{ User = $name } }
        return @{}
    }
    if ($name.EndsWith('$')) { return @{ ServiceAccount = $name } }
    if ($name -eq 'SYSTEM') { return @{} }
    $me = "$([Environment]::UserDomainName)\$([Environment]::UserName)"
    if ($Schedule.Scope -eq 'User' -and (Test-DscAccount $name $me)) { return @{} }
    throw "EdgeBackupSchedule '$($Schedule.Name)' runs as '$name', and cannot be registered anew as that account without its password. Give Credential, or another account."
}

function Remove-DscSchedule {
    # Removes exactly this schedule.
    param($Schedule)
    $null = Unregister-EdgeBackupSchedule -Schedule ([WildcardPattern]::Escape($Schedule.Name)) -Method $Schedule.Method -Scope $Schedule.Scope -User $Schedule.Account -Confirm:$false -ErrorAction Stop
}

function New-DscReason {
    param([string] $Class, [string] $Property, $Wanted, $Present)
    [EdgeBackupReason]@{
        Code   = "${Class}:${Class}:$Property"
        Phrase = "$Property is $(if ("$Present") { "'$Present'" } else { 'empty' }), and should be $(if ("$Wanted") { "'$Wanted'" } else { 'empty' })."
    }
}

# Why something is not as it should be.
class EdgeBackupReason {
    [DscProperty()] [string] $Code
    [DscProperty()] [string] $Phrase
}

# A device that is registered in a repository, or is not.
[DscResource()]
class EdgeDevice {
    # The id of the hardware.
    [DscProperty(Key)] [string] $Id
    [DscProperty()] [ValidateSet('Present', 'Absent')] [string] $Ensure = 'Present'
    [DscProperty()] [string] $Address
    [DscProperty()] [string] $Name
    [DscProperty()] [string] $Type
    [DscProperty()] [string[]] $Tag
    [DscProperty()] [string] $Site
    [DscProperty()] [string] $Parent
    [DscProperty()] [string] $Owner
    # Names of secrets in a vault, and where keys and certificates are; none of them is a secret itself.
    [DscProperty()] [string] $CredentialSecret
    [DscProperty()] [string] $TokenSecret
    [DscProperty()] [string] $Vault
    [DscProperty()] [string] $KeyFilePath
    [DscProperty()] [string] $HostKeyPolicy
    [DscProperty()] [string] $CertificateThumbprint
    # Used when the device is registered, or changed for another reason; never given out, and so never compared.
    [DscProperty()] [pscredential] $Credential
    [DscProperty()] [bool] $AllowUnencryptedAuthentication
    # Registers it unseen; then the type is needed.
    [DscProperty()] [bool] $SkipContact
    [DscProperty()] [string] $Repository
    [DscProperty()] [string] $KeyFile
    [DscProperty(NotConfigurable)] [string] $State
    [DscProperty(NotConfigurable)] [string] $Version
    [DscProperty(NotConfigurable)] [string] $BackupState
    [DscProperty(NotConfigurable)] [string] $LastBackup
    [DscProperty(NotConfigurable)] [EdgeBackupReason[]] $Reasons

    hidden [object] Find() {
        $in = Select-DscRepository $this.Repository $this.KeyFile
        $literal = [WildcardPattern]::Escape($this.Id)
        $failures = $null
        $found = Get-EdgeDevice -Id $literal @in -ErrorAction SilentlyContinue -ErrorVariable failures
        Assert-DscOnlyMissing $failures DeviceNotFound
        return $found
    }

    # The names of the properties that Set would change, with what they should be.
    hidden [System.Collections.Specialized.OrderedDictionary] Changes([object] $device) {
        $changes = [ordered]@{}
        if (($null -ne $device) -ne ($this.Ensure -eq 'Present')) {
            $changes.Ensure = $this.Ensure
        }
        elseif ($device) {
            if ($this.Address -and -not (Test-DscText Address $this.Address (ConvertTo-DscKept Address $device.Address))) { $changes.Address = $this.Address }
            foreach ($property in 'Name', 'Type', 'Site', 'Parent', 'Owner', 'CredentialSecret', 'TokenSecret', 'Vault', 'KeyFilePath', 'HostKeyPolicy', 'CertificateThumbprint') {
                if (-not (Test-DscText $property $this.$property $device.$property)) { $changes.$property = $this.$property }
            }
            if (-not (Test-DscList $this.Tag @($device.Tag))) { $changes.Tag = $this.Tag }
        }
        return $changes
    }

    [EdgeDevice] Get() {
        $device = $this.Find()
        $now = [EdgeDevice]@{ Id = $this.Id; Repository = $this.Repository; KeyFile = $this.KeyFile; Ensure = 'Absent' }
        if ($device) {
            $now.Ensure = 'Present'
            foreach ($property in 'Address', 'Name', 'Type', 'Site', 'Parent', 'Version', 'State', 'BackupState', 'Owner', 'CredentialSecret', 'TokenSecret', 'Vault', 'KeyFilePath', 'HostKeyPolicy', 'CertificateThumbprint') { $now.$property = $device.$property }
            $now.Tag = @($device.Tag)
            $now.LastBackup = if ($device.LastBackup) { $device.LastBackup.ToUniversalTime().ToString('o') }
        }
        $changes = $this.Changes($device)
        $now.Reasons = @(foreach ($property in $changes.Keys) { New-DscReason EdgeDevice $property $changes[$property] $now.$property })
        return $now
    }

    [bool] Test() {
        return $this.Changes($this.Find()).Count -eq 0
    }

    [void] Set() {
        $device = $this.Find()
        $changes = $this.Changes($device)
        if ($changes.Count -eq 0) { return }
        $in = Select-DscRepository $this.Repository $this.KeyFile
        if ($this.Ensure -eq 'Absent') {
            $null = Unregister-EdgeDevice -Device ([WildcardPattern]::Escape($this.Id)) @in -Confirm:$false -ErrorAction Stop
            return
        }
        $values = @{}
        if ($this.Credential) { $values.Credential = $this.Credential }
        if ($this.AllowUnencryptedAuthentication) { $values.AllowUnencryptedAuthentication = $true }
        if ($this.SkipContact) { $values.SkipContact = $true }
        if (-not $device) {
            if (-not $this.Address) { throw "EdgeDevice '$($this.Id)': Address says where it is, and is needed to register it." }
            foreach ($property in 'Name', 'Type', 'Tag', 'Site', 'Parent', 'Owner', 'CredentialSecret', 'TokenSecret', 'Vault', 'KeyFilePath', 'HostKeyPolicy', 'CertificateThumbprint') {
                if ($this.$property) { $values.$property = $this.$property }
            }
            $null = Register-EdgeDevice -Address $this.Address -Id $this.Id @values @in -ErrorAction Stop
            return
        }
        foreach ($property in $changes.Keys) { $values.$property = $changes[$property] }
        # A vault says something only together with the name of a secret in it.
        if ($values.CredentialSecret -or $values.TokenSecret -or $values.Vault) {
            if (-not ($values.CredentialSecret -or $values.TokenSecret)) {
                foreach ($property in 'CredentialSecret', 'TokenSecret') { if ($device.$property) { $values.$property = $device.$property } }
            }
            $place = if ($this.Vault) { $this.Vault } else { $device.Vault }
            if ($place) { $values.Vault = $place }
        }
        $null = Set-EdgeDevice -Device ([WildcardPattern]::Escape($this.Id)) @values @in -Confirm:$false -ErrorAction Stop
    }

    static [EdgeDevice[]] Export() {
        return @(Get-EdgeDevice -ErrorAction Stop | ForEach-Object { ([EdgeDevice]@{ Id = $_.Id }).Get() })
    }
}

# What a backup policy says for all devices, a type, a site, a tag or a device. Values that are not given are left alone; a policy
# that was set cannot be taken away, so there is no Ensure.
[DscResource()]
class EdgeBackupPolicy {
    [DscProperty(Key)] [ValidateSet('All', 'Type', 'Site', 'Tag', 'Device')] [string] $Scope
    # The type, site, tag or device; empty for all.
    [DscProperty(Key)] [string] $Target
    [DscProperty()] [string] $Interval
    [DscProperty()] [string] $Content
    [DscProperty()] [Nullable[int]] $RetentionMonths
    [DscProperty()] [Nullable[int]] $ManualLimit
    [DscProperty()] [Nullable[int]] $KeepLast
    [DscProperty()] [string] $OverdueAfter
    [DscProperty()] [string] $OverdueAction
    [DscProperty()] [string] $Window
    [DscProperty()] [string] $TimeZone
    # Calendar years that archives are kept; 0 for ever.
    [DscProperty()] [Nullable[int]] $ArchiveRetentionYears
    [DscProperty()] [Nullable[bool]] $LegalHold
    [DscProperty()] [string] $Repository
    [DscProperty()] [string] $KeyFile
    [DscProperty(NotConfigurable)] [EdgeBackupReason[]] $Reasons

    hidden [object] Find() {
        $in = Select-DscRepository $this.Repository $this.KeyFile
        $wanted = if ($this.Scope -eq 'All') { 'all devices' } else { "$($this.Scope.ToLowerInvariant()) $($this.Target)" }
        return Get-EdgeBackupPolicy @in -ErrorAction Stop | Where-Object Scope -EQ $wanted | Select-Object -First 1
    }

    hidden [System.Collections.Specialized.OrderedDictionary] Changes([object] $policy) {
        $changes = [ordered]@{}
        foreach ($property in 'Interval', 'OverdueAfter') {
            $present = if ($policy) { $policy.$property }
            if (-not (Test-DscTime $this.$property $present)) { $changes.$property = ConvertTo-DscTime $this.$property }
        }
        # A hold that was never set and one that was taken off are not the same where another policy sets one.
        foreach ($property in 'RetentionMonths', 'ManualLimit', 'KeepLast', 'ArchiveRetentionYears', 'LegalHold') {
            $present = if ($policy) { $policy.$property }
            if ($null -ne $this.$property -and $this.$property -ne $present) { $changes.$property = $this.$property }
        }
        foreach ($property in 'Content', 'OverdueAction', 'Window', 'TimeZone') {
            $present = if ($policy) { $policy.$property }
            if ($this.$property -and (ConvertTo-DscKept $property $this.$property) -ne "$present") { $changes.$property = $this.$property }
        }
        return $changes
    }

    [EdgeBackupPolicy] Get() {
        $policy = $this.Find()
        $now = [EdgeBackupPolicy]@{ Scope = $this.Scope; Target = $this.Target; Repository = $this.Repository; KeyFile = $this.KeyFile }
        if ($policy) {
            foreach ($property in 'Interval', 'OverdueAfter') {
                if ($null -ne $policy.$property) { $now.$property = $policy.$property.ToString('c') }
            }
            foreach ($property in 'Content', 'RetentionMonths', 'ManualLimit', 'KeepLast', 'OverdueAction', 'Window', 'TimeZone', 'ArchiveRetentionYears', 'LegalHold') { $now.$property = $policy.$property }
        }
        $changes = $this.Changes($policy)
        $now.Reasons = @(foreach ($property in $changes.Keys) { New-DscReason EdgeBackupPolicy $property $changes[$property] $now.$property })
        return $now
    }

    [bool] Test() {
        return $this.Changes($this.Find()).Count -eq 0
    }

    [void] Set() {
        $values = @{}
        $changes = $this.Changes($this.Find())
        if ($changes.Count -eq 0) { return }
        foreach ($property in $changes.Keys) { $values.$property = $changes[$property] }
        $whom = @{}
        if ($this.Scope -ne 'All') {
            if (-not $this.Target) { throw "EdgeBackupPolicy: Target says which $($this.Scope.ToLowerInvariant()), and is needed." }
            $whom[$this.Scope] = if ($this.Scope -eq 'Device') { [WildcardPattern]::Escape($this.Target) } else { $this.Target }
        }
        $in = Select-DscRepository $this.Repository $this.KeyFile
        $null = Set-EdgeBackupPolicy @whom @values @in -Confirm:$false -ErrorAction Stop
    }

    static [EdgeBackupPolicy[]] Export() {
        return @(Get-EdgeBackupPolicy -ErrorAction Stop | ForEach-Object {
                $kind, $key = if ($_.Scope -eq 'all devices') { 'all', '' } else { $_.Scope -split ' ', 2 }
                ([EdgeBackupPolicy]@{ Scope = $kind.Substring(0, 1).ToUpperInvariant() + $kind.Substring(1); Target = $key }).Get()
            })
    }
}

# A schedule in the operating system, or none.
[DscResource()]
class EdgeBackupSchedule {
    [DscProperty(Key)] [string] $Name
    [DscProperty()] [ValidateSet('Present', 'Absent')] [string] $Ensure = 'Present'
    [DscProperty()] [string] $Every
    [DscProperty()] [string] $At
    [DscProperty()] [string] $RandomDelay
    [DscProperty()] [string] $TimeLimit
    [DscProperty()] [string[]] $Device
    [DscProperty()] [string] $WatchFor
    [DscProperty()] [Nullable[int]] $ThrottleLimit
    [DscProperty()] [Nullable[int]] $SiteThrottleLimit
    [DscProperty()] [string] $Method
    [DscProperty()] [string] $Scope
    # One of the three, or none: as whom it runs. The password is never given out, and so never compared.
    [DscProperty()] [pscredential] $Credential
    [DscProperty()] [string] $ServiceAccount
    [DscProperty()] [string] $User
    [DscProperty()] [string] $Repository
    [DscProperty()] [string] $KeyFile
    [DscProperty(NotConfigurable)] [string] $Account
    [DscProperty(NotConfigurable)] [bool] $Enabled
    [DscProperty(NotConfigurable)] [string] $Command
    [DscProperty(NotConfigurable)] [EdgeBackupReason[]] $Reasons

    # All schedules of this name that can be seen from here, the one that is meant first. With another method or scope it
    # is this schedule at another place.
    hidden [object[]] FindAll() {
        $places = [System.Collections.Generic.List[hashtable]]::new()
        $places.Add(@{})
        if ($this.User) { $places.Add(@{ User = $this.User }) }
        $found = foreach ($place in $places) {
            $failures = $null
            Get-EdgeBackupSchedule -Name ([WildcardPattern]::Escape($this.Name)) @place -ErrorAction SilentlyContinue -ErrorVariable failures
            Assert-DscOnlyMissing $failures ScheduleNotFound
        }
        $each = $found | Group-Object { "$($_.Path)|$($_.Account)" } | ForEach-Object { $_.Group[0] }
        return @($each | Sort-Object -Stable { -not $this.IsPlace($_) }, { -not $this.IsUsers($_) })
    }

    hidden [bool] IsPlace([object] $schedule) {
        return (-not $this.Method -or $this.Method -eq $schedule.Method) -and (-not $this.Scope -or $this.Scope -eq $schedule.Scope)
    }

    hidden [bool] IsUsers([object] $schedule) {
        return -not $this.User -or (Test-DscAccount $this.User $schedule.Account)
    }

    hidden [object] Find() {
        $all = $this.FindAll()
        # Only what was named is taken away.
        if ($this.Ensure -eq 'Absent') { $all = @($all | Where-Object { $this.IsPlace($_) -and $this.IsUsers($_) }) }
        return $all | Select-Object -First 1
    }

    hidden [string] WantedAccount() {
        if ($this.Credential) { return $this.Credential.UserName }
        if ($this.ServiceAccount) { return $this.ServiceAccount }
        return $this.User
    }

    hidden [System.Collections.Specialized.OrderedDictionary] Changes([object] $schedule) {
        $changes = [ordered]@{}
        if (($null -ne $schedule) -ne ($this.Ensure -eq 'Present')) {
            $changes.Ensure = $this.Ensure
        }
        elseif ($schedule) {
            foreach ($property in 'Every', 'RandomDelay', 'TimeLimit', 'WatchFor') {
                if (-not (Test-DscTime $this.$property $schedule.$property)) { $changes.$property = $this.$property }
            }
            # Of a time of day only what is left after whole intervals counts.
            $interval = if ($this.Every) { ConvertTo-DscTime $this.Every } else { $schedule.Every }
            if ($this.At -and ($null -eq $schedule.At -or (ConvertTo-DscTime $this.At).Ticks % $interval.Ticks -ne $schedule.At.Ticks)) { $changes.At = $this.At }
            foreach ($property in 'ThrottleLimit', 'SiteThrottleLimit') {
                if ($null -ne $this.$property -and $this.$property -ne $schedule.$property) { $changes.$property = $this.$property }
            }
            if (-not (Test-DscList $this.Device $schedule.Device)) { $changes.Device = $this.Device }
            if ($this.WantedAccount() -and -not (Test-DscAccount $this.WantedAccount() $schedule.Account)) { $changes.Account = $this.WantedAccount() }
            foreach ($property in 'Repository', 'KeyFile') {
                if ($this.$property -and -not (Test-DscText $property $this.$property $schedule.$property)) { $changes.$property = $this.$property }
            }
            foreach ($property in 'Method', 'Scope') {
                if ($this.$property -and $this.$property -ne $schedule.$property) { $changes.$property = $this.$property }
            }
            if (-not $schedule.Enabled) { $changes.Enabled = $true }
        }
        return $changes
    }

    [EdgeBackupSchedule] Get() {
        $schedule = $this.Find()
        $now = [EdgeBackupSchedule]@{ Name = $this.Name; Ensure = 'Absent' }
        if ($schedule) {
            $now.Ensure = 'Present'
            foreach ($property in 'Every', 'At', 'RandomDelay', 'TimeLimit', 'WatchFor') {
                if ($null -ne $schedule.$property) { $now.$property = $schedule.$property.ToString('c') }
            }
            foreach ($property in 'Device', 'ThrottleLimit', 'SiteThrottleLimit', 'Method', 'Scope', 'Account', 'Enabled', 'Repository', 'KeyFile', 'Command') { $now.$property = $schedule.$property }
        }
        $changes = $this.Changes($schedule)
        $now.Reasons = @(foreach ($property in $changes.Keys) { New-DscReason EdgeBackupSchedule $property $changes[$property] $now.$property })
        return $now
    }

    [bool] Test() {
        return $this.Changes($this.Find()).Count -eq 0
    }

    [void] Set() {
        $schedule = $this.Find()
        if ($this.Changes($schedule).Count -eq 0) { return }
        if ($this.Ensure -eq 'Absent') {
            Remove-DscSchedule $schedule
            return
        }
        # What is not given stays as it is; above all as whom it runs, and with which key.
        $values = @{}
        foreach ($property in 'Every', 'At', 'RandomDelay', 'TimeLimit', 'WatchFor', 'ThrottleLimit', 'SiteThrottleLimit', 'Device', 'Repository', 'KeyFile', 'Method', 'Scope') {
            $wanted = $this.$property
            if ($null -eq $wanted -or $wanted -is [string] -and -not $wanted) { $wanted = if ($schedule) { $schedule.$property } }
            if ($wanted -is [string] -and $property -in 'Every', 'At', 'RandomDelay', 'TimeLimit', 'WatchFor') { $wanted = ConvertTo-DscTime $wanted }
            if ($null -ne $wanted -and @($wanted).Count -gt 0) { $values.$property = $wanted }
        }
        foreach ($property in 'User', 'Credential', 'ServiceAccount') {
            if ($this.$property) { $values.$property = $this.$property }
        }
        if ($schedule -and -not $this.WantedAccount()) {
            $same = Get-DscScheduleAccount $schedule
            foreach ($property in $same.Keys) { $values.$property = $same[$property] }
        }
        $made = Register-EdgeBackupSchedule -Name $this.Name @values -Force -Confirm:$false -ErrorAction Stop
        # It has moved: where it stood it would run as well.
        if ($schedule -and -not ($schedule.Path | Where-Object { $_ -in $made.Path })) { Remove-DscSchedule $schedule }
    }

    static [EdgeBackupSchedule[]] Export() {
        return @(Get-EdgeBackupSchedule -ErrorAction Stop | ForEach-Object { ([EdgeBackupSchedule]@{ Name = $_.Name; Method = $_.Method; Scope = $_.Scope }).Get() })
    }
}
