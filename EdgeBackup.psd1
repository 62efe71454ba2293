@{
    # The psm1 holds DSC classes only; the cmdlets are in the nested assembly. Loaded the other way round, from the psm1,
    # every command is lost at the second Import-Module -Force.
    RootModule           = 'EdgeBackup.psm1'
    NestedModules        = @('bin/EdgeBackup.PowerShell.dll')
    ModuleVersion        = '0.1.0'
    GUID                 = '6f0d4d2c-6a3e-4c0b-9b62-9a3f6c1d7e58'
    Author               = 'EdgeBackup contributors'
    CompanyName          = 'EdgeBackup contributors'
    Copyright            = 'Copyright (c) EdgeBackup contributors. MIT licence.'
    Description          = 'Backs up fleets of edge devices: takes, lists and checks backups, brings devices back to an earlier state, and moves a dead device''s state onto its replacement.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('EdgeBackup.Format.ps1xml')
    TypesToProcess       = @('EdgeBackup.Types.ps1xml')

    # Named one by one, so that a command loads the module without the assembly having been read first. One a line,
    # sorted: a test holds this list against the assembly.
    CmdletsToExport      = @(
        'Get-EdgeArchive'
        'New-EdgeArchive'
        'Test-EdgeArchive'
        'Get-EdgeArchiveRecord'
        'Compare-EdgeBackup'
        'Export-EdgeBackup'
        'Get-EdgeBackup'
        'Import-EdgeBackup'
        'New-EdgeBackup'
        'Protect-EdgeBackup'
        'Restore-EdgeBackup'
        'Test-EdgeBackup'
        'Unprotect-EdgeBackup'
        'Get-EdgeBackupItem'
        'Get-EdgeBackupMethod'
        'Export-EdgeBackupMetric'
        'Get-EdgeBackupPolicy'
        'Set-EdgeBackupPolicy'
        'Get-EdgeBackupSchedule'
        'Invoke-EdgeBackupSchedule'
        'Register-EdgeBackupSchedule'
        'Unregister-EdgeBackupSchedule'
        'Find-EdgeDevice'
        'Get-EdgeDevice'
        'Register-EdgeDevice'
        'Set-EdgeDevice'
        'Switch-EdgeDevice'
        'Test-EdgeDevice'
        'Unregister-EdgeDevice'
        'Get-EdgeDeviceType'
        'Test-EdgeDeviceType'
        'Get-EdgeEvent'
        'Get-EdgeNotification'
        'Register-EdgeNotification'
        'Test-EdgeNotification'
        'Unregister-EdgeNotification'
        'Connect-EdgeRepository'
        'Disconnect-EdgeRepository'
        'Get-EdgeRepository'
        'Initialize-EdgeRepository'
        'Optimize-EdgeRepository'
        'Repair-EdgeRepository'
        'Sync-EdgeRepository'
        'Test-EdgeRepository'
        'Add-EdgeRepositoryKey'
        'Get-EdgeRepositoryKey'
        'Remove-EdgeRepositoryKey'
        'Get-EdgeTransaction'
        'Stop-EdgeTransaction'
    )
    FunctionsToExport    = @()
    AliasesToExport      = @()
    DscResourcesToExport = @('EdgeBackupPolicy', 'EdgeBackupSchedule', 'EdgeDevice')
    VariablesToExport    = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('Backup', 'Restore', 'Edge', 'IoT', 'OCPP', 'BACnet', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            ReleaseNotes = 'See CHANGELOG.md.'
        }
    }
}
