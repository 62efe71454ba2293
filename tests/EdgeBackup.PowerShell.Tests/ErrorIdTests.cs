using System.Text.RegularExpressions;
using Xunit;

namespace EdgeBackup.PowerShell.Tests;

public sealed partial class ErrorIdTests
{
    [Fact]
    public void Every_error_id_has_a_category()
    {
        // Read as text: an error record cannot be made without PowerShell.
        var ids = Ids().Matches(Read("src", "EdgeBackup.Core", "Errors", "ErrorIds.cs")).Select(match => match.Groups[1].Value).ToArray();
        var table = Read("src", "EdgeBackup.PowerShell", "Errors", "EdgeErrors.cs");

        Assert.NotEmpty(ids);
        Assert.All(ids, id => Assert.Contains($"[ErrorIds.{id}] = ErrorCategory.", table, StringComparison.Ordinal));
    }

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([PesterHost.Root, .. path]));

    [GeneratedRegex(@"public const string (\w+)")]
    private static partial Regex Ids();
}
