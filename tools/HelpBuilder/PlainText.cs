using System.Text;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace EdgeBackup.HelpBuilder;

/// <summary>What a console can show of Markdown.</summary>
internal static class PlainText
{
    /// <summary>A block's text: paragraphs in one line, code line by line, lists with a dash an entry.</summary>
    public static string Of(Block block) => block switch
    {
        CodeBlock code => string.Join('\n', Lines(code)),
        LeafBlock { Inline: { } inline } => Of(inline).Trim(),
        ListBlock list => string.Join('\n', list.OfType<ListItemBlock>().Select(item => Mark(list, item) + Join(item))),
        ContainerBlock container => Join(container),
        _ => "",
    };

    /// <summary>The text of a piece of a line.</summary>
    public static string Of(Inline inline)
    {
        var text = new StringBuilder();
        Append(text, inline);
        return text.ToString();
    }

    /// <summary>The lines of a block of code, without blank ones at the ends.</summary>
    public static IEnumerable<string> Lines(CodeBlock code) =>
        code.Lines.ToString().ReplaceLineEndings("\n").Trim('\n').Split('\n').Select(line => line.TrimEnd());

    private static string Mark(ListBlock list, ListItemBlock item) => list.IsOrdered ? $"{item.Order}. " : "- ";

    private static string Join(ContainerBlock container) => string.Join('\n', container.Select(Of));

    private static void Append(StringBuilder text, Inline inline)
    {
        switch (inline)
        {
            case LiteralInline literal:
                text.Append(literal.Content.ToString());
                break;
            case CodeInline code:
                text.Append(code.Content);
                break;
            case LineBreakInline:
                text.Append(' ');
                break;
            case AutolinkInline link:
                text.Append(link.Url);
                break;
            case HtmlEntityInline entity:
                text.Append(entity.Transcoded.ToString());
                break;
            case ContainerInline container:
                foreach (var child in container)
                {
                    Append(text, child);
                }

                break;
        }
    }
}
