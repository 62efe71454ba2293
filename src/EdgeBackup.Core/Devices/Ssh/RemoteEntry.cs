using System.Globalization;
using System.Text;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>What stands at a path on a device.</summary>
internal sealed record RemoteEntry
{
    private const int TypeMask = 0xF000;
    private const int PermissionMask = 0xFFF;

    /// <summary>Relative to the root, without "./"; empty for the root itself.</summary>
    public required string Path { get; init; }

    /// <summary>Whether the name was valid UTF-8; where it was not, <see cref="Path"/> has replacement characters.</summary>
    public bool IsNameValid { get; init; } = true;

    public required FileEntryType Type { get; init; }

    public required int UnixMode { get; init; }

    public required long Length { get; init; }

    /// <summary>Null where the device does not tell.</summary>
    public DateTimeOffset? Modified { get; init; }

    /// <summary>As the device writes it, in seconds; null like <see cref="Modified"/>.</summary>
    public string? ModifiedText { get; init; }

    /// <summary>Null where the device can only be listed with ls.</summary>
    public string? ChangedText { get; init; }

    public DateTimeOffset? Changed { get; init; }

    /// <summary>Of the file system; empty where ls does not tell.</summary>
    public string Volume { get; init; } = "";

    public required string Inode { get; init; }

    public required int Owner { get; init; }

    public required int Group { get; init; }

    public string? LinkTarget { get; init; }

    /// <summary>What tells one file from another.</summary>
    public string FileId => Volume + ":" + Inode;

    /// <summary>An unchanged one means unchanged bytes.</summary>
    /// <param name="staleBefore">By the device's clock; a file changed later gets none, since its clock may not have ticked since.</param>
    public string? StampOf(DateTimeOffset staleBefore) =>
        Modified is null || Changed is null || Modified > staleBefore || Changed > staleBefore
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{Length}:{ModifiedText}:{ChangedText}:{FileId}");

    /// <summary>Whether two looks saw the same bytes, as far as can be told.</summary>
    public bool IsSameAs(RemoteEntry other) =>
        Type == other.Type && Length == other.Length && FileId == other.FileId && ModifiedText == other.ModifiedText && ChangedText == other.ChangedText;

    /// <summary>Reads a look of <c>find -printf</c>.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static RemoteEntry FromFind(string meta, byte[] name, byte[]? link)
    {
        var fields = Split(meta, 9);
        var type = fields[0] switch
        {
            "f" => FileEntryType.File,
            "d" => FileEntryType.Directory,
            "l" => FileEntryType.SymbolicLink,
            _ => FileEntryType.Other,
        };
        return Described(Named(name, link), type, Convert.ToInt32(fields[1], 8), fields.AsSpan(2));
    }

    /// <summary>Reads a line of <c>stat</c>: eight fields and the name.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static RemoteEntry FromStat(byte[] line)
    {
        var at = 0;
        for (var blanks = 0; blanks < 8; blanks++)
        {
            var blank = line.AsSpan(at).IndexOf((byte)' ');
            at = blank < 0 ? throw new InvalidDataException("a line of the listing is too short") : at + blank + 1;
        }

        var fields = Split(Encoding.ASCII.GetString(line.AsSpan(0, at - 1)), 8);
        var mode = Convert.ToInt32(fields[0], 16);
        var type = (mode & TypeMask) switch
        {
            0x8000 => FileEntryType.File,
            0x4000 => FileEntryType.Directory,
            0xA000 => FileEntryType.SymbolicLink,
            _ => FileEntryType.Other,
        };
        return Described(Named(line[at..], link: null), type, mode, fields.AsSpan(1));
    }

    /// <summary>Length, modified, changed, volume, inode, owner and group, which every look tells in this order.</summary>
    private static RemoteEntry Described(RemoteEntry named, FileEntryType type, int mode, ReadOnlySpan<string> fields) => named with
    {
        Type = type,
        UnixMode = mode & PermissionMask,
        Length = type == FileEntryType.File ? Number(fields[0]) : 0,
        Modified = Time(fields[1]),
        ModifiedText = fields[1],
        Changed = Time(fields[2]),
        ChangedText = fields[2],
        Volume = fields[3],
        Inode = fields[4],
        Owner = (int)Number(fields[5]),
        Group = (int)Number(fields[6]),
    };

    /// <summary>Reads the modification time and what <c>ls -lnid</c> says in front of the name, which it may write in its own way.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static RemoteEntry FromLs(string line, byte[] name)
    {
        var fields = Split(line, 7);
        var letters = fields[2];
        var time = fields[0] == "-" ? null : fields[0];
        if (letters.Length < 10)
        {
            throw new InvalidDataException($"'{letters}' are no permissions");
        }

        var type = letters[0] switch
        {
            '-' => FileEntryType.File,
            'd' => FileEntryType.Directory,
            'l' => FileEntryType.SymbolicLink,
            _ => FileEntryType.Other,
        };
        return Named(name, link: null) with
        {
            Type = type,
            UnixMode = ReadLetters(letters),
            Length = type == FileEntryType.File ? Number(fields[6]) : 0,
            Modified = time is null ? null : Time(time),
            ModifiedText = time,
            Inode = fields[1],
            Owner = (int)Number(fields[4]),
            Group = (int)Number(fields[5]),
        };
    }

    private static RemoteEntry Named(byte[] name, byte[]? link)
    {
        var path = Text(name, out var isValid);
        var target = link is null ? null : Text(link, out _);
        return new RemoteEntry
        {
            Path = Plain(path),
            IsNameValid = isValid,
            LinkTarget = string.IsNullOrEmpty(target) ? null : target,
            Type = FileEntryType.Other,
            UnixMode = 0,
            Length = 0,
            Inode = "",
            Owner = 0,
            Group = 0,
        };
    }

    /// <summary>A path without "./" in front.</summary>
    public static string Plain(string path) => path == "." ? "" : path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;

    private static string Text(byte[] bytes, out bool isValid)
    {
        var text = Encoding.UTF8.GetString(bytes);
        isValid = !text.Contains('\uFFFD', StringComparison.Ordinal);
        return text;
    }

    private static string[] Split(string meta, int count)
    {
        var fields = meta.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length >= count ? fields : throw new InvalidDataException($"'{meta}' has fewer than {count} fields");
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new InvalidDataException($"'{text}' is no number");

    private static DateTimeOffset Time(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > -62135596800m and < 253402300800m
                ? DateTimeOffset.UnixEpoch.AddTicks((long)decimal.Floor(seconds * TimeSpan.TicksPerSecond))
                : throw new InvalidDataException($"'{text}' is no time");

    private static int ReadLetters(string letters)
    {
        var mode = 0;
        for (var index = 0; index < 9; index++)
        {
            mode |= letters[1 + index] is '-' or 'S' or 'T' ? 0 : 1 << (8 - index);
        }

        return mode
            | (letters[3] is 's' or 'S' ? 0x800 : 0)
            | (letters[6] is 's' or 'S' ? 0x400 : 0)
            | (letters[9] is 't' or 'T' ? 0x200 : 0);
    }
}
