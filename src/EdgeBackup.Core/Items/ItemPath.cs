using System.Text;

namespace EdgeBackup.Core.Items;

/// <summary>The rules for item paths: what nobody may send, and what only some systems can hold.</summary>
public static class ItemPath
{
    /// <summary>The longest path an HTTP device may use, in bytes of UTF-8 (docs/device-api.md).</summary>
    public const int DeviceApiLimit = 1024;

    /// <summary>
    /// Says why a path is refused from everybody: empty, absolute, with an empty segment, '.', '..', a drive letter or NUL.
    /// </summary>
    /// <returns>The reason, or null for a good path.</returns>
    public static string? FindFault(string path)
    {
        if (string.IsNullOrEmpty(path))
        {
            return "the path is empty";
        }

        if (path.Contains('\0', StringComparison.Ordinal))
        {
            return "the path contains NUL";
        }

        if (path[0] is '/' or '\\')
        {
            return "the path is absolute";
        }

        if (path.Length >= 2 && path[1] == ':' && char.IsAsciiLetter(path[0]) && (path.Length == 2 || path[2] is '/' or '\\'))
        {
            return "the path begins with a drive letter";
        }

        if (!IsWellFormed(path))
        {
            return "the path is not valid Unicode";
        }

        foreach (var segment in path.Split('/'))
        {
            if (segment.Length == 0)
            {
                return "the path has an empty segment";
            }

            // A backslash separates on Windows, so '..\' climbs there although it is a plain name elsewhere.
            foreach (var part in segment.Split('\\'))
            {
                if (part is "." or "..")
                {
                    return $"the path contains the segment '{part}'";
                }
            }
        }

        return null;
    }

    /// <summary>Says why an HTTP device may not use a path: the rules of docs/device-api.md on top of those for everybody.</summary>
    /// <returns>The reason, or null for a good path.</returns>
    public static string? FindDeviceApiFault(string path)
    {
        if (FindFault(path) is { } fault)
        {
            return fault;
        }

        foreach (var character in path)
        {
            if (character is ':' or '\\')
            {
                return $"the path contains '{character}'";
            }

            if (char.IsControl(character))
            {
                return "the path contains a control character";
            }
        }

        return Encoding.UTF8.GetByteCount(path) > DeviceApiLimit
            ? $"the path is longer than {DeviceApiLimit} bytes"
            : null;
    }

    /// <summary>Whether a text has no half of a surrogate pair, which no encoding keeps.</summary>
    internal static bool IsWellFormed(string path)
    {
        for (var index = 0; index < path.Length; index++)
        {
            if (char.IsHighSurrogate(path[index]) && index + 1 < path.Length && char.IsLowSurrogate(path[index + 1]))
            {
                index++;
            }
            else if (char.IsSurrogate(path[index]))
            {
                return false;
            }
        }

        return true;
    }
}
