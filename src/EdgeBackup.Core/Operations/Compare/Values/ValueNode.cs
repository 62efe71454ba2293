namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>What stands in an item, whatever its format: texts, lists of values, and values with names.</summary>
internal abstract class ValueNode
{
    private int? hash;

    /// <summary>Equal nodes have equal ones. Asked for only once the tree is complete.</summary>
    public int Hash => hash ??= ComputeHash();

    /// <summary>What stands in front of the value and belongs to it: in YAML its anchor and its tag.</summary>
    public string Mark { get; init; } = "";

    /// <summary>Whether two values are the same; the order of names does not matter but where a map says so.</summary>
    public abstract bool IsSame(ValueNode other);

    protected abstract int ComputeHash();
}

/// <summary>A text, number or word.</summary>
/// <param name="text">As it is written, without quotation marks.</param>
/// <param name="isText">Where a format tells texts from numbers and words: whether it is a text. "1" is not 1.</param>
internal sealed class ScalarNode(string text, bool isText = false) : ValueNode
{
    public string Text => text;

    public bool IsText => isText;

    public string MarkedText => Mark.Length == 0 ? text : $"{Mark} {text}";

    public override bool IsSame(ValueNode other) =>
        other is ScalarNode scalar && scalar.IsText == isText && string.Equals(scalar.Mark, Mark, StringComparison.Ordinal) && string.Equals(scalar.Text, text, StringComparison.Ordinal);

    protected override int ComputeHash() => HashCode.Combine(1, isText, text.GetHashCode(StringComparison.Ordinal));
}

/// <summary>Values in order.</summary>
internal sealed class ListNode : ValueNode
{
    public List<ValueNode> Items { get; } = [];

    public override bool IsSame(ValueNode other) =>
        other is ListNode list && string.Equals(list.Mark, Mark, StringComparison.Ordinal) && IsSameSequence(Items, list.Items);

    /// <summary>Whether two sequences hold the same values.</summary>
    public static bool IsSameSequence(List<ValueNode> first, List<ValueNode> second)
    {
        if (first.Count != second.Count)
        {
            return false;
        }

        for (var index = 0; index < first.Count; index++)
        {
            if (first[index].Hash != second[index].Hash || !first[index].IsSame(second[index]))
            {
                return false;
            }
        }

        return true;
    }

    protected override int ComputeHash() => HashOf(2, Items);

    internal static int HashOf(int seed, List<ValueNode> items)
    {
        var code = new HashCode();
        code.Add(seed);
        foreach (var item in items)
        {
            code.Add(item.Hash);
        }

        return code.ToHashCode();
    }
}

/// <summary>Values with names. A name may occur several times: elements of XML, keys of INI, careless JSON.</summary>
internal sealed class MapNode : ValueNode
{
    private readonly Dictionary<string, List<ValueNode>> members = new(StringComparer.Ordinal);
    private readonly List<string> names = [];
    private readonly List<string> order = [];

    /// <summary>In the order in which they first occurred.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The name of each value, as they come.</summary>
    public IReadOnlyList<string> Order => order;

    /// <summary>Whether maps differ whose values have the same names in another order, as the elements of XML do.</summary>
    public bool IsOrdered { get; init; }

    public List<ValueNode> this[string name] => members.GetValueOrDefault(name) ?? [];

    public void Add(string name, ValueNode value)
    {
        AddUnordered(name, value);
        order.Add(name);
    }

    /// <summary>Adds a value that comes nowhere in the order: an attribute of XML.</summary>
    public void AddUnordered(string name, ValueNode value)
    {
        if (!members.TryGetValue(name, out var values))
        {
            members[name] = values = [];
            names.Add(name);
        }

        values.Add(value);
    }

    public override bool IsSame(ValueNode other) =>
        other is MapNode map
        && map.names.Count == names.Count
        && string.Equals(map.Mark, Mark, StringComparison.Ordinal)
        && (!IsOrdered || order.SequenceEqual(map.order, StringComparer.Ordinal))
        && names.TrueForAll(name => map.members.TryGetValue(name, out var values) && ListNode.IsSameSequence(members[name], values));

    protected override int ComputeHash()
    {
        // A sum, so that the order of names does not matter.
        var sum = names.Count;
        foreach (var (name, values) in members)
        {
            sum = unchecked(sum + ListNode.HashOf(name.GetHashCode(StringComparison.Ordinal), values));
        }

        return HashCode.Combine(3, sum);
    }
}

/// <summary>Stands where a value was that changes by itself, so that places behind it keep their numbers.</summary>
internal sealed class LeftOutNode : ValueNode
{
    public static readonly LeftOutNode Instance = new();

    private LeftOutNode()
    {
    }

    public override bool IsSame(ValueNode other) => other is LeftOutNode;

    protected override int ComputeHash() => 4;
}
