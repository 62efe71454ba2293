namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Lays two sequences side by side so that as little as possible differs, after E. Myers, An O(ND) Difference Algorithm
/// and Its Variations (1986), the greedy form. Time and memory are bounded: beyond the limit of edits, what lies between
/// the equal beginnings and ends is laid side by side by position. It is no library's: those for texts know neither values
/// with identities nor a limit of edits, cannot be stopped, and take minutes for what a device may send within our limits.
/// </summary>
internal sealed class SequenceAligner(CompareLimits limits, CancellationToken cancellationToken)
{
    private static readonly string[] IdentityNames = ["id", "@id", "uuid", "key", "name", "@name"];

    /// <summary>Whether some sequence was too different to be laid out well.</summary>
    public bool IsRough { get; private set; }

    /// <summary>The elements that differ: positions in both sequences, -1 where one has no counterpart. Equal ones are left out.</summary>
    public List<(int First, int Second)> Align(List<ValueNode> first, List<ValueNode> second)
    {
        var start = 0;
        while (start < first.Count && start < second.Count && IsSame(first[start], second[start]))
        {
            start++;
        }

        var (firstEnd, secondEnd) = (first.Count, second.Count);
        while (firstEnd > start && secondEnd > start && IsSame(first[firstEnd - 1], second[secondEnd - 1]))
        {
            firstEnd--;
            secondEnd--;
        }

        var pairs = new List<(int, int)>();
        var gap = new Gap(first, second, pairs) { First = start, Second = start };
        if (FindMatches(first, second, start, firstEnd, secondEnd) is { } matches)
        {
            foreach (var (left, right) in matches)
            {
                gap.Close(left, right);
                (gap.First, gap.Second) = (left + 1, right + 1);
            }
        }
        else
        {
            IsRough = true;
        }

        gap.Close(firstEnd, secondEnd);
        return pairs;
    }

    /// <summary>The equal elements in order; null where there are too many edits.</summary>
    private List<(int First, int Second)>? FindMatches(List<ValueNode> first, List<ValueNode> second, int start, int firstEnd, int secondEnd)
    {
        var (n, m) = (firstEnd - start, secondEnd - start);
        if (n == 0 || m == 0)
        {
            return [];
        }

        var most = Math.Min(n + m, limits.Edits);
        var reach = new int[(2 * most) + 3];
        var offset = most + 1;
        var trace = new List<int[]>();
        for (var edits = 0; edits <= most; edits++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            trace.Add(reach[(offset - edits)..(offset + edits + 1)]);
            for (var diagonal = -edits; diagonal <= edits; diagonal += 2)
            {
                var x = IsDown(reach, offset, diagonal, edits) ? reach[offset + diagonal + 1] : reach[offset + diagonal - 1] + 1;
                var y = x - diagonal;
                while (x < n && y < m && IsSame(first[start + x], second[start + y]))
                {
                    x++;
                    y++;
                }

                reach[offset + diagonal] = x;
                if (x >= n && y >= m)
                {
                    return WalkBack(trace, edits, n, m, start);
                }
            }
        }

        return null;
    }

    private static List<(int First, int Second)> WalkBack(List<int[]> trace, int edits, int x, int y, int start)
    {
        var matches = new List<(int, int)>();
        for (var step = edits; step > 0; step--)
        {
            // What was reachable with one edit less; its middle is diagonal 0. The outermost places were not reached yet.
            var before = trace[step];
            var diagonal = x - y;
            var previous = IsDown(before, step, diagonal, step) ? diagonal + 1 : diagonal - 1;
            var previousX = before[step + previous];
            var previousY = previousX - previous;
            while (x > previousX && y > previousY)
            {
                x--;
                y--;
                matches.Add((start + x, start + y));
            }

            (x, y) = (previousX, previousY);
        }

        while (x > 0 && y > 0)
        {
            x--;
            y--;
            matches.Add((start + x, start + y));
        }

        matches.Reverse();
        return matches;
    }

    /// <summary>Whether a diagonal is reached best from the one above it.</summary>
    private static bool IsDown(int[] reach, int offset, int diagonal, int edits) =>
        diagonal == -edits || (diagonal != edits && reach[offset + diagonal - 1] < reach[offset + diagonal + 1]);

    private static bool IsSame(ValueNode first, ValueNode second) => first.Hash == second.Hash && first.IsSame(second);

    /// <summary>What lies between two equal elements: those that say to be the same thing are counterparts, then those in the same order.</summary>
    private sealed class Gap(List<ValueNode> first, List<ValueNode> second, List<(int, int)> pairs)
    {
        public int First { get; set; }

        public int Second { get; set; }

        public void Close(int firstEnd, int secondEnd)
        {
            var counterparts = FindNamesakes(firstEnd, secondEnd);
            var taken = counterparts.Values.ToHashSet();
            var free = Enumerable.Range(Second, secondEnd - Second).Where(index => !taken.Contains(index)).ToList();
            var next = 0;
            for (var index = First; index < firstEnd; index++)
            {
                pairs.Add((index, counterparts.TryGetValue(index, out var namesake) ? namesake
                    : next < free.Count && (Identity(first[index]) is null || Identity(second[free[next]]) is null) ? free[next++]
                    : -1));
            }

            while (next < free.Count)
            {
                pairs.Add((-1, free[next++]));
            }
        }

        private Dictionary<int, int> FindNamesakes(int firstEnd, int secondEnd)
        {
            var byIdentity = new Dictionary<string, int>(StringComparer.Ordinal);
            for (var index = Second; index < secondEnd; index++)
            {
                if (Identity(second[index]) is { } identity)
                {
                    byIdentity.TryAdd(identity, index);
                }
            }

            var counterparts = new Dictionary<int, int>();
            for (var index = First; index < firstEnd && byIdentity.Count > 0; index++)
            {
                if (Identity(first[index]) is { } identity && byIdentity.Remove(identity, out var namesake))
                {
                    counterparts[index] = namesake;
                }
            }

            return counterparts;
        }

        private static string? Identity(ValueNode node) =>
            node is MapNode map
                ? IdentityNames.Select(name => map[name] is [ScalarNode only] ? $"{name}={only.Text}" : null).FirstOrDefault(identity => identity is not null)
                : null;
    }
}
