using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations.Compare;
using EdgeBackup.Core.Operations.Compare.Values;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Compare;

/// <summary>Which values of two contents differ, format by format.</summary>
public sealed class ContentComparerTests
{
    [Fact]
    public void Json_differs_value_by_value()
    {
        var found = Compare("site.json", """{"limit":32,"name":"a","gone":true}""", """{"name":"a","limit":40,"new":[1,2]}""");

        Assert.Equal(ItemFormat.Json, found.Format);
        Assert.Equal(["~ /limit 32 40", "- /gone true ", "+ /new  [1,2]"], Lines(found));
        Assert.Null(found.Note);
    }

    [Fact]
    public void An_element_that_is_put_in_front_leaves_the_others_alone()
    {
        var found = Compare("a.json", """{"points":[{"id":"b","kw":11},{"id":"c","kw":22}]}""", """{"points":[{"id":"a","kw":7},{"id":"b","kw":11},{"id":"c","kw":50}]}""");

        Assert.Equal(["""+ /points/0  {"id":"a","kw":7}""", "~ /points/2/kw 22 50"], Lines(found).Order());
    }

    [Fact]
    public void Elements_that_say_who_they_are_are_held_against_their_namesakes()
    {
        var found = Compare("a.json", """[{"id":"a","kw":1},{"id":"b","kw":2}]""", """[{"id":"x","kw":9},{"id":"b","kw":3}]""");

        Assert.Equal(["""- /0 {"id":"a","kw":1} """, "~ /1/kw 2 3", """+ /0  {"id":"x","kw":9}"""], Lines(found));
    }

    [Fact]
    public void A_number_and_its_text_differ_and_can_be_told_apart()
    {
        Assert.Equal(["""~ /a 1 "1" """.TrimEnd()], Lines(Compare("a.json", """{"a":1}""", """{"a":"1"}""")));
        Assert.Equal(["""~ /a true "true" """.TrimEnd()], Lines(Compare("a.yaml", "a: true", "a: 'true'")));
        Assert.Equal("No value differs, only how they are written (spaces, order, notation or comments).", Compare("a.yaml", "a: word", "a: 'word'").Note);
    }

    [Fact]
    public void A_name_that_occurs_twice_loses_nothing()
    {
        Assert.Equal(["~ /a[2] 2 3"], Lines(Compare("a.json", """{"a":1,"a":2}""", """{"a":1,"a":3}""")));
        Assert.Equal(["+ /a[2]  2"], Lines(Compare("a.json", """{"a":1}""", """{"a":1,"a":2}""")));
    }

    [Fact]
    public void A_name_with_a_slash_is_written_as_a_pointer_wants_it() =>
        Assert.Equal(["~ /a~1b~0 1 2"], Lines(Compare("a.json", """{"a/b~":1}""", """{"a/b~":2}""")));

    [Fact]
    public void Other_spaces_and_another_order_are_told_and_are_no_values()
    {
        var found = Compare("a.json", """{"a":1,"b":2}""", """{ "b": 2, "a": 1 }""");

        Assert.Empty(found.Details);
        Assert.False(found.IsVolatileOnly);
        Assert.NotNull(found.Note);
    }

    [Fact]
    public void Xml_differs_by_elements_attributes_and_texts()
    {
        var found = Compare(
            "config.xml",
            """<?xml version="1.0"?><c><rule port="80">a</rule><rule port="81">b</rule><name>x</name></c>""",
            """<c><rule port="80">a</rule><rule port="82">b</rule><name>y</name><!-- seen --><empty/></c>""");

        Assert.Equal(ItemFormat.Xml, found.Format);
        Assert.Equal(["~ /c/rule[2]/@port 81 82", "~ /c/name x y", "+ /c/empty  "], Lines(found));
    }

