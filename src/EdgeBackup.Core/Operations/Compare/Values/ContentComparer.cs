using EdgeBackup.Core.Devices.Types;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>What differs in the bytes of an item.</summary>
/// <param name="Format">What both sides were read as; null where they were not looked into.</param>
/// <param name="Details">Value by value.</param>
/// <param name="Note">What the details do not say; null where they say all.</param>
/// <param name="IsVolatileOnly">Whether nothing differs but what changes by itself.</param>
internal sealed record ContentDifference(ItemFormat? Format, IReadOnlyList<ValueDifference> Details, string? Note, bool IsVolatileOnly = false);

/// <summary>
/// Tells by which values two contents differ that are known to differ in their bytes. Never calls them equal: where no
/// value differs, or not all could be looked at, it says so.
/// </summary>
internal sealed class ContentComparer(CompareLimits limits)
{
    /// <param name="path">The item's; its extension says what it may be.</param>
    /// <param name="reference">One content.</param>
    /// <param name="difference">Another one.</param>
    /// <param name="volatiles">What changes by itself.</param>
    /// <param name="cancellationToken">Stops.</param>
    public ContentDifference Compare(string path, ItemBytes reference, ItemBytes difference, IEnumerable<VolatileValue> volatiles, CancellationToken cancellationToken)
    {
        var leftOut = new LeftOutValues(volatiles);
        if (reference.Bytes is not { } first || difference.Bytes is not { } second)
        {
            return Unread(format: null, [$"It is too large to be looked into (more than {limits.TextBytes / 1024 / 1024} MB, or {limits.DatabaseBytes / 1024 / 1024} MB for a database)."], leftOut);
        }

        if (SqliteValues.IsDatabase(first) && SqliteValues.IsDatabase(second))
        {
            return CompareDatabases(first, second, leftOut, cancellationToken);
        }

        return TextValues.Decode(first) is { } before && TextValues.Decode(second) is { } after
            ? CompareTexts(path, before, after, leftOut, cancellationToken)
            : Unread(ItemFormat.Binary, [], leftOut);
    }

    private ContentDifference CompareDatabases(byte[] reference, byte[] difference, LeftOutValues leftOut, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        if (SqliteValues.HasLog(reference) || SqliteValues.HasLog(difference))
        {
            notes.Add("What the database keeps in the log beside it (-wal) is not looked at.");
        }

        try
        {
            return CompareTrees(
                ItemFormat.Sqlite,
                SqliteValues.Read(reference, new ValueBudget(limits, cancellationToken)),
                SqliteValues.Read(difference, new ValueBudget(limits, cancellationToken)),
                leftOut,
                notes,
                cancellationToken);
        }
        catch (Exception exception) when (IsOfContent(exception))
        {
            return Unread(ItemFormat.Binary, [$"It is a database that was not compared row by row, since {Reason(exception)}."], leftOut);
        }
    }

    private ContentDifference CompareTexts(string path, string reference, string difference, LeftOutValues leftOut, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        foreach (var (format, isMeant) in ItemFormats.Find(path, reference, difference))
        {
            try
            {
                return CompareTrees(format, Read(format, reference), Read(format, difference), leftOut, notes, cancellationToken);
            }
            catch (Exception exception) when (IsOfContent(exception))
            {
                if (isMeant)
                {
                    notes.Add($"It was compared line by line, since {Reason(exception)}.");
                }
            }
        }

        try
        {
            if (leftOut.NeedNames)
            {
                notes.Add("Values that change by themselves could not be left out by their names.");
            }

            return CompareTrees(ItemFormat.Text, Read(ItemFormat.Text, reference), Read(ItemFormat.Text, difference), leftOut, notes, cancellationToken);
        }
        catch (Exception exception) when (IsOfContent(exception))
        {
            return Unread(ItemFormat.Text, [$"It was not compared line by line, since {Reason(exception)}."], leftOut);
        }

        ValueNode Read(ItemFormat format, string text) => ItemFormats.Read(format, text, new ValueBudget(limits, cancellationToken));
    }

    private ContentDifference CompareTrees(ItemFormat format, ValueNode reference, ValueNode difference, LeftOutValues leftOut, List<string> notes, CancellationToken cancellationToken)
    {
        var (takenBefore, takenAfter) = (new List<ValueNode>(), new List<ValueNode>());
        var areLines = format == ItemFormat.Text;
        var first = leftOut.Take(reference, areLines, takenBefore, cancellationToken);
        var second = leftOut.Take(difference, areLines, takenAfter, cancellationToken);
        var comparer = new ValueComparer(limits, cancellationToken);
        comparer.Compare(first, second);
        if (comparer.Count == 0)
        {
            // A row of a database that is written anew may stand behind the others, which says nothing.
            if (!ListNode.IsSameSequence(takenBefore, takenAfter) && (format == ItemFormat.Sqlite || ValueOrder.IsSame(first, second)))
            {
                return new ContentDifference(format, [], Join(notes), IsVolatileOnly: notes.Count == 0);
            }

            notes.Add("No value differs, only how they are written (spaces, order, notation or comments).");
        }

        if (comparer.Count > comparer.Found.Count)
        {
            notes.Add($"Only the first {comparer.Found.Count:N0} of {comparer.Count:N0} differences are listed.");
        }

        if (comparer.IsRough)
        {
            notes.Add("So much differs that some of it was compared by position.");
        }

        return new ContentDifference(format, comparer.Found, Join(notes));
    }

    /// <summary>
    /// Whatever a reader stumbles over in the bytes of a device, also what its author did not foresee, ends the look into
    /// one item and not the comparison of all others.
    /// </summary>
    private static bool IsOfContent(Exception exception) => exception is not (OperationCanceledException or OutOfMemoryException);

    private static string Reason(Exception exception) =>
        exception is ValuesUnreadableException ? exception.Message : $"reading it failed ({exception.GetType().Name})";

    private static ContentDifference Unread(ItemFormat? format, List<string> notes, LeftOutValues leftOut)
    {
        if (!leftOut.IsEmpty)
        {
            notes.Add("Values that change by themselves could not be left out.");
        }

        return new ContentDifference(format, [], Join(notes));
    }

    private static string? Join(List<string> notes) => notes.Count == 0 ? null : string.Join(' ', notes);
}
