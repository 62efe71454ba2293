using System.Management.Automation;
using System.Management.Automation.Language;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>What a user has typed of an argument, and how values are written so that they mean themselves.</summary>
internal sealed class CompletionWord
{
    private readonly string text;
    private readonly WildcardPattern? pattern;

    /// <param name="typed">As it stands on the command line, perhaps with a quote that is still open.</param>
    public CompletionWord(string? typed)
    {
        var bare = (typed ?? "").Trim();
        if (bare.Length > 0 && bare[0] is '\'' or '"')
        {
            var quote = bare[0];
            bare = bare.Length > 1 && bare[^1] == quote ? bare[1..^1] : bare[1..];
            bare = bare.Replace($"{quote}{quote}", quote.ToString(), StringComparison.Ordinal);
        }

        text = Core.Catalog.WildcardPattern.Unescape(bare);
        pattern = Core.Catalog.WildcardPattern.HasWildcard(bare) ? new WildcardPattern(bare + "*", WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant) : null;
    }

    /// <summary>Whether nothing was typed yet.</summary>
    public bool IsEmpty => text.Length == 0;

    /// <summary>Whether a value begins with what was typed, or matches it; letter case does not matter.</summary>
    public bool Matches(string? value) => value is not null && (pattern?.IsMatch(value) ?? value.StartsWith(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>Writes a value as an argument that means exactly that value.</summary>
    /// <param name="value">Any text.</param>
    /// <param name="takesWildcards">Whether the parameter would take '*', '?' and '[' for wildcards.</param>
    public static string Quote(string value, bool takesWildcards)
    {
        var escaped = takesWildcards ? Core.Catalog.WildcardPattern.Escape(value) : value;
        return IsBareWord(escaped) ? escaped : $"'{CodeGeneration.EscapeSingleQuotedStringContent(escaped)}'";
    }

    /// <summary>
    /// Asks PowerShell's parser, which alone knows what needs no quotes: not "1e5", which is a number in an array, nor
    /// "a,b", "-x" or "$x".
    /// </summary>
    private static bool IsBareWord(string value)
    {
        var tree = Parser.ParseInput("x " + value, out _, out var errors);
        return errors.Length == 0
            && tree.EndBlock?.Statements is [PipelineAst { PipelineElements: [CommandAst { Redirections.Count: 0, CommandElements: [_, StringConstantExpressionAst word] }] }]
            && word.StringConstantType == StringConstantType.BareWord
            && word.Value == value;
    }
}
