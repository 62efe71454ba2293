using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace EdgeBackup.HelpBuilder;

/// <summary>Takes a page apart by its headings.</summary>
internal static class PageReader
{
    private static readonly string[] Sections = ["Syntax", "Description", "Examples", "Parameters", "Outputs", "Notes", "Related"];

    public static HelpPage Read(string file)
    {
        var document = Markdown.Parse(File.ReadAllText(file));
        var parts = Split(document, level: 2);
        var head = parts[0].Blocks;
        var sections = parts.Skip(1).ToLookup(part => part.Title, part => part.Blocks);

        IReadOnlyList<Block> Section(string name) => sections[name].FirstOrDefault() ?? [];

        return new HelpPage(
            file,
            head.OfType<HeadingBlock>().Where(heading => heading.Level == 1).Select(PlainText.Of).FirstOrDefault() ?? "",
            head.OfType<ParagraphBlock>().Select(PlainText.Of).FirstOrDefault() ?? "")
        {
            Description = Section("Description"),
            Examples = [.. Split(Section("Examples"), level: 3).Skip(1).Select(part => ReadExample(part.Title, part.Blocks))],
            Parameters = Split(Section("Parameters"), level: 3).Skip(1)
                .GroupBy(part => part.Title.TrimStart('-'), StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.First().Blocks, StringComparer.Ordinal),
            Outputs = Section("Outputs"),
            Notes = Section("Notes"),
            Related = [.. Section("Related").SelectMany(block => block.Descendants<LinkInline>()).Select(link => new HelpLink(PlainText.Of(link), link.Url ?? ""))],
            Strangers = [.. parts.Skip(1).Select(part => part.Title).Except(Sections)],
        };
    }

    private static HelpExample ReadExample(string title, IReadOnlyList<Block> blocks)
    {
        var at = blocks.TakeWhile(block => block is not FencedCodeBlock).Count();
        // "1: Back up one device": the number is for the page's readers, Get-Help counts by itself.
        var text = title[(title.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return new HelpExample(
            text,
            at < blocks.Count ? PlainText.Of(blocks[at]) : "",
            [.. blocks.Take(at)],
            [.. blocks.Skip(at + 1)]);
    }

    /// <summary>The blocks before the first heading of the level, then those under each.</summary>
    private static List<(string Title, IReadOnlyList<Block> Blocks)> Split(IEnumerable<Block> blocks, int level)
    {
        var parts = new List<(string Title, List<Block> Blocks)> { ("", []) };
        foreach (var block in blocks)
        {
            if (block is HeadingBlock heading && heading.Level == level)
            {
                parts.Add((PlainText.Of(heading), []));
            }
            else
            {
                parts[^1].Blocks.Add(block);
            }
        }

        return parts.ConvertAll(part => (part.Title, (IReadOnlyList<Block>)part.Blocks));
    }
}
