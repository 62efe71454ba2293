using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Validation;
using Microsoft.Data.Sqlite;
using Xunit;

namespace EdgeBackup.Core.Tests.Validation;

/// <summary>What an item's bytes say, however they are cut into pieces on their way.</summary>
public sealed class ContentInspectorTests
{
    private const string Page = "\uFEFF  \r\n<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>";

    [Theory]
    [InlineData("config/site.json")]
    [InlineData("a.XML")]
    [InlineData("backup.tar")]
    [InlineData("backup.tar.gz")]
    [InlineData("state.db")]
    [InlineData("configuration.yaml")]
    [InlineData("router.cfg")]
    public async Task A_web_page_under_the_name_of_data_is_no_data(string path)
    {
        Assert.Equal(SuspectCause.WrongContent, (await InspectAsync(path, Encoding.UTF8.GetBytes(Page)))?.Cause);
        Assert.Equal(SuspectCause.WrongContent, (await InspectAsync(path, "<html lang=\"en\">"u8.ToArray()))?.Cause);
    }

    [Theory]
    [InlineData("www/index.html")]
    [InlineData("www/cgi-bin/luci")]
    [InlineData("notes.txt")]
    [InlineData("templates/mail.tmpl")]
    public async Task A_web_page_may_stand_where_web_pages_stand(string path) =>
        Assert.Null(await InspectAsync(path, Encoding.UTF8.GetBytes(Page)));

    [Theory]
    [InlineData("{\"a\":[1,2,{\"b\":\"}\\\"]\"}]}")]
    [InlineData(" [] ")]
    [InlineData("{\"a\":1}\n{\"b\":2}\n")]
    [InlineData("// a \"comment\n{ /* { ** */ \"a\": 1 // it's [\n}")]
    [InlineData("\uFEFF{\"a\":1}")]
    public async Task Whole_JSON_is_let_pass_and_each_of_its_halves_is_cut(string json)
    {
        Assert.Null(await InspectAsync("a.json", Encoding.UTF8.GetBytes(json)));
        var closed = json.LastIndexOfAny(['}', ']']);
        Assert.Equal(SuspectCause.Cut, (await InspectAsync("a.json", Encoding.UTF8.GetBytes(json[..closed])))?.Cause);
    }

