using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;
using Xunit;

namespace EdgeBackup.Core.Tests.Errors;

/// <summary>docs/errors.md is what the error messages send people to.</summary>
public sealed partial class ErrorPageTests
{
    private static readonly string[] Ids = [.. typeof(ErrorIds).GetFields().Select(field => (string)field.GetRawConstantValue()!)];

    [Fact]
    public void The_page_lists_exactly_the_ids_that_exist()
    {
        var listed = Heading().Matches(ReadPage()).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(listed.Distinct(), listed);
        Assert.Equal(Ids.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_id_says_when_it_comes_and_what_to_do_with_an_example()
    {
        var sections = Heading().Split(ReadPage())[1..].Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);

        Assert.NotEmpty(sections);
        Assert.All(sections, section =>
        {
            Assert.Contains("\nWhen: ", section.Value, StringComparison.Ordinal);
            Assert.Contains("\nDo: ", section.Value, StringComparison.Ordinal);
            Assert.Matches(Example(), section.Value);
        });
    }

    private static string ReadPage()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EdgeBackup.sln")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        return File.ReadAllText(Path.Combine(folder.FullName, "docs", "errors.md")).ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"^### (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"```powershell\n[^`]*\b\w+-(Edge|Module)\w*[^`]*```")]
    private static partial Regex Example();
}
