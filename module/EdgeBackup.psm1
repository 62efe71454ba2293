# Only DSC classes live here: the DSC adapter reads this file as text and takes the module's name from the file's name.
# The cmdlets come from the nested assembly (see EdgeBackup.psd1).
