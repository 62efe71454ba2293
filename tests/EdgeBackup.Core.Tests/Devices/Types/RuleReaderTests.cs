using System.Text.Json;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Items;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Types;

public sealed class RuleReaderTests
{
    private static readonly DeviceCommand Command = new("status", DeviceCommand.DefaultTimeout);

    [Theory]
    [InlineData("*", "a", true)]
    [InlineData("*", "a/b", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("a/**", "a", true)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**", "ab", false)]
    [InlineData("**/x", "x", true)]
    [InlineData("**/x", "a/b/x", true)]
    [InlineData("**/x", "a/bx", false)]
    [InlineData("a/**/z", "a/z", true)]
    [InlineData("a/**/z", "a/b/c/z", true)]
    [InlineData("a/**/z", "a/b/c/zz", false)]
    [InlineData("*.log", "x.log", true)]
    [InlineData("*.log", ".log", true)]
    [InlineData("*.log", "x.LOG", false)]
    [InlineData("a*b*c", "aXXbYYc", true)]
    [InlineData("a*b*c", "aXXbYY", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("[a].txt", "[a].txt", true)]
    [InlineData("a/b", "a", false)]
    public void A_path_pattern_fits_what_it_says(string pattern, string path, bool fits) =>
        Assert.Equal(fits, new ItemRuleSet([new ItemRule { Path = pattern }]).Find(path) is not null);

    [Fact]
    public void A_pattern_full_of_stars_takes_no_longer_for_it()
    {
        // Backtracking over every star would take longer than anybody waits.
        var rules = new ItemRuleSet([new ItemRule { Path = string.Join('/', Enumerable.Repeat("**/a*a*a*a*a", 8)) + "/b" }]);
        Assert.Null(rules.Find(string.Join('/', Enumerable.Repeat(new string('a', 60), 40))));
    }

    [Fact]
    public void The_first_rule_that_fits_holds()
    {
        var rules = new ItemRuleSet([
            new ItemRule { Path = "log/keep.log" },
            new ItemRule { Path = "**/*.log", Kind = ItemKind.History, Retain = RetainLevel.Warm },
            new ItemRule { Path = "log/**", Exclude = true },
        ]);
        Assert.Equal((ItemKind.Configuration, RetainLevel.Cold), Rule("log/keep.log"));
        Assert.Equal((ItemKind.History, RetainLevel.Warm), Rule("log/other.log"));
        Assert.Null(rules.Apply(new Item { Path = "log/x" }));
        Assert.Equal((ItemKind.Configuration, RetainLevel.Cold), Rule("x"));

        (ItemKind, RetainLevel) Rule(string path) => rules.Apply(new Item { Path = path }) is { } item ? (item.Kind, item.Retain) : default;
    }

    [Fact]
    public void R8_an_identity_item_of_the_device_stays_one_and_its_own_word_holds_where_a_rule_is_silent()
    {
        var rules = new ItemRuleSet([new ItemRule { Path = "a/**" }, new ItemRule { Path = "**", Kind = ItemKind.Configuration }]);
        Assert.Equal(ItemKind.Identity, rules.Apply(new Item { Path = "x", Kind = ItemKind.Identity })!.Kind);
        var item = new Item { Path = "a/b", Kind = ItemKind.History, Retain = RetainLevel.None };
        Assert.Equal(item, rules.Apply(item));
    }

    [Theory]
    [InlineData("cache", true)]
    [InlineData("cache/deep", true)]
    [InlineData("a/tmp", false)]
    [InlineData("b/tmp", true)]
    [InlineData("a/tmp/keep", false)]
    [InlineData("a", false)]
    [InlineData("single", false)]
    public void A_folder_is_passed_over_only_when_nothing_in_it_can_be_wanted(string folder, bool isExcluded)
    {
        var rules = new ItemRuleSet([
            new ItemRule { Path = "a/tmp/keep/**" },
            new ItemRule { Path = "cache/**", Exclude = true },
            new ItemRule { Path = "single", Exclude = true },
            new ItemRule { Path = "*/tmp/**", Exclude = true },
        ]);
        Assert.Equal(isExcluded, rules.ExcludesTree(folder));
    }

    [Fact]
    public void A_folder_stays_for_what_is_kept_in_it()
    {
        var rules = new ItemRuleSet([new ItemRule { Path = "a/b/**" }, new ItemRule { Path = "**", Exclude = true }]);
        Assert.NotNull(rules.Apply(new Item { Path = "a", Type = ItemType.Directory, IsContainer = true }));
        Assert.Null(rules.Apply(new Item { Path = "c", Type = ItemType.Directory, IsContainer = true }));
        Assert.Null(rules.Apply(new Item { Path = "a", Type = ItemType.Directory }));
    }

    [Theory]
    [InlineData(0, """{"loadpoints":[{"charging":false},{"charging":false}]}""", GateState.Idle)]
    [InlineData(0, """{"loadpoints":[{"charging":false},{"charging":true}]}""", GateState.Busy)]
    [InlineData(0, """{"loadpoints":[{"charging":false},{"charging":null}]}""", GateState.Unknown)]
    [InlineData(0, """{"loadpoints":[{"charging":false},{}]}""", GateState.Unknown)]
    [InlineData(0, """{"loadpoints":[{"charging":{}}]}""", GateState.Unknown)]
    [InlineData(0, """{"loadpoints":[{"charging":{}},{"charging":"maybe"}]}""", GateState.Unknown)]
    [InlineData(0, """{"loadpoints":[]}""", GateState.Idle)]
    [InlineData(0, """{"loadpoints":{}}""", GateState.Idle)]
    [InlineData(0, """{"loadpoints":7}""", GateState.Unknown)]
    [InlineData(0, "{}", GateState.Unknown)]
    [InlineData(0, "<html>502</html>", GateState.Unknown)]
    [InlineData(0, "", GateState.Unknown)]
    [InlineData(7, "", GateState.Unknown)]
    [InlineData(null, """{"loadpoints":[]}""", GateState.Unknown)]
    public void R2_a_gate_in_JSON_is_idle_only_where_it_plainly_says_so(int? exitCode, string output, GateState state)
    {
        var rules = new GateRules { Command = Command, JsonPointer = "/loadpoints/*/charging", BusyValues = ["true"], IdleValues = ["false"], What = "a vehicle is charging" };
        var reading = GateReader.Read(rules, exitCode, output);
        Assert.Equal(state, reading.State);
        Assert.Equal(state == GateState.Idle, reading.Reason is null);
        Assert.Equal(state == GateState.Busy, reading.Reason == "a vehicle is charging");
    }

    [Theory]
    [InlineData(0, "state: idle", GateState.Idle)]
    [InlineData(1, "state: idle", GateState.Idle)]
    [InlineData(0, "state: pressing", GateState.Busy)]
    [InlineData(0, "state: idle\nstate: pressing", GateState.Busy)]
    [InlineData(0, "state: moving", GateState.Unknown)]
    [InlineData(3, "state: idle", GateState.Busy)]
    [InlineData(2, "state: idle", GateState.Unknown)]
    [InlineData(127, "", GateState.Unknown)]
    public void R2_a_gate_in_text_is_idle_only_where_it_plainly_says_so(int exitCode, string output, GateState state)
    {
        var rules = new GateRules { Command = Command, BusyExitCodes = [3], IdleExitCodes = [0, 1], BusyPattern = "^state: pressing$", IdlePattern = "^state: idle$" };
        Assert.Equal(state, GateReader.Read(rules, exitCode, output).State);
    }

    [Theory]
    [InlineData(null, null, " ab-12 \n", "ab-12")]
    [InlineData(null, null, "\n", null)]
    [InlineData(null, null, "two\nlines", null)]
    [InlineData("^VERSION='(.*)'$", null, "ID=x\nVERSION='23.05'\n", "23.05")]
    [InlineData("[0-9.]+", null, "press 1.2 (3)", "1.2")]
    [InlineData("x+", null, "press", null)]
    [InlineData(null, "/data/uuid", """{"data":{"uuid":"a"}}""", "a")]
    [InlineData(null, "/n/1", """{"n":[1,2]}""", "2")]
    [InlineData(null, "/n", """{"n":[1,2]}""", null)]
    [InlineData(null, "/n", """{"n":true}""", null)]
    [InlineData(null, "/n", "not json", null)]
    public void A_value_is_picked_out_of_what_a_device_says(string? pattern, string? place, string text, string? value) =>
        Assert.Equal(value, ValueReader.Read(new ValueSource { Pattern = pattern, JsonPointer = place }, text));

    [Fact]
    public void A_value_that_is_too_long_is_none() =>
        Assert.Null(ValueReader.Read(new ValueSource(), new string('x', 257)));

    [Fact]
    public void A_pointer_reads_names_with_slashes_and_tildes()
    {
        using var document = JsonDocument.Parse("""{"a/b":{"~":[5]}}""");
        Assert.Equal(5, Assert.Single(JsonPath.Find(document.RootElement, "/a~1b/~0/0")!).GetInt32());
        Assert.Null(JsonPath.Find(document.RootElement, "/a~1b/~0/1"));
        Assert.Null(JsonPath.Find(document.RootElement, "/a~1b/~0/+0"));
        Assert.Null(JsonPath.FindFault("/a~0"));
        Assert.NotNull(JsonPath.FindFault("/a~"));
    }
}
