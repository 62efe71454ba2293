using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Compare.Values;

namespace EdgeBackup.Core.Operations.Compare;

/// <summary>Says whether and how two items of the same path differ; opens as few of them as can be.</summary>
/// <param name="reference">Where the first is.</param>
/// <param name="difference">Where the second is.</param>
/// <param name="rules">Of the types on both sides.</param>
/// <param name="stampsHold">Whether the stamps of both sides were made by the same device.</param>
internal sealed class ItemJudge(IComparedSide reference, IComparedSide difference, IReadOnlyList<ItemRuleSet> rules, bool stampsHold) : IDisposable
{
    private readonly CompareLimits limits = CompareLimits.Default;

    /// <summary>Reading goes on beside each other; trees of values are large, and one pair of them at a time is enough.</summary>
    private readonly SemaphoreSlim looking = new(1);

    public void Dispose() => looking.Dispose();

    /// <returns>Null for items that are the same, or differ only in what changes by itself.</returns>
    public async Task<ItemDifference?> JudgeAsync(ComparedItem first, ComparedItem second, CancellationToken cancellationToken)
    {
        var details = CompareListings(first.Item, second.Item);
        if (first.Item.Type != second.Item.Type || first.Item.Type != ItemType.File || second.Item.Retain == RetainLevel.None)
        {
            return details.Count == 0 ? null : Modified(first, second, second.Item.Length, new ContentDifference(Format: null, details, Note: null));
        }

        var (length, content) = await CompareContentsAsync(first, second, cancellationToken).ConfigureAwait(false);
        if (length is null)
        {
            return new ItemDifference { Path = first.Item.Path, Change = ItemChange.Removed, ReferenceLength = first.Item.Length };
        }

        if (details.Count == 0 && content is null or { IsVolatileOnly: true })
        {
            return null;
        }

        return Modified(first, second, length.Value, content is null
            ? new ContentDifference(Format: null, details, Note: null)
            : content with { Details = [.. details, .. content.Details] });
    }

    /// <summary>An item of one side.</summary>
    /// <returns>Null for a folder that holds others, which is there when they are, and for what is in no backup (R12).</returns>
    public ItemDifference? JudgeSingle(ComparedItem? first, ComparedItem? second)
    {
        var (change, item, other, place) = first is not null
            ? (ItemChange.Removed, first.Item, difference, "what the reference is compared with")
            : (ItemChange.Added, second!.Item, reference, "the reference");
        return item.IsContainer || item.Retain == RetainLevel.None ? null : new ItemDifference
        {
            Path = item.Path,
            Change = change,
            ReferenceLength = first?.Item.Length,
            DifferenceLength = second?.Item.Length,
            Note = other.FindNotSaved(item.Path) is { } reason ? $"It may stand in {place} all the same and was not saved: {reason}" : null,
        };
    }

    private static ItemDifference Modified(ComparedItem first, ComparedItem second, long length, ContentDifference content) => new()
    {
        Path = first.Item.Path,
        Change = ItemChange.Modified,
        ReferenceLength = first.Item.Length,
        DifferenceLength = second.Saved is null ? length : second.Item.Length,
        Format = content.Format,
        Details = content.Details,
        Note = content.Note,
    };

    /// <returns>The length of the second, null when it has vanished; and what differs, null for nothing.</returns>
    private async Task<(long? Length, ContentDifference? Content)> CompareContentsAsync(ComparedItem first, ComparedItem second, CancellationToken cancellationToken)
    {
        if (second.Digest is not null ? first.Digest == second.Digest : stampsHold && DeviceCapture.IsUnchanged(first.Item, second.Item))
        {
            return (second.Item.Length, null);
        }

        if (first.Item.Length != second.Item.Length && !first.Item.IsLengthUnknown && !second.Item.IsLengthUnknown && Math.Max(first.Item.Length, second.Item.Length) > limits.DatabaseBytes)
        {
            // Reading could tell no more.
            var unread = new ItemBytes(second.Item.Length, "", Bytes: null);
            return (second.Item.Length, Look(first, unread, unread, cancellationToken));
        }

        var after = await difference.ReadAsync(second, limits, cancellationToken).ConfigureAwait(false);
        if (after is null || after.Digest == first.Digest)
        {
            return (after?.Length, null);
        }

        var before = after.Bytes is null
            ? new ItemBytes(first.Item.Length, "", Bytes: null)
            : await reference.ReadAsync(first, limits, cancellationToken).ConfigureAwait(false);
        await looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return (after.Length, Look(first, before!, after, cancellationToken));
        }
        finally
        {
            looking.Release();
        }
    }

    private ContentDifference Look(ComparedItem item, ItemBytes before, ItemBytes after, CancellationToken cancellationToken) =>
        new ContentComparer(limits).Compare(
            item.Item.Path,
            before,
            after,
            rules.SelectMany(set => set.Find(item.Item.Path)?.Volatile ?? []).Distinct(),
            cancellationToken);

    /// <summary>What a state digest counts besides the bytes, where both sides know it.</summary>
    private static List<ValueDifference> CompareListings(Item first, Item second)
    {
        var found = new List<ValueDifference>();
        Add("type", first.Type, second.Type);
        Add("target", first.LinkTarget, second.LinkTarget);
        if (first.UnixMode is not null && second.UnixMode is not null)
        {
            Add("mode", Octal(first.UnixMode.Value), Octal(second.UnixMode.Value));
        }

        Add("kind", first.Kind, second.Kind);
        Add("retain", first.Retain, second.Retain);
        return found;

        void Add(string name, object? before, object? after)
        {
            if (!Equals(before, after))
            {
                found.Add(new ValueDifference(name, before is null ? ItemChange.Added : after is null ? ItemChange.Removed : ItemChange.Modified, Show(before), Show(after)));
            }
        }
    }

    /// <summary>The target of a link is whatever a device says.</summary>
    private static string? Show(object? value) => value is null ? null : ValueText.ShowName(value.ToString() ?? "", CompareLimits.Default.ShownLength);

    private static string Octal(int mode) => Convert.ToString(mode, 8).PadLeft(3, '0');
}
