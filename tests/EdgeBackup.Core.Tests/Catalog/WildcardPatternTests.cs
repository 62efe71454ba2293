using System.Diagnostics;
using EdgeBackup.Core.Catalog;
using Xunit;

namespace EdgeBackup.Core.Tests.Catalog;

public sealed class WildcardPatternTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "any\nthing", true)]
    [InlineData("edge-*", "EDGE-17", true)]
    [InlineData("edge-*", "my edge-17", false)]
    [InlineData("edge-?", "edge-1", true)]
    [InlineData("edge-?", "edge-12", false)]
    [InlineData("edge-?", "edge-", false)]
    [InlineData("edge-[1-3]", "edge-2", true)]
    [InlineData("edge-[1-3]", "edge-4", false)]
    [InlineData("edge-[13]x", "edge-3X", true)]
    [InlineData("[a-c-]", "-", true)]
    [InlineData("[a-c-]", "b", true)]
    [InlineData("[-a]", "-", true)]
    [InlineData("[^a]", "^", true)]
    [InlineData("[^a]", "b", false)]
    [InlineData(@"[\d]", "7", false)]
    [InlineData(@"[\d]", @"\", true)]
    [InlineData("[[]x", "[x", true)]
    [InlineData("[z-a]", "m", false)]
    [InlineData("[z-a]", "z", true)]
    [InlineData("[open", "[open", true)]
    [InlineData("[]", "[]", true)]
    [InlineData("`*", "*", true)]
    [InlineData("`*", "x", false)]
    [InlineData("a`[b`]c*", "a[b]cd", true)]
    [InlineData("a.c*", "abc", false)]
    [InlineData("(a|b)$*", "(a|b)$", true)]
    [InlineData("*ß*", "straße", true)]
    [InlineData("übergabe*", "ÜBERGABE 1", true)]
    [InlineData("tail`", "tail`", true)]
    public void A_pattern_matches_as_PowerShell_users_expect(string pattern, string text, bool matches) =>
        Assert.Equal(matches, new WildcardPattern(pattern).IsMatch(text));

    [Theory]
    [InlineData("plain", false)]
    [InlineData("a*", true)]
    [InlineData("a?", true)]
    [InlineData("a[1]", true)]
    [InlineData("a]", false)]
    [InlineData("a`*", false)]
    [InlineData("a``*", true)]
    public void A_wildcard_is_told_from_a_literal(string text, bool isWildcard) =>
        Assert.Equal(isWildcard, WildcardPattern.HasWildcard(text));

    [Theory]
    [InlineData("plain")]
    [InlineData("a*b?c[d]e`f")]
    [InlineData("`*")]
    [InlineData("``[")]
    [InlineData("")]
    public void An_escaped_text_means_this_very_text(string text)
    {
        var escaped = WildcardPattern.Escape(text);
        Assert.False(WildcardPattern.HasWildcard(escaped));
        Assert.Equal(text, WildcardPattern.Unescape(escaped));
        Assert.True(new WildcardPattern(escaped).IsMatch(text));
        Assert.False(new WildcardPattern(escaped).IsMatch(text + "x"));
    }

    [Fact]
    public void Many_stars_take_no_time()
    {
        // Trying all ways to share the letters among the stars would take longer than the world has stood.
        var watch = Stopwatch.StartNew();
        Assert.False(new WildcardPattern(string.Concat(Enumerable.Repeat("*a", 30)) + "b").IsMatch(new string('a', 128)));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }
}
