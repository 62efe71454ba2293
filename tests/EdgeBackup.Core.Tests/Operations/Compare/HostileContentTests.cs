using System.Text;
using EdgeBackup.Core.Operations.Compare;
using EdgeBackup.Core.Operations.Compare.Values;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Compare;

/// <summary>Contents that somebody made to hurt, or that are broken: a note, never a crash, and never "equal".</summary>
public sealed class HostileContentTests
{
    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Json_that_is_nested_too_deep_is_compared_by_lines(string open, string close)
    {
        var deep = string.Concat(Enumerable.Repeat(open, 200)) + "1" + string.Concat(Enumerable.Repeat(close, 200));
        var found = ContentComparerTests.Compare("a.json", deep, deep.Replace('1', '2'));

        Assert.Equal(ItemFormat.Text, found.Format);
        Assert.StartsWith("It was compared line by line, since", found.Note, StringComparison.Ordinal);
        Assert.Single(found.Details);
    }

    [Fact]
    public void Yaml_that_is_nested_too_deep_is_compared_by_lines()
    {
        var deep = new string('[', 5000) + "1" + new string(']', 5000);
        var found = ContentComparerTests.Compare("a.yaml", deep, deep.Replace('1', '2'));

        Assert.Equal("It was compared line by line, since its values are nested deeper than 100 levels.", found.Note);
    }

    [Fact]
    public void Xml_that_is_nested_too_deep_is_compared_by_lines()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 5000)) + "1" + string.Concat(Enumerable.Repeat("</a>", 5000));

        Assert.Equal(ItemFormat.Text, ContentComparerTests.Compare("a.xml", deep, deep.Replace('1', '2')).Format);
    }

    [Fact]
    public void Entities_of_a_document_are_not_expanded()
    {
        const string bomb = """
            <?xml version="1.0"?>
            <!DOCTYPE a [<!ENTITY x "0123456789"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;&y;&y;&y;&y;"><!ENTITY f SYSTEM "file:///etc/hostname">]>
            <a><b>&z;</b><c>&f;</c><d>1</d></a>
            """;
        var found = ContentComparerTests.Compare("a.xml", bomb, bomb.Replace("<d>1", "<d>2", StringComparison.Ordinal));

        Assert.Equal(ItemFormat.Text, found.Format);
        Assert.Contains("no XML without entities of its own", found.Note, StringComparison.Ordinal);
        Assert.Equal("<a><b>&z;</b><c>&f;</c><d>1</d></a>", Assert.Single(found.Details).Reference);
    }

    [Fact]
    public void Aliases_of_yaml_do_not_multiply()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 30; level++)
        {
            bomb.Append('a').Append(level).Append(": &a").Append(level).Append(" [")
                .AppendJoin(", ", Enumerable.Repeat($"*a{level - 1}", 10)).Append("]\n");
        }

        var found = ContentComparerTests.Compare("a.yaml", bomb.ToString(), bomb + "last: 1\n");

        Assert.Equal(["+ /last  1"], ContentComparerTests.Lines(found));
    }

    [Fact]
    public void Too_many_values_are_told_and_nothing_is_called_equal()
    {
        var limits = new CompareLimits { Values = 100 };
        var many = string.Join('\n', Enumerable.Range(0, 200));
        var found = new ContentComparer(limits).Compare("a", Item(many), Item(many + "x"), [], default);

        Assert.Equal("It was not compared line by line, since it holds more than 100 values.", found.Note);
        Assert.False(found.IsVolatileOnly);
    }

    [Fact]
    public void More_differences_than_are_told_are_counted()
    {
        var limits = new CompareLimits { Details = 3 };
        var found = new ContentComparer(limits).Compare("a", Item("1\n2\n3\n4\n5"), Item("a\nb\nc\nd\ne"), [], default);

        Assert.Equal(3, found.Details.Count);
        Assert.Equal("Only the first 3 of 5 differences are listed.", found.Note);
    }

    [Fact]
    public void Two_long_lists_that_have_nothing_in_common_take_no_long_time()
    {
        var found = new ContentComparer(new CompareLimits { Edits = 50 }).Compare(
            "a", Item(string.Join('\n', Enumerable.Range(0, 5000))), Item(string.Join('\n', Enumerable.Range(5000, 5000))), [], default);

        Assert.Contains("compared by position", found.Note, StringComparison.Ordinal);
        Assert.Equal(1000, found.Details.Count);
    }

    [Fact]
    public async Task A_content_beyond_the_limit_is_read_and_not_kept()
    {
        var limits = new CompareLimits { TextBytes = 1000, DatabaseBytes = 2000 };
        var found = await ItemBytes.ReadAsync(new MemoryStream(new byte[1001]), limits, default);

        Assert.Equal(1001, found.Length);
        Assert.Null(found.Bytes);
        Assert.NotNull((await ItemBytes.ReadAsync(new MemoryStream(new byte[1000]), limits, default)).Bytes);
        Assert.NotNull((await ItemBytes.ReadAsync(new MemoryStream([.. "SQLite format 3\0"u8, .. new byte[1500]]), limits, default)).Bytes);
        var large = new ContentComparer(limits).Compare("a", found, found with { Digest = "x" }, [], default);
        Assert.Null(large.Format);
        Assert.NotNull(large.Note);
    }

    [Fact]
    public void A_name_cannot_play_with_a_terminal() =>
        Assert.Equal(["~ /a\\u001b[31m\\n~1b 1 2"], ContentComparerTests.Lines(ContentComparerTests.Compare("a.json", """{"a\u001b[31m\n/b":1}""", """{"a\u001b[31m\n/b":2}""")));

    [Fact]
    public void A_long_name_is_not_told_with_each_value()
    {
        var name = new string('x', 100_000);
        var found = ContentComparerTests.Compare("a.json", Make(1), Make(2));

        Assert.Equal(500, found.Details.Count);
        Assert.All(found.Details, value => Assert.InRange(value.Path.Length, 10, 300));
        Assert.Contains("/p499", found.Details[^1].Path, StringComparison.Ordinal);

        string Make(int number) => $"{{\"{name}\":{{{string.Join(',', Enumerable.Range(0, 500).Select(index => $"\"p{index}\":{number}"))}}}}}";
    }

    [Theory]
    [InlineData("a: !<http://[> 1\n")]
    [InlineData("a: !<%> 1\n")]
    [InlineData("a: !<:> 1\n")]
    [InlineData("a: !<a b> 1\n")]
    [InlineData("%TAG !e! tag:%zz\n---\na: !e!x 1\n")]
    public void Yaml_with_an_odd_tag_is_told(string odd)
    {
        var found = ContentComparerTests.Compare("a.yaml", odd, odd + "b: 2\n");

        Assert.False(found.IsVolatileOnly);
        Assert.Single(found.Details);
    }

    [Fact]
    public void Comparing_can_be_stopped()
    {
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        var many = string.Join('\n', Enumerable.Range(0, 5000));

        Assert.ThrowsAny<OperationCanceledException>(() => new ContentComparer(CompareLimits.Default).Compare("a", Item(many), Item("x" + many), [], stopped.Token));
    }

    private static ItemBytes Item(string text) => ContentComparerTests.ToItem(Encoding.UTF8.GetBytes(text));
}
