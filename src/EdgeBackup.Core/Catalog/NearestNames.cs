namespace EdgeBackup.Core.Catalog;

/// <summary>Finds what a user may have meant.</summary>
public static class NearestNames
{
    /// <summary>"Did you mean 'a' or 'b'?", or an empty text where nothing is near.</summary>
    /// <param name="wanted">What was typed.</param>
    /// <param name="known">What exists.</param>
    public static string Suggest(string wanted, IEnumerable<string> known)
    {
        var near = Find(wanted, known);
        return near.Count == 0 ? "" : $" Did you mean {string.Join(" or ", near.Select(name => $"'{name}'"))}?";
    }

    /// <summary>At most three names, nearest first.</summary>
    public static IReadOnlyList<string> Find(string wanted, IEnumerable<string> known)
    {
        var limit = Math.Max(2, wanted.Length / 3);
        return known
            .Distinct(StringComparer.Ordinal)
            .Select(name => (Name: name, Distance: Rank(wanted, name)))
            .Where(candidate => candidate.Distance <= limit)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Take(3)
            .Select(candidate => candidate.Name)
            .ToList();
    }

    private static int Rank(string wanted, string name) =>
        wanted.Length >= 3 && name.StartsWith(wanted, StringComparison.OrdinalIgnoreCase) ? 1 : EditDistance(wanted.ToUpperInvariant(), name.ToUpperInvariant());

    /// <summary>Levenshtein's distance, two rows at a time.</summary>
    private static int EditDistance(string first, string second)
    {
        var previous = Enumerable.Range(0, second.Length + 1).ToArray();
        var current = new int[second.Length + 1];
        for (var row = 1; row <= first.Length; row++)
        {
            current[0] = row;
            for (var column = 1; column <= second.Length; column++)
            {
                var substitution = previous[column - 1] + (first[row - 1] == second[column - 1] ? 0 : 1);
                current[column] = Math.Min(substitution, Math.Min(previous[column], current[column - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[second.Length];
    }
}
