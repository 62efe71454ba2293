using System.Text;
using EdgeBackup.Core.Catalog;

namespace EdgeBackup.Core.Archives;

/// <summary>
/// Whether a text is one of those that somebody named, in any letter case and with wildcards. Made for millions of texts:
/// bytes are looked at without making strings of them, and what is no more than "contains" is done as that. Not thread-safe.
/// </summary>
internal sealed class TextMatcher
{
    private readonly Pattern[] patterns;
    private readonly byte[] last = new byte[64];
    private char[] characters = new char[256];
    private int lastLength = -1;
    private bool lastAnswer;

    /// <param name="texts">Empty for all texts.</param>
    public TextMatcher(IReadOnlyList<string> texts)
    {
        patterns = [.. texts.Select(text => new Pattern(text))];
    }

    /// <summary>Whether every text matches.</summary>
    public bool IsEverything => patterns.Length == 0;

    public bool Matches(ReadOnlySpan<char> text)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(text))
            {
                return true;
            }
        }

        return IsEverything;
    }

    /// <summary>Whether a field matches.</summary>
    /// <param name="bytes">UTF-8.</param>
    /// <param name="hasQuotes">Every '"' stands twice.</param>
    public bool Matches(ReadOnlySpan<byte> bytes, bool hasQuotes)
    {
        if (IsEverything)
        {
            return true;
        }

        // Categories, users and sources come again and again.
        if (!hasQuotes && bytes.Length == lastLength && bytes.SequenceEqual(last.AsSpan(0, lastLength)))
        {
            return lastAnswer;
        }

        if (characters.Length < bytes.Length)
        {
            characters = new char[bytes.Length];
        }

        var text = characters.AsSpan(0, Encoding.UTF8.GetChars(bytes, characters));
        if (hasQuotes)
        {
            return Matches(text.ToString().Replace("\"\"", "\"", StringComparison.Ordinal));
        }

        var answer = Matches(text);
        if (bytes.Length <= last.Length)
        {
            bytes.CopyTo(last);
            lastLength = bytes.Length;
            lastAnswer = answer;
        }

        return answer;
    }

    /// <summary>One text, in its cheapest form.</summary>
    private sealed class Pattern
    {
        private readonly WildcardPattern? wildcard;
        private readonly string literal;
        private readonly bool anyBefore;
        private readonly bool anyBehind;

        public Pattern(string text)
        {
            var start = text.StartsWith('*') ? 1 : 0;
            var end = text.Length > start && text.EndsWith('*') && !text.EndsWith("`*", StringComparison.Ordinal) ? 1 : 0;
            var middle = text[start..^end];
            wildcard = WildcardPattern.HasWildcard(middle) ? new WildcardPattern(text) : null;
            literal = WildcardPattern.Unescape(middle);
            anyBefore = start == 1;
            anyBehind = end == 1 || text == "*";
        }

        public bool Matches(ReadOnlySpan<char> text) =>
            wildcard is not null ? wildcard.IsMatch(text)
            : anyBefore && anyBehind ? text.Contains(literal, StringComparison.OrdinalIgnoreCase)
            : anyBefore ? text.EndsWith(literal, StringComparison.OrdinalIgnoreCase)
            : anyBehind ? text.StartsWith(literal, StringComparison.OrdinalIgnoreCase)
            : text.Equals(literal, StringComparison.OrdinalIgnoreCase);
    }
}
