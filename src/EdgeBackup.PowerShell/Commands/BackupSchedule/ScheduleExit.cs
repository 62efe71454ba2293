namespace EdgeBackup.PowerShell.Commands;

/// <summary>Adds up the exit code of a run: 0 nothing failed, 1 some failed, 2 all failed or the repository could not be used.</summary>
internal sealed class ScheduleExit
{
    private int total;
    private int failed;
    private bool isDone;

    /// <summary>What the results so far add up to. A postponement is no failure.</summary>
    public int Code => !isDone || (failed > 0 && failed == total) ? 2 : failed > 0 ? 1 : 0;

    /// <summary>One device more.</summary>
    public void Note(ScheduleOutcome outcome)
    {
        total++;
        failed += outcome == ScheduleOutcome.Failed ? 1 : 0;
    }

    /// <summary>The command came to its end. Until then it counts as one that could not do its work.</summary>
    public void NoteDone() => isDone = true;
}
