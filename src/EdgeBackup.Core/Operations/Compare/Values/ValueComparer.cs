using System.Globalization;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Compares two trees of values place by place.</summary>
internal sealed class ValueComparer(CompareLimits limits, CancellationToken cancellationToken)
{
    private readonly SequenceAligner aligner = new(limits, cancellationToken);
    private readonly List<ValueDifference> found = [];

    /// <summary>In the order of the places, up to the limit.</summary>
    public IReadOnlyList<ValueDifference> Found => found;

    /// <summary>How many there are, also beyond the limit.</summary>
    public long Count { get; private set; }

    /// <summary>Whether some of them may be told by position, since too much differs.</summary>
    public bool IsRough => aligner.IsRough;

    public void Compare(ValueNode reference, ValueNode difference) => Compare("", reference, difference);

    private void Compare(string place, ValueNode reference, ValueNode difference)
    {
        if (reference.Hash == difference.Hash && reference.IsSame(difference))
        {
            return;
        }

        switch (reference, difference)
        {
            case (LeftOutNode, _) or (_, LeftOutNode):
                return;
            case (MapNode first, MapNode second):
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var name in first.Names.Concat(second.Names.Where(name => first[name].Count == 0)))
                {
                    CompareMembers($"{place}/{ValuePlace.Escape(name)}", first[name], second[name]);
                }

                return;
            case (ListNode first, ListNode second):
                CompareSequences(index => $"{place}/{index.ToString(CultureInfo.InvariantCulture)}", first.Items, second.Items);
                return;
            default:
                Add(place, reference, difference);
                return;
        }
    }

    private void CompareMembers(string place, List<ValueNode> first, List<ValueNode> second)
    {
        if (first.Count <= 1 && second.Count <= 1)
        {
            CompareCounterparts(place, first.FirstOrDefault(), second.FirstOrDefault());
            return;
        }

        CompareSequences(index => ValuePlace.Number(place, index), first, second);
    }

    /// <summary>A place is that in the difference, and in the reference for what is only there.</summary>
    private void CompareSequences(Func<int, string> place, List<ValueNode> first, List<ValueNode> second)
    {
        foreach (var (left, right) in aligner.Align(first, second))
        {
            CompareCounterparts(place(right < 0 ? left : right), left < 0 ? null : first[left], right < 0 ? null : second[right]);
        }
    }

    private void CompareCounterparts(string place, ValueNode? reference, ValueNode? difference)
    {
        if (reference is not null && difference is not null)
        {
            Compare(place, reference, difference);
        }
        else if ((reference ?? difference) is not LeftOutNode)
        {
            Add(place, reference, difference);
        }
    }

    private void Add(string place, ValueNode? reference, ValueNode? difference)
    {
        if (++Count > limits.Details)
        {
            return;
        }

        found.Add((reference, difference) switch
        {
            (null, { } added) => new ValueDifference(place, ItemChange.Added, null, ValueText.Show(added, limits.ShownLength)),
            ({ } removed, null) => new ValueDifference(place, ItemChange.Removed, ValueText.Show(removed, limits.ShownLength), null),
            ({ } first, { } second) when ValueText.Show(first, second, limits.ShownLength) is var (before, after) => new ValueDifference(place, ItemChange.Modified, before, after),
            _ => throw new ArgumentException("There is a value on one side at least.", nameof(reference)),
        });
    }
}
