using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Devices.Types.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Types;

public sealed class DeviceTypeReaderTests
{
    public static TheoryData<string> Bad => TypeFiles.In("bad", "beyond");

    public static TheoryData<string> Good => TypeFiles.In("good");

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_is_wrong_is_said_with_line_column_and_property(string name)
    {
        var reading = DeviceTypeReader.Read(TypeFiles.Read(name));
        Assert.Null(reading.Type);
        Assert.Equal(
            File.ReadAllText(Path.Combine(TypeFiles.Folder, Path.ChangeExtension(name, ".txt"))),
            string.Concat(reading.Problems.Select(problem => WithoutSystemText(problem.ToString()) + "\n")));
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_file_is_a_type(string name) => Assert.Empty(DeviceTypeReader.Read(TypeFiles.Read(name)).Problems);

    [Fact]
    public void Every_property_is_read()
    {
        var type = DeviceTypeReader.Read(TypeFiles.Read("good/every-property.json")).Type!;
        Assert.Equal(("press-2000", "Press 2000", "A press.\nIt presses.", "v2.1.0-rc.1+build.7", "/opt/press data"), (type.Id, type.Title, type.Description, type.MinimumVersion!.Text, type.Root));
        Assert.Equal(["https://example.org/press", "http://example.org/more"], type.Sources);
        Assert.Equal([ConnectionKind.Folder, ConnectionKind.Http, ConnectionKind.Ssh, ConnectionKind.Bacnet], type.Connections);
        Assert.Equal(["etc/press.ini", "var/lib", ".hidden", "a..b"], type.Paths);
        Assert.Equal(new DeviceCommand("press --list", TimeSpan.FromMinutes(1)), type.PathsCommand);
        Assert.Equal(
            new IdentityRules
            {
                Id = new ValueSource { Command = Command("press --serial") },
                Name = new ValueSource { File = "etc/hostname" },
                Version = new ValueSource { File = "/etc/press-release", Pattern = "^VERSION=(.*)$" },
                Model = new ValueSource { Command = Command("press --json"), JsonPointer = "/model/name" },
                Serial = new ValueSource { File = "etc/serial.json", JsonPointer = "/a~1b/~0c/0" },
            },
            type.Identity);

        var gate = type.Gate!;
        Assert.Equal((Command("press --status"), @"\bpressing\b", "idle|parked", "/heads/*/state", "the press presses"), (gate.Command, gate.BusyPattern, gate.IdlePattern, gate.JsonPointer, gate.What));
        Assert.Equal([3, 255], gate.BusyExitCodes);
        Assert.Equal([0, 1], gate.IdleExitCodes);
        Assert.Equal(["1"], gate.BusyValues);
        Assert.Equal(["0", "off"], gate.IdleValues);

        Assert.Equal(
            [("cache/**", null, null, true), ("**/*.log", ItemKind.History, RetainLevel.Warm, false), ("etc/serial", ItemKind.Identity, null, false), ("run/?", null, RetainLevel.None, false), ("a..b/...", ItemKind.Configuration, null, false), ("**", null, RetainLevel.Cold, false)],
            type.Items.Select(item => (item.Path, item.Kind, item.Retain, item.Exclude)));
        Assert.Equal(
            [new VolatileValue { JsonPointer = "/counters/*" }, new VolatileValue { Key = "uptime" }, new VolatileValue { Pattern = "^# written at" }],
            type.Items[^1].Volatile);

        Assert.Equal([Command("press --flush")], type.Commands.BeforeCapture);
        Assert.Empty(type.Commands.AfterCapture);
        Assert.Equal([new DeviceCommand("press --stop", TimeSpan.FromDays(1))], type.Commands.BeforeRestore);
        Assert.Equal([Command("press --start"), Command("press --home")], type.Commands.AfterRestore);
        Assert.Equal(new SuccessCheck { Command = Command("press --ping"), Pattern = "pong", WaitUpTo = TimeSpan.FromMinutes(5), Interval = TimeSpan.FromSeconds(1) }, type.Check);
        Assert.Equal(
            new PolicyDefaults
            {
                Interval = TimeSpan.FromHours(12),
                Window = "Mon-Fri 19:00-06:00",
                TimeZone = "Europe/Berlin",
                Content = BackupContent.All,
                RetentionMonths = 12,
                ManualLimit = 5,
                KeepLast = 0,
                OverdueAfter = TimeSpan.FromDays(2),
                SizeFactor = 2.5,
            },
            type.Policy);
        var method = type.Method;
        Assert.Equal(("The forms.", "The paint.", "The paint."), (Assert.Single(method.Contains), Assert.Single(method.NotContained), Assert.Single(method.NotRestored)));
        Assert.Equal(("By night.", "Sheets.", "Warm it up first."), (method.Trigger, method.Format, method.Restore));
    }

    [Fact]
    public void What_is_left_out_has_a_meaning()
    {
        var type = DeviceTypeReader.Read("""{"id":"press","title":"Press","connections":["Ssh"],"gate":{"command":"x","busyExitCodes":[3]},"check":{"command":"y"}}"""u8).Type!;
        Assert.Equal((null, null, null), (type.MinimumVersion, type.Root, type.PathsCommand));
        Assert.Equal([0], type.Gate!.IdleExitCodes);
        Assert.Equal((TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(5)), (type.Check!.WaitUpTo, type.Check.Interval));
        Assert.Equal(new PolicyDefaults(), type.Policy);
        Assert.Equal(new IdentityRules(), type.Identity);
        Assert.Empty(type.Items);
    }

    [Fact]
    public void A_byte_order_mark_and_other_line_ends_do_not_matter()
    {
        var text = Encoding.UTF8.GetString(TypeFiles.Read("bad/kind-that-is-none.json")).ReplaceLineEndings("\r\n");
        var problem = Assert.Single(DeviceTypeReader.Read([.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(text)]).Problems);
        Assert.Equal((14, "items[2].kind"), (problem.Line, problem.Property));
    }

    [Fact]
    public void A_column_counts_characters_not_bytes()
    {
        var problem = Assert.Single(DeviceTypeReader.Read(Encoding.UTF8.GetBytes("""{"id":"press","title":"Straßenpresse","connections":["Sch"]}""")).Problems);
        Assert.Equal("""{"id":"press","title":"Straßenpresse","connections":[""".Length + 1, problem.Column);
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused_without_being_read()
    {
        var problem = Assert.Single(DeviceTypeReader.Read(new byte[DeviceTypeReader.SizeLimit + 1]).Problems);
        Assert.Contains("1048576", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_that_is_to_be_used_and_is_wrong_is_an_error_with_the_first_places()
    {
        var refused = Assert.Throws<EdgeBackupException>(() => DeviceTypeReader.ReadGood(TypeFiles.Read("bad/several-at-once.json"), "press.json"));
        Assert.Equal(ErrorIds.DeviceTypeInvalid, refused.ErrorId);
        Assert.Contains("press.json:2:9: id: 'pre ss'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("; and 3 more", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What .NET says of a JSON text or an expression may read otherwise in its next version.</summary>
    private static string WithoutSystemText(string problem)
    {
        foreach (var words in new[] { "this is not JSON: ", "of the kind used here: Invalid pattern " })
        {
            var found = problem.IndexOf(words, StringComparison.Ordinal);
            if (found >= 0)
            {
                Assert.True(problem.Length > found + words.Length);
                return problem[..(found + words.Length)].TrimEnd();
            }
        }

        return problem;
    }

    private static DeviceCommand Command(string line) => new(line, DeviceCommand.DefaultTimeout);
}
