using System.Text;
using Markdig;
using Markdig.Syntax;

namespace EdgeBackup.HelpBuilder;

/// <summary>Writes an about topic: plain text, headings at the margin, everything else four columns in.</summary>
internal static class AboutWriter
{
    private const int Width = 80;
    private const string Indent = "    ";

    public static void Write(string source, string path)
    {
        var text = new StringBuilder();
        foreach (var block in Markdown.Parse(File.ReadAllText(source)))
        {
            switch (block)
            {
                case HeadingBlock { Level: 1 } title:
                    // Get-Help finds a topic's name and its one-line summary by this form.
                    text.Append("TOPIC\n").Append(Indent).Append(PlainText.Of(title)).Append("\n\n");
                    break;
                case HeadingBlock heading:
                    text.Append(PlainText.Of(heading).ToUpperInvariant()).Append('\n');
                    break;
                case CodeBlock code:
                    AppendLines(text, PlainText.Lines(code), Indent + Indent);
                    break;
                case ListBlock list:
                    foreach (var entry in PlainText.Of(list).Split('\n'))
                    {
                        AppendLines(text, Wrap(entry, Width - Indent.Length - 2).Select((line, index) => index == 0 ? line : "  " + line), Indent, blankAfter: false);
                    }

                    text.Append('\n');
                    break;
                default:
                    AppendLines(text, Wrap(PlainText.Of(block), Width - Indent.Length), Indent);
                    break;
            }
        }

        File.WriteAllText(path, text.ToString().TrimEnd('\n') + "\n");
    }

    private static void AppendLines(StringBuilder text, IEnumerable<string> lines, string indent, bool blankAfter = true)
    {
        foreach (var line in lines)
        {
            text.Append((indent + line).TrimEnd()).Append('\n');
        }

        if (blankAfter)
        {
            text.Append('\n');
        }
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word);
        }

        if (line.Length > 0)
        {
            yield return line.ToString();
        }
    }
}
