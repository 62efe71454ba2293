using System.Text.Json;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Devices.Types.Reading;
using EdgeBackup.Core.Tests.Reader;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Types;

/// <summary>The published schema and the reader say the same.</summary>
public sealed class SchemaTests
{
    private static readonly SchemaJudge Judge = new(JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SourceTree.Root, "docs", "device-type.schema.json"))).RootElement);

    public static TheoryData<string> Both => TypeFiles.In("good", "bad");

    [Theory]
    [MemberData(nameof(Both))]
    public void Schema_and_reader_agree_on(string name)
    {
        var json = TypeFiles.Read(name);
        using var document = JsonDocument.Parse(json);
        var isGood = name.StartsWith("good/", StringComparison.Ordinal);
        Assert.Equal(isGood, Judge.Accepts(document.RootElement));
        Assert.Equal(isGood, DeviceTypeReader.Read(json).Type is not null);
    }

    [Fact]
    public void Every_shipped_type_keeps_to_the_schema()
    {
        foreach (var entry in DeviceTypeCatalog.BuiltIn.Entries)
        {
            using var document = JsonDocument.Parse(entry.Json);
            Assert.True(Judge.Accepts(document.RootElement), entry.Type.Id);
        }
    }

    [Fact]
    public void The_schema_and_the_reader_know_the_same_properties()
    {
        using var document = JsonDocument.Parse("""{"id":"press","title":"Press","connections":["Ssh"],"nothing":1}""");
        Assert.False(Judge.Accepts(document.RootElement));
        var message = Assert.Single(DeviceTypeReader.Read("""{"id":"press","title":"Press","connections":["Ssh"],"nothing":1}"""u8).Problems).Message;
        using var schema = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SourceTree.Root, "docs", "device-type.schema.json")));
        Assert.Equal(
            schema.RootElement.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal),
            message[(message.IndexOf("known are ", StringComparison.Ordinal) + "known are ".Length)..].Split(", ").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_example_of_the_docs_page_works()
    {
        var page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "device-types.md"));
        var start = page.IndexOf("```json\n", StringComparison.Ordinal) + "```json\n".Length;
        var json = page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
        Assert.Empty(DeviceTypeReader.Read(System.Text.Encoding.UTF8.GetBytes(json)).Problems);
        using var document = JsonDocument.Parse(json);
        Assert.True(Judge.Accepts(document.RootElement));
    }
}
