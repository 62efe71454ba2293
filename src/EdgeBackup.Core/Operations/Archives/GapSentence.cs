using EdgeBackup.Core.Archives;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>A gap in the words of a warning.</summary>
internal static class GapSentence
{
    public static string Of(ArchiveGap gap)
    {
        if (gap is { Pending: true, Content: ArchiveContent.Trend, Trend: null })
        {
            return $"the trend logs could not be listed, and the next run tries again. {gap.Reason}.";
        }

        if (gap.Pending == true)
        {
            return $"{(gap.Content == ArchiveContent.Event ? "the events" : $"the trend log '{gap.Trend}'")} could not be read to the end, and the next run goes on there. {gap.Reason}.";
        }

        var what = gap.Content == ArchiveContent.Event ? "events" : $"records of the trend log '{gap.Trend}'";
        var where = gap.After is { } after && gap.Before is { } before ? $" between {after:u} and {before:u}" : gap.Before is { } first ? $" before {first:u}" : "";
        return $"{(gap.Lost is { } lost ? $"{lost} " : "")}{what}{where} are lost: {gap.Reason}.";
    }
}
