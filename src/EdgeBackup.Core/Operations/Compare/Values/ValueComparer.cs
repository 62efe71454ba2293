namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Compares two trees of values place by place.</summary>
internal sealed class ValueComparer(CompareLimits limits, CancellationToken cancellationToken)
{
    /// <summary>Where it is told that the children of an element of XML stand in another order.</summary>
    private const string OrderName = "#order";

    private readonly SequenceAligner aligner = new(limits, cancellationToken);
    private readonly List<ValueDifference> found = [];

    /// <summary>In the order of the places, up to the limit.</summary>
    public IReadOnlyList<ValueDifference> Found => found;

    /// <summary>How many there are, also beyond the limit.</summary>
    public long Count { get; private set; }

    /// <summary>Whether some of them may be told by position, since too much differs.</summary>
    public bool IsRough => aligner.IsRough;

    public void Compare(ValueNode reference, ValueNode difference) => CompareCounterparts(ValuePlace.Root, reference, difference);

    private void Compare(ValuePlace place, ValueNode reference, ValueNode difference)
    {
        if (reference.Hash == difference.Hash && reference.IsSame(difference))
        {
            return;
        }

        if (reference is not ScalarNode && reference.GetType() == difference.GetType() && !string.Equals(reference.Mark, difference.Mark, StringComparison.Ordinal))
        {
            Add(place, new ScalarNode(reference.Mark), new ScalarNode(difference.Mark));
        }

        switch (reference, difference)
        {
            case (MapNode first, MapNode second):
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var name in first.Names.Concat(second.Names.Where(name => first[name].Count == 0)))
                {
                    CompareMembers(place.Member(name), first[name], second[name]);
                }

                CompareOrder(place, first, second);
                return;
            case (ListNode first, ListNode second):
                CompareSequences(place.Element, first.Items, second.Items);
                return;
            default:
                Add(place, reference, difference);
                return;
        }
    }

    private void CompareMembers(ValuePlace place, List<ValueNode> first, List<ValueNode> second)
    {
        if (first.Count <= 1 && second.Count <= 1)
        {
            CompareCounterparts(place, first.FirstOrDefault(), second.FirstOrDefault());
            return;
        }

        CompareSequences(place.Numbered, first, second);
    }

    /// <summary>A place is that in the difference, and in the reference for what is only there.</summary>
    private void CompareSequences(Func<int, ValuePlace> place, List<ValueNode> first, List<ValueNode> second)
    {
        // What was left out is nothing's counterpart: a value beside it would be taken for it and never be told.
        var (before, beforePosition) = ValueOrder.Keep(first);
        var (after, afterPosition) = ValueOrder.Keep(second);
        foreach (var (left, right) in aligner.Align(before, after))
        {
            CompareCounterparts(
                place(right < 0 ? beforePosition(left) : afterPosition(right)),
                left < 0 ? null : before[left],
                right < 0 ? null : after[right]);
        }
    }

    private void CompareOrder(ValuePlace place, MapNode first, MapNode second)
    {
        if (!first.IsOrdered || !second.IsOrdered)
        {
            return;
        }

        var (before, after) = (ValueOrder.SharedNames(first, second), ValueOrder.SharedNames(second, first));
        if (!before.SequenceEqual(after, StringComparer.Ordinal))
        {
            Add(place.Member(OrderName), ToList(before), ToList(after));
        }

        static ListNode ToList(List<string> names)
        {
            var list = new ListNode();
            list.Items.AddRange(names.Select(name => new ScalarNode(name)));
            return list;
        }
    }

    private void CompareCounterparts(ValuePlace place, ValueNode? reference, ValueNode? difference)
    {
        (reference, difference) = (reference is LeftOutNode ? null : reference, difference is LeftOutNode ? null : difference);
        if (reference is not null && difference is not null)
        {
            Compare(place, reference, difference);
        }
        else if ((reference ?? difference) is not null)
        {
            Add(place, reference, difference);
        }
    }

    private void Add(ValuePlace at, ValueNode? reference, ValueNode? difference)
    {
        if (++Count > limits.Details)
        {
            return;
        }

        var place = at.Show(limits.ShownLength);
        found.Add((reference, difference) switch
        {
            (null, { } added) => new ValueDifference(place, ItemChange.Added, null, ValueText.Show(added, limits.ShownLength)),
            ({ } removed, null) => new ValueDifference(place, ItemChange.Removed, ValueText.Show(removed, limits.ShownLength), null),
            ({ } first, { } second) when ValueText.Show(first, second, limits.ShownLength) is var (before, after) => new ValueDifference(place, ItemChange.Modified, before, after),
            _ => throw new ArgumentException("There is a value on one side at least.", nameof(reference)),
        });
    }
}
