using Markdig.Syntax;

namespace EdgeBackup.HelpBuilder;

/// <summary>A cmdlet's page, taken apart (docs/contributing.md says how one is written).</summary>
internal sealed record HelpPage(string File, string Name, string Synopsis)
{
    public IReadOnlyList<Block> Description { get; init; } = [];

    public IReadOnlyList<HelpExample> Examples { get; init; } = [];

    public IReadOnlyDictionary<string, IReadOnlyList<Block>> Parameters { get; init; } = new Dictionary<string, IReadOnlyList<Block>>();

    public IReadOnlyList<Block> Outputs { get; init; } = [];

    public IReadOnlyList<Block> Notes { get; init; } = [];

    public IReadOnlyList<HelpLink> Related { get; init; } = [];

    /// <summary>Headings of the second level that the template does not know.</summary>
    public IReadOnlyList<string> Strangers { get; init; } = [];
}

/// <param name="Code">The first block of code.</param>
/// <param name="Before">What stands before it.</param>
/// <param name="After">What stands behind it: the output, and what to see in it.</param>
internal sealed record HelpExample(string Title, string Code, IReadOnlyList<Block> Before, IReadOnlyList<Block> After);

internal sealed record HelpLink(string Text, string Target);
