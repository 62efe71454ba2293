using System.Globalization;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Devices.Types;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Takes out of a tree what changes by itself, as the device's type says.</summary>
internal sealed class LeftOutValues
{
    private readonly List<string> pointers = [];
    private readonly HashSet<string> keys = new(StringComparer.Ordinal);
    private readonly List<Regex> patterns = [];

    public LeftOutValues(IEnumerable<VolatileValue> values)
    {
        foreach (var value in values)
        {
            if (value.JsonPointer is { } pointer)
            {
                pointers.Add(pointer);
            }

            if (value.Key is { } key)
            {
                keys.Add(key);
            }

            if (value.Pattern is { } pattern)
            {
                patterns.Add(TypePattern.Compile(pattern));
            }
        }
    }

    public bool IsEmpty => pointers.Count == 0 && keys.Count == 0 && patterns.Count == 0;

    /// <summary>Whether some can be found among values with names only, not in mere lines.</summary>
    public bool NeedNames => pointers.Count > 0 || keys.Count > 0;

    /// <summary>Takes values out.</summary>
    /// <param name="root">Changed.</param>
    /// <param name="areLines">Whether the tree is one of lines.</param>
    /// <param name="taken">Takes what was taken out, in order.</param>
    /// <returns>The tree without them.</returns>
    public ValueNode Take(ValueNode root, bool areLines, List<ValueNode> taken)
    {
        if (IsEmpty)
        {
            return root;
        }

        if (pointers.Contains(""))
        {
            taken.Add(root);
            return LeftOutNode.Instance;
        }

        Walk(root, "", areLines, taken);
        return root;
    }

    private void Walk(ValueNode node, string place, bool areLines, List<ValueNode> taken)
    {
        switch (node)
        {
            case MapNode map:
                foreach (var name in map.Names)
                {
                    var plain = $"{place}/{ValuePlace.Escape(name)}";
                    var values = map[name];
                    for (var index = 0; index < values.Count; index++)
                    {
                        var numbered = values.Count > 1 ? ValuePlace.Number(plain, index) : plain;
                        WalkOne(values, index, IsTaken(plain, numbered, name, values[index], areLines), numbered, areLines, taken);
                    }
                }

                break;
            case ListNode list:
                for (var index = 0; index < list.Items.Count; index++)
                {
                    var inner = $"{place}/{index.ToString(CultureInfo.InvariantCulture)}";
                    WalkOne(list.Items, index, IsAt(inner), inner, areLines, taken);
                }

                break;
        }
    }

    private void WalkOne(List<ValueNode> values, int index, bool isTaken, string place, bool areLines, List<ValueNode> taken)
    {
        if (isTaken)
        {
            taken.Add(values[index]);
            values[index] = LeftOutNode.Instance;
        }
        else
        {
            Walk(values[index], place, areLines, taken);
        }
    }

    private bool IsTaken(string plain, string numbered, string name, ValueNode value, bool areLines)
    {
        if (areLines)
        {
            return value is ScalarNode line && patterns.Exists(pattern => pattern.IsMatch(line.Text));
        }

        // An attribute of XML goes by its name too.
        var bare = name.StartsWith('@') ? name[1..] : name;
        return keys.Contains(name) || keys.Contains(bare) || patterns.Exists(pattern => pattern.IsMatch(bare))
            || IsAt(plain) || (numbered != plain && IsAt(numbered));
    }

    private bool IsAt(string place) => pointers.Exists(pointer => JsonPath.IsMatch(pointer, place));
}
