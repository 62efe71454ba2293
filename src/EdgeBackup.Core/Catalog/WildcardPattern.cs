using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Catalog;

/// <summary>
/// A pattern as PowerShell users write it: '*', '?', '[a-z]', and a backtick before a character that shall mean itself.
/// Letter case does not matter.
/// </summary>
public sealed partial class WildcardPattern
{
    private readonly Regex regex;

    public WildcardPattern(string pattern)
    {
        Text = pattern;
        // Without backtracking: a pattern of many stars must not take forever.
        regex = new Regex(ToRegex(pattern), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking);
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Whether a text is more than a literal.</summary>
    public static bool HasWildcard(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == '`')
            {
                index++;
            }
            else if (text[index] is '*' or '?' or '[')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A literal without its backticks.</summary>
    public static string Unescape(string literal)
    {
        if (!literal.Contains('`', StringComparison.Ordinal))
        {
            return literal;
        }

        var text = new StringBuilder(literal.Length);
        for (var index = 0; index < literal.Length; index++)
        {
            if (literal[index] == '`' && index + 1 < literal.Length && literal[index + 1] is '*' or '?' or '[' or ']' or '`')
            {
                index++;
            }

            text.Append(literal[index]);
        }

        return text.ToString();
    }

    /// <summary>A literal that means this very text.</summary>
    public static string Escape(string text) => Special().Replace(text, "`$0");

    public bool IsMatch(string text) => regex.IsMatch(text);

    /// <inheritdoc cref="IsMatch(string)"/>
    public bool IsMatch(ReadOnlySpan<char> text) => regex.IsMatch(text);

    private static string ToRegex(string pattern)
    {
        var text = new StringBuilder(@"\A");
        for (var index = 0; index < pattern.Length; index++)
        {
            var character = pattern[index];
            if (character == '`' && index + 1 < pattern.Length)
            {
                text.Append(Regex.Escape(pattern[++index].ToString()));
            }
            else if (character == '*')
            {
                text.Append(".*");
            }
            else if (character == '?')
            {
                text.Append('.');
            }
            else if (character == '[' && pattern.IndexOf(']', index + 1) is var end && end > index + 1)
            {
                AppendSet(text, pattern.AsSpan()[(index + 1)..end]);
                index = end;
            }
            else
            {
                text.Append(Regex.Escape(character.ToString()));
            }
        }

        return text.Append(@"\z").ToString();
    }

    /// <summary>Characters and ranges; a range that runs backwards holds nothing but its ends.</summary>
    private static void AppendSet(StringBuilder text, ReadOnlySpan<char> set)
    {
        text.Append('[');
        for (var index = 0; index < set.Length; index++)
        {
            AppendLiteral(set[index]);
            if (index + 2 < set.Length && set[index + 1] == '-')
            {
                if (set[index] <= set[index + 2])
                {
                    text.Append('-');
                }

                AppendLiteral(set[index + 2]);
                index += 2;
            }
        }

        text.Append(']');

        void AppendLiteral(char character) => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
    }

    [GeneratedRegex(@"[*?\[\]`]")]
    private static partial Regex Special();
}
