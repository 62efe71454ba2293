using System.Globalization;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations;

/// <summary>Tells people of what speaks against a backup.</summary>
internal static class Suspicion
{
    private const int Shown = 3;

    /// <summary>The first reasons as sentences; empty for none.</summary>
    public static string Describe(IReadOnlyList<SuspectReason> reasons)
    {
        var shown = string.Join("; ", reasons.Take(Shown));
        return reasons.Count == 0 ? "" : shown + (reasons.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"; and {reasons.Count - Shown} more.") : ".");
    }

    /// <summary>A warning before a suspect backup is restored; nothing for a good one.</summary>
    public static void WarnOfRestore(BackupRecord record, IOperationObserver observer)
    {
        if (record.Suspect is { Count: > 0 } suspect)
        {
            observer.Warning($"The backup {record.Id} of '{record.Device}' is suspect. {Describe(suspect)} Get-EdgeBackup -Device '{record.Device}' lists the others.");
        }
    }
}
