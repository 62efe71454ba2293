using System.Globalization;
using System.Text;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Archives.Writing;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Archives;

/// <summary>What is written is what is read, in both formats and whatever the texts are.</summary>
public sealed class ArchiveTextTests : IDisposable
{
    private static readonly string?[] Nasty =
    [
        null, "", " ", "a,b", "\"", "\"\"", "say \"no\", or\nnot", "\r\n", "tab\there", "=1+1", "@cmd", "ünïcødé \U0001F600", "null\0bell\u0007", "<a & b>", "]]>", "  padded  ", "\uFEFFmark", new string('x', 300_000),
    ];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(" ")]
    [InlineData(" 21.5")]
    [InlineData("\tindented")]
    [InlineData("behind ")]
    public void Blanks_at_the_ends_of_a_text_are_quoted_since_some_readers_drop_them(string text)
    {
        var time = new DateTimeOffset(2026, 11, 1, 10, 0, 0, TimeSpan.Zero);
        Write(ArchiveFormat.Csv, "bms-1", [new DeviceEvent("7", time, "setpoint", "a b", text, "", text, null)], new TrendLog("supply", "Supply", null, null, null), [new TrendRecord(1, time, text, "")]);
        Assert.EndsWith($"\n2026-11-01T10:00:00Z,bms-1,setpoint,a b,\"{text}\",\"\",\"{text}\",,7\n", File.ReadAllText(folder.Combine("archive", "events.csv")), StringComparison.Ordinal);
        Assert.EndsWith($",1,\"{text}\",\"\"\n", File.ReadAllText(folder.Combine("archive", "trends", "supply.csv")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ArchiveFormat.Csv)]
    [InlineData(ArchiveFormat.Xml)]
    public void Texts_of_all_kinds_come_back(ArchiveFormat format)
    {
        var time = new DateTimeOffset(2026, 11, 1, 10, 0, 0, TimeSpan.Zero);
        var events = Nasty.Select((text, number) => new DeviceEvent(text, time.AddTicks(number), text ?? "", text ?? "", text, text ?? "", text, text)).ToList();
        var trend = new TrendLog("AHU \"1\"/supply,temp", "Supply", null, null, null);
        var values = Nasty.Select((text, number) => new TrendRecord(number - 5, time.AddMilliseconds(number), text, text ?? "")).ToList();
        var archive = Write(format, "bms,\"1\"", events, trend, values);

        var read = new ArchiveReader(archive, new ArchiveQuery()).Read(default).ToList();
        Assert.Equal(events, read.OfType<ArchivedEvent>().Select(record =>
            new DeviceEvent(record.Id, new DateTimeOffset(record.Time), record.Category, record.Source, record.User, record.Message, record.Old, record.New)));
        Assert.Equal(values, read.OfType<ArchivedTrendRecord>().Select(record => new TrendRecord(record.Sequence, new DateTimeOffset(record.Time), record.Value, record.Status)));
        Assert.All(read, record => Assert.Equal("bms,\"1\"", record.Device));
        Assert.All(read.OfType<ArchivedTrendRecord>(), record => Assert.Equal(trend.Id, record.Trend));
    }

    [Fact]
    public void Csv_is_as_the_page_says_byte_for_byte()
    {
        var time = new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.FromHours(2));
        Write(
            ArchiveFormat.Csv,
            "bms-1",
            [
                new DeviceEvent("7", time, "setpoint", "AHU-1", "ann", "changed, \"by hand\"", "21.0", "21.5"),
                new DeviceEvent(null, time.AddMilliseconds(5), "system", "", null, "restart", null, null),
            ],
            new TrendLog("supply", "Supply", "°C", null, null),
            [new TrendRecord(41, time.AddTicks(1), "20.50", "ok"), new TrendRecord(42, time, null, "")]);
        Assert.Equal(
            "Time,Device,Category,Source,User,Message,Old,New,Id\n"
            + "2026-11-01T10:00:00Z,bms-1,setpoint,AHU-1,ann,\"changed, \"\"by hand\"\"\",21.0,21.5,7\n"
            + "2026-11-01T10:00:00.005Z,bms-1,system,\"\",,restart,,,\n",
            File.ReadAllText(folder.Combine("archive", "events.csv")));
        Assert.Equal(
            "Time,Device,Trend,Sequence,Value,Status\n"
            + "2026-11-01T10:00:00.0000001Z,bms-1,supply,41,20.50,ok\n"
            + "2026-11-01T10:00:00Z,bms-1,supply,42,,\"\"\n",
            File.ReadAllText(folder.Combine("archive", "trends", "supply.csv")));
    }

    [Theory]
    [InlineData(ArchiveFormat.Csv)]
    [InlineData(ArchiveFormat.Xml)]
    public void A_filter_gives_what_a_plain_loop_gives(ArchiveFormat format)
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        string?[] users = ["ann", "Bob", null, "bob's \"twin\""];
        string[] categories = ["access", "setpoint", "system"];
        var events = Enumerable.Range(0, 5000).Select(number => new DeviceEvent(
            $"{number}", start.AddMinutes(number), categories[number % 3], $"room {number % 7}", users[number % 4], $"message {number}", $"{number % 10}", null)).ToList();
        var values = Enumerable.Range(0, 5000).Select(number => new TrendRecord(number, start.AddMinutes(number), $"{number % 100}.5", "ok")).ToList();
        var archive = Write(format, "bms-1", events, new TrendLog("t/1", "Tank level", null, null, null), values);

        Check(new ArchiveQuery { Categories = ["ACCESS"] }, e => e.Category == "access", _ => false);
        Check(new ArchiveQuery { Users = ["bob*"] }, e => e.User?.StartsWith("bob", StringComparison.OrdinalIgnoreCase) == true, _ => false);
        Check(new ArchiveQuery { Users = ["*\"twin\""] }, e => e.User?.EndsWith("\"twin\"", StringComparison.Ordinal) == true, _ => false);
        Check(new ArchiveQuery { Users = ["*"] }, e => e.User is not null, _ => false);
        Check(new ArchiveQuery { Sources = ["room [12]", "*7"] }, e => e.Source is "room 1" or "room 2", _ => false);
        Check(new ArchiveQuery { Messages = ["*e 12*"] }, e => e.Message.Contains("e 12", StringComparison.Ordinal), _ => false);
        Check(new ArchiveQuery { Values = ["7", "42.5"] }, e => e.Old == "7", r => r.Value == "42.5");
        Check(new ArchiveQuery { Trends = ["tank*"] }, _ => false, _ => true);
        Check(new ArchiveQuery { Trends = ["t/1"], Values = ["4?.5"] }, _ => false, r => r.Value!.Length == 4 && r.Value[0] == '4');
        Check(new ArchiveQuery { Trends = ["no"] }, _ => false, _ => false);
        Check(new ArchiveQuery { Contents = [ArchiveContent.Trend] }, _ => false, _ => true);
        Check(new ArchiveQuery { After = start.AddMinutes(4000), Before = start.AddMinutes(4001) }, e => e.Time == start.AddMinutes(4000), r => r.Time == start.AddMinutes(4000));
        Check(new ArchiveQuery { After = start.AddYears(1) }, _ => false, _ => false);
        Check(new ArchiveQuery { Devices = ["BMS-?"], Categories = ["s*"] }, e => e.Category[0] == 's', _ => false);
        Check(new ArchiveQuery { Devices = ["other"] }, _ => false, _ => false);

        void Check(ArchiveQuery query, Func<DeviceEvent, bool> wantsEvent, Func<TrendRecord, bool> wantsValue)
        {
            var read = new ArchiveReader(archive, query).Read(default).ToList();
            Assert.Equal(events.Where(wantsEvent).Select(record => record.Id), read.OfType<ArchivedEvent>().Select(record => record.Id));
            Assert.Equal(values.Where(wantsValue).Select(record => record.Sequence), read.OfType<ArchivedTrendRecord>().Select(record => record.Sequence));
        }
    }

    [Theory]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-11-01T10:00:00Z,d,t,1,2,ok")]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-11-01T10:00:00Z,d,t,1,2\n")]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-11-01T10:00:00Z,d,t,1,2,ok,more\n")]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-11-01T10:00:00Z,d,t,one,2,ok\n")]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-13-01T10:00:00Z,d,t,1,2,ok\n")]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-11-01T10:00:00Z,d,t,1,\"2,ok\n")]
    [InlineData("Time,Device,Trend,Sequence,Value,Status\n2026-11-01T10:00:00Z,d,t,1,\"2\"x,ok\n")]
    [InlineData("Time,Device\n")]
    [InlineData("")]
    public void A_line_that_no_archive_has_is_damage(string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var scanner = new CsvScanner(stream, CsvColumns.TrendColumns);
        var matcher = new RecordMatcher(new ArchiveQuery());
        Assert.Throws<FormatException>(() =>
        {
            scanner.ReadHeader(CsvColumns.TrendHeader);
            while (scanner.Read())
            {
                matcher.TakeTrend(scanner.Row, "d", "t");
            }
        });
    }

    [Theory]
    [InlineData("2026-11-01T10:00:00Z", true)]
    [InlineData("2026-11-01T10:00:00.123Z", true)]
    [InlineData("2026-11-01T10:00:00.1234567Z", true)]
    [InlineData("2024-02-29T23:59:59Z", true)]
    [InlineData("2026-02-29T10:00:00Z", false)]
    [InlineData("2026-11-01T24:00:00Z", false)]
    [InlineData("2026-11-01T10:00:00+00:00", false)]
    [InlineData("2026-11-01 10:00:00Z", false)]
    [InlineData("2026-11-01T10:00:00,123Z", false)]
    [InlineData("", false)]
    public void Times_are_read_in_the_forms_in_which_they_are_written(string text, bool isOne)
    {
        Assert.Equal(isOne, ArchiveTime.TryRead(Encoding.ASCII.GetBytes(text), out var time));
        if (isOne)
        {
            Assert.Equal(DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).UtcDateTime, time);
            Assert.Equal(text, ArchiveTime.ToText(new DateTimeOffset(time)));
        }
    }

    [Theory]
    [InlineData("bms-1", "bms-1")]
    [InlineData("EDGE_7.b", "EDGE_7.b")]
    [InlineData("AHU/1: supply", "AHU_1__supply_")]
    [InlineData("../up", "up_")]
    [InlineData("con", "con_")]
    [InlineData("con.txt", "_con.txt_")]
    [InlineData("ends.", "ends_")]
    [InlineData("Übung", "bung_")]
    [InlineData("***", "")]
    public void Names_are_made_safe_and_stay_apart(string text, string start)
    {
        var name = FileNameRules.ToSafeName(text, 80);
        Assert.StartsWith(start, name, StringComparison.Ordinal);
        Assert.Equal(name, FileNameRules.ToSafeName(text, 80));
        Assert.Empty(FileNameRules.FindFaults([name], hasWindowsNames: true, isCaseSensitive: false));
        Assert.NotEqual(name, FileNameRules.ToSafeName(text + "?", 80));
        Assert.True(ManifestCodec.IsFilePath($"trends/{name}.csv", ArchiveContent.Trend, ArchiveFormat.Csv));
    }

    [Fact]
    public void Trend_logs_whose_names_differ_in_case_alone_get_files_of_their_own()
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string[] names = [.. new[] { "supply", "Supply", "SUPPLY" }.Select(trend => ArchiveNames.Trend(trend, ArchiveFormat.Csv, taken))];
        Assert.Equal(3, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("trends/../../x.csv")]
    [InlineData("trends/a/b.csv")]
    [InlineData("trends\\x.csv")]
    [InlineData("trends/.csv")]
    [InlineData("manifest.json")]
    public void A_manifest_cannot_name_a_file_elsewhere(string path) =>
        Assert.False(ManifestCodec.IsFilePath(path, ArchiveContent.Trend, ArchiveFormat.Csv) || ManifestCodec.IsFilePath(path, ArchiveContent.Event, ArchiveFormat.Csv));

    private ArchiveFolder Write(ArchiveFormat format, string device, List<DeviceEvent> events, TrendLog trend, List<TrendRecord> values)
    {
        var target = folder.Combine("archive");
        Directory.CreateDirectory(Path.Combine(target, "trends"));
        var files = new List<ArchiveFile>();
        using (var file = new ArchiveFileWriter(target, ArchiveNames.Events(format), device, trend: null, format, selection: null))
        {
            file.Write(new HistoryPage<DeviceEvent>(events, "1"));
            files.Add(file.Complete());
        }

        using (var file = new ArchiveFileWriter(target, ArchiveNames.Trend(trend.Id, format, []), device, trend, format, selection: null))
        {
            file.Write(new HistoryPage<TrendRecord>(values, "1"));
            files.Add(file.Complete());
        }

        var key = ArchiveSignature.CreateKey();
        var manifest = ManifestCodec.Serialize(new ArchiveManifest
        {
            Format = 1,
            Repository = "r",
            Device = device,
            Run = "0",
            Number = 1,
            Kind = ArchiveKind.Run,
            FileFormat = format,
            Created = DateTimeOffset.UnixEpoch,
            Author = "tester@bench",
            Files = files,
            Gaps = [],
            PublicKey = ArchiveSignature.PublicKeyOf(key),
        });
        File.WriteAllBytes(Path.Combine(target, "manifest.json"), manifest);
        File.WriteAllBytes(Path.Combine(target, "manifest.sig"), ArchiveSignature.Sign(key, manifest));
        return ArchiveFolder.Open(target);
    }
}
