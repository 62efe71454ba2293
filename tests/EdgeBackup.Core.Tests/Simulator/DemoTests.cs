using System.Diagnostics;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator;

/// <summary>The demo that the README names, as whoever reads it starts it.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_does_the_whole_job_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "EdgeBackup.Simulator.dll"), "demo"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Where each system looks for its folder of temporary files: this one is nobody else's.
        start.Environment["TMPDIR"] = start.Environment["TMP"] = start.Environment["TEMP"] = folder.Path;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(6));
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0, await error + output);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal("Everything came out as it should.", lines[^1]);
        Assert.EndsWith(": healthy.", lines[^2], StringComparison.Ordinal);
        Assert.Equal(9, lines.Count(line => line.Length > 2 && char.IsAsciiDigit(line[0]) && line[1..3] == ". "));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder.Path), path => Path.GetFileName(path).StartsWith("edgebackup-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_word_that_nobody_knows_is_an_error_of_its_own()
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "EdgeBackup.Simulator.dll"), "demo", "please"]) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(6));
        await process.WaitForExitAsync();

        Assert.Equal(2, process.ExitCode);
        Assert.Contains("'please' is not understood", error, StringComparison.Ordinal);
    }
}
