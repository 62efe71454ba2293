namespace EdgeBackup.Core.Repository.Stores;

/// <summary>The rule for object names: what every file system, share and bucket can hold, and nothing that climbs.</summary>
public static class ObjectName
{
    /// <summary>Refuses anything but lower-case segments of [a-z0-9._-] that do not begin with a dot, with '/' between them.</summary>
    /// <exception cref="ArgumentException">The name breaks the rule.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name))
        {
            throw new ArgumentException($"'{name}' is no object name.", nameof(name));
        }
    }

    /// <summary>Whether a name keeps to the rule.</summary>
    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > 512)
        {
            return false;
        }

        var atStart = true;
        foreach (var character in name)
        {
            if (character == '/')
            {
                if (atStart)
                {
                    return false;
                }

                atStart = true;
                continue;
            }

            if (atStart && character == '.')
            {
                return false;
            }

            if (!char.IsAsciiLetterLower(character) && !char.IsAsciiDigit(character) && character is not ('.' or '_' or '-'))
            {
                return false;
            }

            atStart = false;
        }

        return !atStart;
    }

    /// <summary>Refuses a prefix that is not a valid name followed by '/'.</summary>
    /// <exception cref="ArgumentException">The prefix breaks the rule.</exception>
    public static void CheckPrefix(string prefix)
    {
        if (!prefix.EndsWith('/') || !IsValid(prefix[..^1]))
        {
            throw new ArgumentException($"'{prefix}' is no prefix of object names.", nameof(prefix));
        }
    }
}
