using System.Globalization;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Devices.Types;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Takes out of a tree what changes by itself, as the device's type says.</summary>
internal sealed class LeftOutValues
{
    private readonly List<string[]> pointers = [];
    private readonly HashSet<string> keys = new(StringComparer.Ordinal);
    private readonly List<Regex> patterns = [];

    public LeftOutValues(IEnumerable<VolatileValue> values)
    {
        foreach (var value in values)
        {
            if (value.JsonPointer is { } pointer)
            {
                pointers.Add(JsonPath.Segments(pointer));
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
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The tree without them.</returns>
    public ValueNode Take(ValueNode root, bool areLines, List<ValueNode> taken, CancellationToken cancellationToken)
    {
        if (IsEmpty)
        {
            return root;
        }

        if (pointers.Exists(pointer => pointer.Length == 0))
        {
            taken.Add(root);
            return LeftOutNode.Instance;
        }

        new Walker(this, areLines, taken, cancellationToken).Walk(root);
        return root;
    }

    /// <summary>Goes through one tree. Places are never put together: a device could make them very long.</summary>
    private sealed class Walker(LeftOutValues wanted, bool areLines, List<ValueNode> taken, CancellationToken cancellationToken)
    {
        private const int Interval = 1024;

        /// <summary>The names down to the value that is looked at; the number where a name occurs several times, else 0.</summary>
        private readonly List<(string Name, int Number)> place = [];

        private int count;

        public void Walk(ValueNode node)
        {
            switch (node)
            {
                case MapNode map:
                    foreach (var name in map.Names)
                    {
                        var values = map[name];
                        for (var index = 0; index < values.Count; index++)
                        {
                            WalkOne(values, index, name, values.Count > 1 ? index + 1 : 0, isElement: false);
                        }
                    }

                    break;
                case ListNode list:
                    for (var index = 0; index < list.Items.Count; index++)
                    {
                        WalkOne(list.Items, index, index.ToString(CultureInfo.InvariantCulture), number: 0, isElement: true);
                    }

                    break;
            }
        }

        private void WalkOne(List<ValueNode> values, int index, string name, int number, bool isElement)
        {
            if (++count % Interval == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            place.Add((name, number));
            if (isElement ? IsAtPointer() : IsTaken(name, values[index]))
            {
                taken.Add(values[index]);
                values[index] = LeftOutNode.Instance;
            }
            else
            {
                Walk(values[index]);
            }

            place.RemoveAt(place.Count - 1);
        }

        private bool IsTaken(string name, ValueNode value)
        {
            if (areLines)
            {
                return value is ScalarNode line && wanted.patterns.Exists(pattern => pattern.IsMatch(line.Text));
            }

            // An attribute of XML goes by its name too.
            var bare = name.StartsWith('@') ? name[1..] : name;
            return wanted.keys.Contains(name) || wanted.keys.Contains(bare) || wanted.patterns.Exists(pattern => pattern.IsMatch(bare)) || IsAtPointer();
        }

        private bool IsAtPointer() => wanted.pointers.Exists(IsMatch);

        private bool IsMatch(string[] pointer)
        {
            if (pointer.Length != place.Count)
            {
                return false;
            }

            for (var depth = 0; depth < pointer.Length; depth++)
            {
                // A name without a number means all of the name, at the end of a pointer.
                var (name, number) = place[depth];
                var isAny = number == 0 || depth == pointer.Length - 1;
                if (pointer[depth] != "*" && !(isAny && pointer[depth] == name) && !IsNumbered(pointer[depth], name, number))
                {
                    return false;
                }
            }

            return true;
        }

        private static bool IsNumbered(string segment, string name, int number) =>
            number > 0
            && segment.Length > name.Length
            && segment.StartsWith(name, StringComparison.Ordinal)
            && segment.AsSpan(name.Length).SequenceEqual(string.Create(CultureInfo.InvariantCulture, $"[{number}]"));
    }
}
