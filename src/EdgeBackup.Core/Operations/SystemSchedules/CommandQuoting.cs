using System.Text;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Command lines in the spelling of those who read them.</summary>
internal static class CommandQuoting
{
    /// <summary>ExecStart= of systemd.service(5): quoted words with C escapes, '%' and '$' doubled.</summary>
    public static string Systemd(ProgramCall call) =>
        string.Join(' ', call.Arguments.Select(argument => SystemdWord(argument).Replace("$", "$$", StringComparison.Ordinal)).Prepend(SystemdWord(call.Program)));

    /// <summary>A word in a list of systemd's (paths, variables), where only '%' has a meaning.</summary>
    public static string SystemdWord(string text)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("%", "%%", StringComparison.Ordinal);
        return escaped.Length > 0 && escaped.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or ':' or '=' or ',' or '+' or '@' or '%') ? escaped : $"\"{escaped}\"";
    }

    /// <summary>A text of systemd's that goes to the end of the line.</summary>
    public static string SystemdText(string text) => text.Replace("%", "%%", StringComparison.Ordinal).ReplaceLineEndings(" ");

    /// <summary>A POSIX shell's command.</summary>
    public static string Shell(ProgramCall call) => string.Join(' ', call.Arguments.Prepend(call.Program).Select(ShellWord));

    /// <summary>A POSIX shell's word.</summary>
    public static string ShellWord(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or ':' or '=' or ',' or '+' or '@')
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A POSIX shell's command in a crontab.</summary>
    public static string CronShell(ProgramCall call) => string.Join(' ', call.Arguments.Prepend(call.Program).Select(CronWord));

    /// <summary>
    /// A POSIX shell's word in a crontab. Cron makes a line end of '%', and the crons differ in what they make of '\%' and
    /// of two backslashes; so neither is written: the shell makes both.
    /// </summary>
    public static string CronWord(string text) => ShellWord(text)
        .Replace("'\\''", "\0", StringComparison.Ordinal)
        .Replace("\\", "'\"$(printf '\\134')\"'", StringComparison.Ordinal)
        .Replace("%", "'\"$(printf '\\045')\"'", StringComparison.Ordinal)
        .Replace("\0", "'\\''", StringComparison.Ordinal);

    /// <summary>The arguments as a Windows program takes them apart (CommandLineToArgvW).</summary>
    public static string Windows(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(WindowsWord));

    private static string WindowsWord(string text)
    {
        if (text.Length > 0 && !text.AsSpan().ContainsAny(' ', '\t', '"'))
        {
            return text;
        }

        var quoted = new StringBuilder("\"");
        var backslashes = 0;
        foreach (var character in text)
        {
            if (character == '\\')
            {
                backslashes++;
                continue;
            }

            // Backslashes count as escapes only before a quote.
            quoted.Append('\\', character == '"' ? (2 * backslashes) + 1 : backslashes).Append(character);
            backslashes = 0;
        }

        return quoted.Append('\\', 2 * backslashes).Append('"').ToString();
    }
}
