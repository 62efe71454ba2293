namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>In which order values and names stand, without those that were left out.</summary>
internal static class ValueOrder
{
    /// <summary>What was not left out, and where it stands.</summary>
    public static (List<ValueNode> Values, Func<int, int> Position) Keep(List<ValueNode> values)
    {
        if (!values.Contains(LeftOutNode.Instance))
        {
            return (values, index => index);
        }

        var positions = Enumerable.Range(0, values.Count).Where(index => values[index] is not LeftOutNode).ToList();
        return (positions.ConvertAll(index => values[index]), index => positions[index]);
    }

    /// <summary>The names of a map as they come, those alone that occur as often in another one.</summary>
    public static List<string> SharedNames(MapNode map, MapNode other)
    {
        var shared = map.Names.Where(name => Count(map[name]) == Count(other[name])).ToHashSet(StringComparer.Ordinal);
        return NamesOf(map).Where(shared.Contains).ToList();

        static int Count(List<ValueNode> values) => values.Count(value => value is not LeftOutNode);
    }

    /// <summary>Whether two trees that hold the same values hold them in the same order.</summary>
    public static bool IsSame(ValueNode first, ValueNode second) => (first, second) switch
    {
        (MapNode one, MapNode other) => NamesOf(one).SequenceEqual(NamesOf(other), StringComparer.Ordinal) && one.Names.All(name => IsSame(one[name], other[name])),
        (ListNode one, ListNode other) => IsSame(one.Items, other.Items),
        _ => true,
    };

    private static bool IsSame(List<ValueNode> first, List<ValueNode> second)
    {
        var (one, other) = (Keep(first).Values, Keep(second).Values);
        return one.Count == other.Count && one.Zip(other).All(pair => IsSame(pair.First, pair.Second));
    }

    private static IEnumerable<string> NamesOf(MapNode map)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in map.Order)
        {
            var index = counts.GetValueOrDefault(name);
            counts[name] = index + 1;
            if (map[name][index] is not LeftOutNode)
            {
                yield return name;
            }
        }
    }
}
