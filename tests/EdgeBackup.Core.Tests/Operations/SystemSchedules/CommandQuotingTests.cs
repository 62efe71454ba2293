using System.Diagnostics;
using System.Text;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Tests.Devices.Ssh;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class CommandQuotingTests
{
    private static readonly string[] Nasty =
    [
        ScheduleWorld.NastyPath, "plain", "", " ", "a'b", "a\"b", "\\", "a\\", "a\\\"b", "\\\\server\\share with blank\\", "${HOME} $(id) `id`", "%h%%", ";", "#", "tab\there", "é中\u2019",
    ];

    [ProgramFact("printf")]
    public void A_shell_takes_the_words_as_they_were_meant() =>
        Assert.Equal(Nasty, Words(Programs.Run("/bin/sh", "-c", CommandQuoting.Shell(new ProgramCall("printf", ["%s\\n\\n", .. Nasty])))));

    [ProgramFact("printf")]
    public void A_Windows_program_takes_the_words_as_they_were_meant()
    {
        // .NET takes a command line apart by Windows' rules on every system.
        var start = new ProcessStartInfo("printf", CommandQuoting.Windows(["%s\\n\\n", .. Nasty])) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 };
        using var process = Process.Start(start)!;
        Assert.Equal(Nasty, Words(process.StandardOutput.ReadToEnd()));
    }

    [Fact]
    public void Systemd_takes_the_words_as_they_were_meant() =>
        Assert.Equal(Nasty.Prepend("/bin/echo"), SystemdLine.Split(CommandQuoting.Systemd(new ProgramCall("/bin/echo", Nasty))));

    [ProgramFact("pwsh")]
    public void PowerShell_takes_a_quoted_text_as_it_was_meant()
    {
        var texts = Nasty.Where(text => text.Length > 0).ToArray();
        var script = "[Console]::OutputEncoding = [Text.UTF8Encoding]::new($false); " + string.Join("; ", texts.Select(text => $"[Console]::Write({ScheduleCommand.Quote(text)} + \"`n`n\")"));
        Assert.Equal(texts, Words(Programs.Run("pwsh", "-NoProfile", "-NonInteractive", "-Command", script)));
    }

    private static string[] Words(string output) => output[..^2].Split("\n\n");
}

/// <summary>Takes a line of a unit apart as systemd does (systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines").</summary>
internal static class SystemdLine
{
    public static List<string> Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (isOpen, isQuoted) = (false, false);
        for (var at = 0; at < line.Length; at++)
        {
            var character = line[at];
            if (character == ' ' && !isQuoted)
            {
                if (isOpen)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }

                isOpen = false;
                continue;
            }

            isOpen = true;
            if (character == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (character == '\\')
            {
                at++;
                word.Append(line[at] switch { 'n' => '\n', '\\' => '\\', '"' => '"', var other => throw new FormatException($"unknown escape \\{other}") });
            }
            else if (character is '%' or '$')
            {
                at++;
                word.Append(line[at] == character ? character : throw new FormatException($"{character}{line[at]} would be replaced"));
            }
            else
            {
                word.Append(character is '\'' or ';' && !isQuoted ? throw new FormatException($"{character} means something outside of quotes") : character);
            }
        }

        if (isOpen)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
