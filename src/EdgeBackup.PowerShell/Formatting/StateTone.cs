namespace EdgeBackup.PowerShell.Formatting;

/// <summary>Whether a state is good, wants attention or is bad; the views give each a colour.</summary>
public static class StateTone
{
    /// <summary>Says how a state is meant.</summary>
    /// <param name="state">A state's word: Current, Overdue, Replaced, True.</param>
    /// <returns>"Good", "Notice", "Bad", "Dim", or "" for a word without a tone.</returns>
    public static string Of(string? state) => state switch
    {
        "Current" or "Completed" or "Healthy" or "Intact" or "yes" => "Good",
        "Due" or "Postponed" or "Modified" => "Notice",
        "Overdue" or "Suspect" or "Never" or "Failed" or "Damaged" or "Removed" or "no" => "Bad",
        "Replaced" or "NotDue" or "unchanged" => "Dim",
        "Added" => "Good",
        _ => "",
    };
}
