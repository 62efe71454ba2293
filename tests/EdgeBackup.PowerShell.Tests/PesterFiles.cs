using System.Text.Json;
using Xunit;

namespace EdgeBackup.PowerShell.Tests;

/// <summary>
/// Runs each Pester file in a process of its own against the staged module: one case a file. A file waits for processes
/// and devices more than it works, so two run at a time: one of each half, since the cases of a class run one by one.
/// </summary>
internal static class PesterFiles
{
    private const int Halves = 2;

    /// <param name="half">0 or 1.</param>
    public static TheoryData<string> Of(int half)
    {
        var folder = PesterHost.TestFolder;
        var all = Directory.EnumerateFiles(folder, "*.Tests.ps1", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        return [.. all.Where((_, index) => index % Halves == half).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))];
    }

    public static async Task RunAsync(string file)
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

public sealed class PesterFilesOfTheFirstHalf
{
    public static TheoryData<string> Files => PesterFiles.Of(half: 0);

    [PesterTheory]
    [MemberData(nameof(Files))]
    public Task Every_test_of_the_file_passes(string file) => PesterFiles.RunAsync(file);
}

public sealed class PesterFilesOfTheSecondHalf
{
    public static TheoryData<string> Files => PesterFiles.Of(half: 1);

    [PesterTheory]
    [MemberData(nameof(Files))]
    public Task Every_test_of_the_file_passes(string file) => PesterFiles.RunAsync(file);
}

internal sealed record PesterFailure(string Name, string Message);

internal sealed record PesterResult(int Passed, int Failed, int Skipped, PesterFailure[] Failures)
{
    public static PesterResult Read(string path) =>
        JsonSerializer.Deserialize<PesterResult>(File.ReadAllText(path), JsonSerializerOptions.Web)!;
}