    [Theory]
    [InlineData("")]
    [InlineData("42")]
    [InlineData("key: {")]
    [InlineData("{ 'single': \"a\nb\" ")]
    [InlineData("}{")]
    public async Task What_is_not_JSON_is_not_judged_as_such(string text) => Assert.Null(await InspectAsync("a.json", Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("<a/>", 1)]
    [InlineData("<?xml version=\"1.0\"?>\n<!-- > < -->\n<a b='>' c=\"/>\"><![CDATA[</a>]]>x<d/></a>\n", 2)]
    [InlineData("<!DOCTYPE a SYSTEM \"a.dtd\"><a><b></b></a>", 4)]
    [InlineData("<!----><a><!-- -- --></a>", 4)]
    public async Task Whole_XML_is_let_pass_and_cut_XML_is_not(string xml, int cut)
    {
        Assert.Null(await InspectAsync("a.xml", Encoding.UTF8.GetBytes(xml)));
        Assert.Equal(SuspectCause.Cut, (await InspectAsync("a.xml", Encoding.UTF8.GetBytes(xml[..^cut])))?.Cause);
        Assert.Equal(SuspectCause.Cut, (await InspectAsync("a.xml", Encoding.UTF8.GetBytes(xml[..(xml.LastIndexOf('<') + 1)])))?.Cause);
    }

    [Theory]
    [InlineData("plain text")]
    [InlineData("<!DOCTYPE a [<!ELEMENT a ANY> <!-- don't -->]><a>")]
    [InlineData("</a>")]
    public async Task What_is_not_plain_XML_is_not_judged_as_such(string text) => Assert.Null(await InspectAsync("a.xml", Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task A_gzip_content_is_unpacked_to_its_trailer()
    {
        var whole = Gzip(Noise(300_000));
        foreach (var name in (string[])["a.gz", "a", "a.tgz"])
        {
            Assert.Null(await InspectAsync(name, whole));
            Assert.Null(await InspectAsync(name, [.. whole, .. Gzip("second"u8.ToArray())]));
            Assert.Null(await InspectAsync(name, [.. whole, .. new byte[600]]));
            foreach (var missing in (int[])[1, 8, 9, 100_000])
            {
                Assert.Equal(SuspectCause.Cut, (await InspectAsync(name, whole[..^missing]))?.Cause);
            }
        }

        var altered = whole.ToArray();
        altered[150_000] ^= 0x55;
        Assert.NotNull(await InspectAsync("a.gz", altered));
        Assert.Equal(SuspectCause.WrongContent, (await InspectAsync("a.gz", "{\"error\":\"busy\"}"u8.ToArray()))?.Cause);
    }

    [Fact]
    public async Task A_zip_archive_has_its_directory_at_its_end()
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            archive.Comment = new string('c', 70);
            using var entry = archive.CreateEntry("a.txt").Open();
            entry.Write(Noise(100_000));
        }

        var whole = memory.ToArray();
        Assert.Null(await InspectAsync("a.zip", whole));
        Assert.Null(await InspectAsync("backup.gwbk", whole));
        Assert.Equal(SuspectCause.Cut, (await InspectAsync("backup.gwbk", whole[..^71]))?.Cause);
        Assert.Equal(SuspectCause.Cut, (await InspectAsync("a", whole[..50_000]))?.Cause);
        Assert.Equal(SuspectCause.WrongContent, (await InspectAsync("a.gwbk", "no"u8.ToArray()))?.Cause);
        Assert.Null(await InspectAsync("empty.zip", [.. "PK\x05\x06"u8, .. new byte[18]]));
    }

    [Fact]
    public async Task A_tar_archive_ends_with_its_end_mark()
    {
        using var memory = new MemoryStream();
        await using (var writer = new TarWriter(memory, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "a") { DataStream = new MemoryStream(Noise(5000)) });
        }

        var whole = memory.ToArray();
        Assert.Null(await InspectAsync("a.tar", whole));
        Assert.NotNull(await InspectAsync("a.tar", whole[..^1024]));
        Assert.NotNull(await InspectAsync("a.tar", whole[..^1500]));
    }

    [Fact]
    public async Task A_database_is_as_long_as_its_header_says()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using (var connection = new SqliteConnection($"Data Source={file};Pooling=false"))
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT 'row ' || i FROM n;";
                command.ExecuteNonQuery();
            }

            var whole = await File.ReadAllBytesAsync(file);
            var page = BinaryPrimitives.ReadUInt16BigEndian(whole.AsSpan(16));
            Assert.Null(await InspectAsync("state.db", whole));
            Assert.Null(await InspectAsync("state.db", [.. whole, .. new byte[page]]));
            Assert.Equal(SuspectCause.Cut, (await InspectAsync("state.db", whole[..^page]))?.Cause);
            Assert.Equal(SuspectCause.Cut, (await InspectAsync("state", whole[..^1]))?.Cause);
            Assert.Equal(SuspectCause.Cut, (await InspectAsync("state", whole[..50]))?.Cause);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Inspects the bytes in one piece, in many pieces and byte by byte, which must give the same.</summary>
    private static async Task<SuspectReason?> InspectAsync(string path, byte[] content)
    {
        var answers = new List<SuspectReason?>();
        foreach (var size in content.Length < 4000 ? (int[])[int.MaxValue, 1, 7] : [int.MaxValue, 4093, 65_536])
        {
            using var inspector = new ContentInspector(path);
            await using var stream = new InspectedStream(new PieceStream(content, size), inspector);
            var buffer = new byte[100_000];
            using var read = new MemoryStream();
            while (await stream.ReadAsync(buffer) is > 0 and var count)
            {
                read.Write(buffer, 0, count);
            }

            Assert.Equal(content, read.ToArray());
            answers.Add(await inspector.FinishAsync(path, default));
        }

        return Assert.Single(answers.Distinct());
    }

    private static byte[] Noise(int count)
    {
        var bytes = new byte[count];
        new Random(11).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Gzip(byte[] content)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return memory.ToArray();
    }

    private sealed class PieceStream(byte[] content, int size) : ForwardReadStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(Math.Min(size, buffer.Length), content.Length - (int)Passed);
            content.AsMemory((int)Passed, count).CopyTo(buffer);
            Passed += count;
            return ValueTask.FromResult(count);
        }
    }
}
