using System.Globalization;

namespace EdgeBackup.Core.Schedule;

/// <summary>
/// Reads a window from left to right: days ("Mon", "Mon-Fri", "Mon, Wed", "Daily"; left out they are all), then hours
/// ("19:00-06:00"), and after a comma the next.
/// </summary>
internal sealed class WindowParser(string text)
{
    private const int ShortestDay = 2;
    private int position;

    /// <exception cref="FormatException">See <see cref="BackupWindow.Parse"/>.</exception>
    public BackupWindow Parse()
    {
        var hours = new List<WindowHours>();
        if (string.Equals(text.Trim(), BackupWindow.AlwaysText, StringComparison.OrdinalIgnoreCase))
        {
            return BackupWindow.Always;
        }

        do
        {
            hours.Add(ReadHours());
        }
        while (TryTake(','));

        if (!IsAtEnd)
        {
            throw Fault("a comma or the end is expected");
        }

        return new BackupWindow(hours);
    }

    private bool IsAtEnd
    {
        get
        {
            SkipBlanks();
            return position == text.Length;
        }
    }

    private WindowHours ReadHours()
    {
        var days = new HashSet<DayOfWeek>();
        while (!IsAtEnd && char.IsLetter(text[position]))
        {
            ReadDays(days);
            if (!TryTake(','))
            {
                break;
            }

            if (IsAtEnd || !char.IsLetter(text[position]))
            {
                throw Fault("a day is expected after the comma, since the days before it have no hours yet");
            }
        }

        SkipBlanks();
        var begin = position;
        var start = ReadTime(isEnd: false);
        if (!TryTake('-'))
        {
            throw Fault("a dash and the time at which the window closes are expected, as in 19:00-06:00");
        }

        var end = ReadTime(isEnd: true);
        if (start == end)
        {
            throw Fault("it closes when it opens; a whole day is 00:00-24:00", begin);
        }

        return new WindowHours([.. BackupWindow.Week.Where(day => days.Count == 0 || days.Contains(day))], start, end);
    }

    private void ReadDays(HashSet<DayOfWeek> days)
    {
        var begin = position;
        var word = ReadWord();
        if (word.Equals("daily", StringComparison.OrdinalIgnoreCase))
        {
            days.UnionWith(BackupWindow.Week);
            return;
        }

        var first = ToDay(word, begin);
        var last = first;
        if (TryTake('-'))
        {
            SkipBlanks();
            begin = position;
            last = ToDay(ReadWord(), begin);
        }

        // Sat-Mon runs over the end of the week.
        for (var index = first; ; index = (index + 1) % BackupWindow.Week.Count)
        {
            days.Add(BackupWindow.Week[index]);
            if (index == last)
            {
                return;
            }
        }
    }

    private int ToDay(string word, int begin)
    {
        for (var index = 0; word.Length >= ShortestDay && index < BackupWindow.Week.Count; index++)
        {
            if (BackupWindow.Week[index].ToString().StartsWith(word, StringComparison.OrdinalIgnoreCase))
            {
                return index;
            }
        }

        throw Fault(word.Length == 0 ? "a day is expected: Mon, Tue, Wed, Thu, Fri, Sat or Sun" : $"'{word}' is no day; the days are Mon, Tue, Wed, Thu, Fri, Sat and Sun", begin);
    }

    private int ReadTime(bool isEnd)
    {
        SkipBlanks();
        var begin = position;
        var hour = ReadNumber(begin);
        if (position == text.Length || text[position] != ':')
        {
            throw Fault("a time is hours and minutes, as in 19:00", begin);
        }

        position++;
        var minuteBegin = position;
        var minute = ReadNumber(begin);
        if (position - minuteBegin != 2 || minute > 59 || hour > 24 || (hour == 24 && minute > 0))
        {
            throw Fault($"'{text[begin..position]}' is no time of the day", begin);
        }

        if (hour == 24 && !isEnd)
        {
            throw Fault("a window may close at 24:00 but not open then; the next day's 00:00 is meant", begin);
        }

        return (hour * 60) + minute;
    }

    private int ReadNumber(int begin)
    {
        var first = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]) && position - first < 2)
        {
            position++;
        }

        return position > first
            ? int.Parse(text.AsSpan(first, position - first), NumberStyles.None, CultureInfo.InvariantCulture)
            : throw Fault("a time is expected, as in 19:00", begin);
    }

    private string ReadWord()
    {
        var first = position;
        while (position < text.Length && char.IsLetter(text[position]))
        {
            position++;
        }

        return text[first..position];
    }

    private bool TryTake(char wanted)
    {
        SkipBlanks();
        if (position == text.Length || text[position] != wanted)
        {
            return false;
        }

        position++;
        return true;
    }

    private void SkipBlanks()
    {
        while (position < text.Length && char.IsWhiteSpace(text[position]))
        {
            position++;
        }
    }

    private FormatException Fault(string reason, int? at = null)
    {
        var place = at ?? position;
        var where = place >= text.TrimEnd().Length ? "at its end" : string.Create(CultureInfo.InvariantCulture, $"at character {place + 1} ('{text[place..].TrimEnd()}')");
        return new FormatException($"The window '{text}' cannot be read {where}: {reason}.");
    }
}
