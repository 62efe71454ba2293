using System.Text.Json;
using Xunit;

namespace EdgeBackup.PowerShell.Tests;

/// <summary>Runs each Pester file in a process of its own against the staged module: one case a file.</summary>
public sealed class PesterFiles
{
    public static TheoryData<string> Files()
    {
        var files = new TheoryData<string>();
        var folder = PesterHost.TestFolder;
        foreach (var file in Directory.EnumerateFiles(folder, "*.Tests.ps1", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            files.Add(Path.GetRelativePath(folder, file).Replace('\\', '/'));
        }

        return files;
    }

    [PesterTheory]
    [MemberData(nameof(Files))]
    public async Task Every_test_of_the_file_passes(string file)
    {
        var run = await PesterHost.RunAsync(file);

        Assert.True(run.Result is not null, $"Pester gave no result for {file} (exit code {run.ExitCode}):{Environment.NewLine}{run.Output}");
        Assert.True(run.Result.Failed == 0, Describe(file, run.Result));
        Assert.True(run.Result.Passed + run.Result.Skipped > 0, $"{file} holds no test.");
    }

    private static string Describe(string file, PesterResult result) =>
        $"{result.Failed} of {result.Passed + result.Failed} failed in {file}:{Environment.NewLine}"
        + string.Join(Environment.NewLine, result.Failures.Select(failure => $"- {failure.Name}{Environment.NewLine}    {failure.Message.ReplaceLineEndings(Environment.NewLine + "    ")}"));
}

internal sealed record PesterFailure(string Name, string Message);

internal sealed record PesterResult(int Passed, int Failed, int Skipped, PesterFailure[] Failures)
{
    public static PesterResult Read(string path) =>
        JsonSerializer.Deserialize<PesterResult>(File.ReadAllText(path), JsonSerializerOptions.Web)!;
}
