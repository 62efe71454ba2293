namespace EdgeBackup.Core.Devices.Types;

/// <summary>The path of an <see cref="ItemRule"/>: '/'-separated segments with <c>*</c>, <c>?</c> and <c>**</c>.</summary>
internal sealed class PathPattern
{
    private readonly string[] segments;

    public PathPattern(string text)
    {
        segments = text.Split('/');
    }

    /// <summary>Whether it fits everything below whatever folder it fits.</summary>
    public bool IsTree => segments[^1] == "**";

    /// <summary>Says why a text is no such path.</summary>
    /// <returns>Null for a good one.</returns>
    public static string? FindFault(string text)
    {
        if (text.Length == 0)
        {
            return "it is empty";
        }

        foreach (var segment in text.Split('/'))
        {
            switch (segment)
            {
                case "":
                    return "it has an empty segment; paths are relative, with one '/' between segments and none at the ends";
                case "." or "..":
                    return $"it has the segment '{segment}'";
                case not "**" when segment.Contains("**", StringComparison.Ordinal):
                    return $"in '{segment}' the '**' is not a segment of its own";
            }
        }

        return text.Any(char.IsControl) ? "it contains a control character" : null;
    }

    public bool IsMatch(string path) => Reach(path.Split('/'))[segments.Length];

    /// <summary>Whether it can fit anything below a folder.</summary>
    public bool CanMatchBelow(string folder)
    {
        var reached = Reach(folder.Split('/'));
        for (var index = 0; index < segments.Length; index++)
        {
            if (reached[index])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Which numbers of pattern segments can stand for the whole path: linear in both, whatever the pattern.</summary>
    private bool[] Reach(string[] path)
    {
        var reached = new bool[segments.Length + 1];
        reached[0] = true;
        SkipTrees(reached);
        foreach (var name in path)
        {
            var next = new bool[segments.Length + 1];
            for (var index = 0; index < segments.Length; index++)
            {
                if (!reached[index])
                {
                    continue;
                }

                if (segments[index] == "**")
                {
                    next[index] = true;
                }
                else if (FitsSegment(segments[index], name))
                {
                    next[index + 1] = true;
                }
            }

            SkipTrees(next);
            reached = next;
        }

        return reached;
    }

    /// <summary>A <c>**</c> also stands for no segment at all.</summary>
    private void SkipTrees(bool[] reached)
    {
        for (var index = 0; index < segments.Length; index++)
        {
            if (reached[index] && segments[index] == "**")
            {
                reached[index + 1] = true;
            }
        }
    }

    private static bool FitsSegment(string pattern, string name)
    {
        var (at, position, star, retry) = (0, 0, -1, 0);
        while (position < name.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                retry = position;
            }
            else if (at < pattern.Length && (pattern[at] == '?' || pattern[at] == name[position]))
            {
                at++;
                position++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                position = ++retry;
            }
            else
            {
                return false;
            }
        }

        while (at < pattern.Length && pattern[at] == '*')
        {
            at++;
        }

        return at == pattern.Length;
    }
}
