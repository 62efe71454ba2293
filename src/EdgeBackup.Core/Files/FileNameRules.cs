using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Files;

/// <summary>A path that a system cannot hold, and why.</summary>
/// <param name="Path">The item's path.</param>
/// <param name="Reason">A part of a sentence that follows on the path.</param>
public sealed record FileNameFault(string Path, string Reason);

/// <summary>Which item paths a folder can hold, so that a restore is refused before it starts and not in its middle.</summary>
public static class FileNameRules
{
    /// <summary>The longest name, in bytes of UTF-8 on Unix and in UTF-16 units on Windows.</summary>
    private const int SegmentLimit = 255;

    private const string WindowsForbidden = "<>:\"|?*\\";

    private static readonly string[] WindowsReserved = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>Finds the paths that a folder cannot hold.</summary>
    /// <param name="paths">Item paths that <see cref="Items.ItemPath.FindFault"/> accepts.</param>
    /// <param name="hasWindowsNames">Whether names are held to Windows' rules.</param>
    /// <param name="isCaseSensitive">Whether names that differ only in case are different names there.</param>
    /// <returns>At most one fault for each path, in the order of the paths.</returns>
    public static IReadOnlyList<FileNameFault> FindFaults(IEnumerable<string> paths, bool hasWindowsNames, bool isCaseSensitive)
    {
        var faults = new List<FileNameFault>();
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var fault = path.Split('/').Select(segment => FindSegmentFault(segment, hasWindowsNames)).FirstOrDefault(found => found is not null)
                ?? (isCaseSensitive ? null : FindCollision(path, known));
            if (fault is not null)
            {
                faults.Add(new FileNameFault(path, fault));
            }
        }

        return faults;
    }

    /// <summary>Refuses a restore whose paths a folder cannot hold, with the list of them.</summary>
    /// <param name="paths">Item paths.</param>
    /// <param name="folder">An existing folder: the target, or the nearest one above it.</param>
    /// <param name="platform">Whose rules the names must keep.</param>
    /// <exception cref="EdgeBackupException">RestoreTargetMismatch.</exception>
    public static void Check(IEnumerable<string> paths, string folder, IPlatform platform)
    {
        var faults = FindFaults(paths, platform.HasWindowsNames, IsCaseSensitive(folder, platform));
        if (faults.Count == 0)
        {
            return;
        }

        const int limit = 200;
        var list = string.Join("; ", faults.Take(limit).Select(fault => $"'{fault.Path}' {fault.Reason}"));
        var rest = faults.Count > limit ? $"; and {faults.Count - limit} more" : "";
        throw new EdgeBackupException(
            ErrorIds.RestoreTargetMismatch,
            $"Nothing was restored, because '{folder}' cannot hold these names: {list}{rest}. Restore to a system that can, or leave these items out with -Path.",
            folder);
    }

    /// <summary>
    /// Whether a folder tells names apart that differ only in case. Writes nothing: it looks an existing name up in the
    /// other case, the folder's own or that of one above it.
    /// </summary>
    public static bool IsCaseSensitive(string folder, IPlatform platform)
    {
        for (var path = Path.TrimEndingDirectorySeparator(folder); Path.GetDirectoryName(path) is { } parent; path = parent)
        {
            var name = Path.GetFileName(path);
            var flipped = string.Concat(name.Select(Flip));
            if (flipped == name || platform.Stat(path) is not { } entry)
            {
                continue;
            }

            // Both cases may exist side by side; only the same entry under both names means that case does not count.
            return platform.Stat(Path.Combine(parent, flipped)) is not { } other || other != entry;
        }

        return !platform.HasWindowsNames && !OperatingSystem.IsMacOS();
    }

    /// <summary>
    /// Makes a name that every system can hold from any text: letters and digits of ASCII, '-', '_' and '.' stay,
    /// everything else becomes '_', and where anything was changed a part of the text's SHA-256 stands behind. Only texts
    /// that differ in case alone can get names that some system takes for one.
    /// </summary>
    /// <param name="text">Not empty.</param>
    /// <param name="longest">The most characters of the text that are kept.</param>
    public static string ToSafeName(string text, int longest)
    {
        var name = new string([.. text.Take(longest).Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '_')]);
        return name == text && name[0] != '.' && FindSegmentFault(name, hasWindowsNames: true) is null ? name : ToMarkedName(text, longest);
    }

    /// <summary>As <see cref="ToSafeName"/>, with the part of the SHA-256 in any case.</summary>
    public static string ToMarkedName(string text, int longest)
    {
        var name = new string([.. text.Take(longest).Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '_')]).Trim('.', '_');
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));
        name = name.Length == 0 ? digest : $"{name}_{digest}";
        return IsReserved(name) ? $"_{name}" : name;
    }

    private static char Flip(char letter) =>
        char.IsAsciiLetterUpper(letter) ? char.ToLowerInvariant(letter) : char.IsAsciiLetterLower(letter) ? char.ToUpperInvariant(letter) : letter;

    private static string? FindSegmentFault(string segment, bool hasWindowsNames)
    {
        var length = hasWindowsNames ? segment.Length : Encoding.UTF8.GetByteCount(segment);
        if (length > SegmentLimit)
        {
            return $"has a name longer than {SegmentLimit} {(hasWindowsNames ? "characters" : "bytes")}";
        }

        if (!hasWindowsNames)
        {
            return null;
        }

        foreach (var character in segment)
        {
            if (character < ' ')
            {
                return "contains a control character";
            }

            if (WindowsForbidden.Contains(character, StringComparison.Ordinal))
            {
                return $"contains '{character}'";
            }
        }

        if (segment[^1] is '.' or ' ')
        {
            return "has a name that ends with a dot or a space";
        }

        return IsReserved(segment) ? "has a name that is reserved for a device" : null;
    }

    /// <summary>
    /// Windows' own list: with any extension, and COM and LPT also with the superscript digits
    /// (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
    /// </summary>
    private static bool IsReserved(string segment)
    {
        var dot = segment.IndexOf('.', StringComparison.Ordinal);
        var stem = (dot < 0 ? segment : segment[..dot]).TrimEnd(' ').ToUpperInvariant();
        return WindowsReserved.Contains(stem, StringComparer.Ordinal)
            || (stem.Length == 4
                && (stem.StartsWith("COM", StringComparison.Ordinal) || stem.StartsWith("LPT", StringComparison.Ordinal))
                && stem[3] is (>= '0' and <= '9') or '\u00B9' or '\u00B2' or '\u00B3');
    }

    /// <summary>Checks every folder on the way too: 'A/x' and 'a/y' would become one folder.</summary>
    private static string? FindCollision(string path, Dictionary<string, string> known)
    {
        for (var end = path.IndexOf('/', StringComparison.Ordinal); ; end = path.IndexOf('/', end + 1))
        {
            var part = end < 0 ? path : path[..end];
            var key = part.Normalize(NormalizationForm.FormC).ToUpperInvariant();
            if (!known.TryAdd(key, part) && known[key] != part)
            {
                return $"differs only in case from '{known[key]}'";
            }

            if (end < 0)
            {
                return null;
            }
        }
    }
}