    [Fact]
    public void Ini_differs_by_sections_and_keys()
    {
        var found = Compare("a.ini", "; old\n[net]\nip = 10.0.0.1\ndns=a\ndns=b\n", "[net]\nip = 10.0.0.2\ndns=a\ndns=c\n[new]\nx=1\n");

        Assert.Equal(ItemFormat.Ini, found.Format);
        Assert.Equal(["~ /net/ip 10.0.0.1 10.0.0.2", "~ /net/dns[2] b c", """+ /new  {"x":1}"""], Lines(found).Select(line => line.Replace("\"1\"", "1", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_no_ini_in_spite_of_its_name_is_compared_by_lines()
    {
        var found = Compare("nginx.conf", "server {\n listen 80;\n}\n", "server {\n listen 81;\n}\n");

        Assert.Equal(ItemFormat.Text, found.Format);
        Assert.Equal(["~ /line[2]  listen 80;  listen 81;"], Lines(found));
        Assert.Null(found.Note);
    }

    [Fact]
    public void Yaml_differs_by_values_and_an_alias_is_not_followed()
    {
        var found = Compare("a.yaml", "base: &b {x: 1}\nuse: *b\nkey: !secret door\n", "base: &b {x: 2}\nuse: *b\nkey: !secret gate\n");

        Assert.Equal(ItemFormat.Yaml, found.Format);
        Assert.Equal(["~ /base/x 1 2", "~ /key !secret door !secret gate"], Lines(found));
    }

    [Fact]
    public void Csv_differs_by_rows_and_named_columns()
    {
        var found = Compare("tariff.csv", "hour;price\n1;0,20\n2;\"0,\n25\"\n", "hour;price\n0;0,10\n1;0,20\n2;\"0,30\"\n");

        Assert.Equal(ItemFormat.Csv, found.Format);
        Assert.Equal(["""+ /row[1]  {"hour":0,"price":0,10}""", "~ /row[3]/price 0,\\n25 0,30"], Lines(found).Select(line => line.Replace("\"0,10\"", "0,10", StringComparison.Ordinal).Replace("\"0\"", "0", StringComparison.Ordinal)).Order());
    }

    [Theory]
    [InlineData("a,b\nx\"y,2\n")]
    [InlineData("a,b\n\"x\"y,2\n")]
    [InlineData("a,b\n\"x,2\n")]
    public void A_table_with_stray_quotation_marks_is_compared_by_lines(string text)
    {
        var found = Compare("a.csv", text, text.Replace('2', '3'));

        Assert.Equal("It was compared line by line, since it is no table of rows and columns (row 2).", found.Note);
        Assert.Single(found.Details);
    }

    [Fact]
    public void Rows_of_a_table_may_end_and_begin_with_nothing()
    {
        Assert.Equal(["~ /row[1]/b  1"], Lines(Compare("a.csv", "a,b\r\n,\r\n\r\nx,y\r\n", "a,b\r\n,1\r\n\r\nx,y\r\n")));
        Assert.Equal(["~ /row[3]/2 4 5"], Lines(Compare("a.csv", "1\t2\n3\t\n\"\"\t4", "1\t2\n3\t\n\"\"\t5")));
    }

    [Fact]
    public void A_line_that_is_put_in_and_a_line_that_changed_are_told_by_their_numbers()
    {
        var found = Compare("notes", "a\nb\nc\nd\n", "a\nnew\nb\nC\nd\n");

        Assert.Equal(ItemFormat.Text, found.Format);
        Assert.Equal(["+ /line[2]  new", "~ /line[4] c C"], Lines(found));
    }

    [Theory]
    [InlineData("a\r\nb\r\n", "a\nb\n")]
    [InlineData("a\nb", "a\nb\n")]
    public void Line_ends_alone_are_no_values_and_are_told(string before, string after)
    {
        var found = Compare("notes", before, after);

        Assert.Empty(found.Details);
        Assert.NotNull(found.Note);
    }

    [Fact]
    public void Bytes_that_are_no_text_have_no_details() =>
        Assert.Equal((ItemFormat.Binary, 0), (Compare("a.bin", [1, 0, 2], [1, 0, 3]).Format, Compare("a.bin", [1, 0, 2], [1, 0, 3]).Details.Count));

    [Fact]
    public void What_is_named_json_and_is_none_is_compared_by_lines_and_that_is_told()
    {
        var found = Compare("a.json", "{\"a\":1}", "{\"a\":1,\n\"b\":");

        Assert.Equal(ItemFormat.Text, found.Format);
        Assert.Equal("It was compared line by line, since it is no JSON (line 2).", found.Note);
        Assert.NotEmpty(found.Details);
    }

    [Theory]
    [InlineData("a.json", """{"seen":"10:00","limit":1}""", """{"seen":"11:00","limit":1}""")]
    [InlineData("a.yaml", "seen: 10:00\nlimit: 1\n", "seen: 11:00\nlimit: 1\n")]
    [InlineData("a.xml", "<c><seen>10</seen><l>1</l></c>", "<c><seen>11</seen><l>1</l></c>")]
    [InlineData("a.xml", "<c seen='10'><l>1</l></c>", "<c seen='11'><l>1</l></c>")]
    [InlineData("a.ini", "seen=10\nl=1\n", "seen=11\nl=1\n")]
    [InlineData("a.csv", "seen,l\n10,1\n", "seen,l\n11,1\n")]
    public void What_changes_by_itself_is_left_out_by_its_name(string path, string before, string after)
    {
        Assert.False(Compare(path, before, after).IsVolatileOnly);
        Assert.True(Compare(path, before, after, new VolatileValue { Key = "seen" }).IsVolatileOnly);
    }

    [Fact]
    public void What_changes_by_itself_is_left_out_by_its_place_and_nothing_else_is()
    {
        var pointer = new VolatileValue { JsonPointer = "/points/*/seen" };

        Assert.True(Compare("a.json", """{"points":[{"seen":1},{"seen":2}]}""", """{"points":[{"seen":8},{"seen":9}]}""", pointer).IsVolatileOnly);
        Assert.Equal(["~ /seen 1 2"], Lines(Compare("a.json", """{"seen":1,"points":[{"seen":1}]}""", """{"seen":2,"points":[{"seen":2}]}""", pointer)));
        Assert.Equal(["~ /points/0/kw 7 8"], Lines(Compare("a.json", """{"points":[{"seen":1,"kw":7}]}""", """{"points":[{"seen":2,"kw":8}]}""", pointer)));
    }

    [Fact]
    public void Lines_that_change_by_themselves_are_left_out_by_a_pattern()
    {
        var pattern = new VolatileValue { Pattern = "^# generated" };

        Assert.True(Compare("hosts", "# generated 1\na\n", "# generated 2\na\n", pattern).IsVolatileOnly);
        Assert.Equal(["~ /line[2] a b"], Lines(Compare("hosts", "# generated 1\na\n", "# generated 2\nb\n", pattern)));
        Assert.True(Compare("hosts", "# generated 1\na\n", "# generated 2\n# generated 3\na\n", pattern).IsVolatileOnly);
    }

    [Fact]
    public void Other_spaces_are_told_even_where_something_could_be_left_out()
    {
        var found = Compare("a.json", """{"seen":1,"a":2}""", """{"seen":1, "a":2}""", new VolatileValue { Key = "seen" });

        Assert.False(found.IsVolatileOnly);
        Assert.NotNull(found.Note);
    }

    [Theory]
    [InlineData("# generated 1\ndeny all\n", "allow all\ndeny all\n", "+ /line[1]  allow all")]
    [InlineData("allow all\ndeny all\n", "# generated 1\ndeny all\n", "- /line[1] allow all ")]
    [InlineData("# generated 1\n", "allow all\n", "+ /line  allow all")]
    [InlineData("allow all\n", "# generated 1\n", "- /line allow all ")]
    [InlineData("# generated 1\n# generated 2\n", "# generated 1\nX\n", "+ /line[2]  X")]
    [InlineData("# generated 1\nX\n", "# generated 1\n# generated 2\n", "- /line[2] X ")]
    [InlineData("# generated 1\nold\n", "new\n# generated 2\n", "~ /line[1] old new")]
    public void A_line_is_never_taken_for_one_that_changes_by_itself(string before, string after, string told)
    {
        var found = Compare("hosts", before, after, new VolatileValue { Pattern = "^# generated" });

        Assert.False(found.IsVolatileOnly);
        Assert.Equal([told], Lines(found));
    }

    [Fact]
    public void A_line_that_changes_by_itself_may_stand_anywhere() =>
        Assert.True(Compare("hosts", "# generated 1\na\nb\n", "a\n# generated 2\nb\n# generated 3\n", new VolatileValue { Pattern = "^# generated" }).IsVolatileOnly);

    [Fact]
    public void What_is_left_out_by_its_place_may_have_a_number_or_not()
    {
        const string before = "<c><r><seen>1</seen></r><r><seen>1</seen></r><at>1</at><at>1</at></c>";
        const string after = "<c><r><seen>1</seen></r><r><seen>2</seen></r><at>2</at><at>2</at></c>";

        Assert.Equal(["~ /c/r[2]/seen 1 2"], Lines(Compare("a.xml", before, after, new VolatileValue { JsonPointer = "/c/at" })));
        Assert.Equal(["~ /c/at[1] 1 2"], Lines(Compare("a.xml", before, after, new VolatileValue { JsonPointer = "/c/r[2]/seen" }, new VolatileValue { JsonPointer = "/c/at[2]" })));
        Assert.True(Compare("a.json", """{"a/b":{"~":1}}""", """{"a/b":{"~":2}}""", new VolatileValue { JsonPointer = "/a~1b/~0" }).IsVolatileOnly);
    }

    [Theory]
    [InlineData("a: &x 1\nb: &y 2\nc: *x\n", "a: &y 1\nb: &x 2\nc: *x\n", "~ /a &x 1 &y 1|~ /b &y 2 &x 2")]
    [InlineData("a: &x {k: 1}\nb: &y {k: 2}\nc: *x\n", "a: &y {k: 1}\nb: &x {k: 2}\nc: *x\n", "~ /a &x &y|~ /b &y &x")]
    [InlineData("a: !one [1]\n", "a: !two [1]\n", "~ /a !one !two")]
    [InlineData("1: a\n", "'1': a\n", "- /1 a |+ /\"1\"  a")]
    [InlineData("a: &x word\n", "a: '&x word'\n", "~ /a &x word &x word")]
    public void What_an_alias_of_yaml_stands_for_is_told(string before, string after, string told)
    {
        var found = Compare("a.yaml", before, after);

        Assert.Equal(ItemFormat.Yaml, found.Format);
        Assert.Equal(told.Split('|'), Lines(found));
        Assert.False(Compare("a.yaml", before + "seen: 1\n", after + "seen: 2\n", new VolatileValue { Key = "seen" }).IsVolatileOnly);
    }

    [Fact]
    public void Yaml_with_an_anchor_that_moves_is_compared_by_lines()
    {
        var found = Compare("a.yaml", "a: &x 1\nb: *x\nc: &x 2\n", "a: &x 1\nc: &x 2\nb: *x\n");

        Assert.Equal("It was compared line by line, since it gives several values the same anchor.", found.Note);
        Assert.NotEmpty(found.Details);
    }

    [Fact]
    public void The_order_of_the_elements_of_xml_is_told_and_that_of_attributes_is_none()
    {
        Assert.Equal(["~ /c/#order [allow,deny] [deny,allow]"], Lines(Compare("a.xml", "<c><allow/><deny/></c>", "<c><deny/><allow/></c>")));
        Assert.Equal(["+ /c/new  "], Lines(Compare("a.xml", "<c><allow/><deny/></c>", "<c><allow/><new/><deny/></c>")));
        Assert.Empty(Lines(Compare("a.xml", "<c a='1' b='2'><allow/><deny/></c>", "<c b='2' a='1'><allow/><deny/></c>")));
        Assert.False(Compare("a.xml", "<c><seen>1</seen><allow/><deny/></c>", "<c><seen>2</seen><deny/><allow/></c>", new VolatileValue { Key = "seen" }).IsVolatileOnly);
        Assert.True(Compare("a.xml", "<c><seen>1</seen><allow/><deny/></c>", "<c><allow/><deny/><seen>2</seen></c>", new VolatileValue { Key = "seen" }).IsVolatileOnly);
    }

    [Fact]
    public void Another_order_is_told_even_where_something_was_left_out()
    {
        var found = Compare("a.json", """{"seen":1,"in":{"a":2,"b":3}}""", """{"seen":2,"in":{"b":3,"a":2}}""", new VolatileValue { Key = "seen" });

        Assert.False(found.IsVolatileOnly);
        Assert.NotNull(found.Note);
    }

    [Fact]
    public void What_cannot_be_left_out_is_told()
    {
        Assert.Equal("Values that change by themselves could not be left out.", Compare("a", [0, 1], [0, 2], new VolatileValue { Key = "seen" }).Note);
        Assert.Equal("Values that change by themselves could not be left out by their names.", Compare("a", "1\n", "2\n", new VolatileValue { Key = "seen" }).Note);
    }

    [Fact]
    public void A_long_value_is_shown_where_it_begins_to_differ()
    {
        var long1 = new string('x', 5000) + "one" + new string('y', 5000);
        var found = Assert.Single(Compare("a.json", $$"""{"a":"{{long1}}"}""", $$"""{"a":"{{long1.Replace("one", "two", StringComparison.Ordinal)}}"}""").Details);

        Assert.Contains("one", found.Reference, StringComparison.Ordinal);
        Assert.Contains("two", found.Difference, StringComparison.Ordinal);
        Assert.InRange(found.Reference!.Length, 100, 200);
        Assert.InRange(found.Difference!.Length, 100, 200);
    }

    [Fact]
    public void A_value_cannot_play_with_a_terminal() =>
        Assert.Equal(["~ /a \\u001b[31mred\\u202e b"], Lines(Compare("a.json", """{"a":"\u001b[31mred\u202e"}""", """{"a":"b"}""")));

    internal static ContentDifference Compare(string path, string reference, string difference, params VolatileValue[] volatiles) =>
        Compare(path, Encoding.UTF8.GetBytes(reference), Encoding.UTF8.GetBytes(difference), volatiles);

    internal static ContentDifference Compare(string path, byte[] reference, byte[] difference, params VolatileValue[] volatiles) =>
        new ContentComparer(CompareLimits.Default).Compare(path, ToItem(reference), ToItem(difference), volatiles, default);

    internal static ItemBytes ToItem(byte[] bytes) => new(bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes);

    internal static IEnumerable<string> Lines(ContentDifference found) =>
        found.Details.Select(value => $"{value.Change switch { ItemChange.Added => '+', ItemChange.Removed => '-', _ => '~' }} {value.Path} {value.Reference} {value.Difference}");
}
