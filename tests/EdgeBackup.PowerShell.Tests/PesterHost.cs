using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace EdgeBackup.PowerShell.Tests;

/// <summary>A theory that is reported as skipped, with the reason, where PowerShell or Pester is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PesterTheoryAttribute : TheoryAttribute
{
    public PesterTheoryAttribute() => Skip = PesterHost.WhyNot;
}

/// <summary>Starts pwsh.</summary>
internal static class PesterHost
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly Lazy<string?> Missing = new(FindWhatIsMissing);

    /// <summary>Why Pester files cannot run here; null when they can.</summary>
    public static string? WhyNot => Missing.Value;

    public static string Root { get; } = FindRoot();

    public static string TestFolder { get; } = Path.Combine(Root, "tests", "EdgeBackup.PowerShell.Tests");

    public static async Task<(PesterResult? Result, int ExitCode, string Output)> RunAsync(string file)
    {
        // Also where .ci/run adds the counts up.
        var resultPath = Path.Combine(Root, "TestResults", "pester", file.Replace('/', '.') + ".json");
        Directory.CreateDirectory(Path.GetDirectoryName(resultPath)!);
        File.Delete(resultPath);

        using var limit = new CancellationTokenSource(Limit);
        var (exitCode, output) = await StartAsync(
            ["-File", Path.Combine(TestFolder, "Invoke-PesterFile.ps1"), "-Path", Path.Combine(TestFolder, file), "-ResultPath", resultPath],
            limit.Token);
        return (File.Exists(resultPath) ? PesterResult.Read(resultPath) : null, exitCode, output);
    }

    private static string? FindWhatIsMissing()
    {
        try
        {
            var (exitCode, output) = StartAsync(
                ["-Command", "exit -not (Get-Module Pester -ListAvailable | Where-Object Version -ge 5.5)"], CancellationToken.None).GetAwaiter().GetResult();
            return exitCode == 0 ? null : $"Pester 5.5 or later is not installed. {output}".Trim();
        }
        catch (Win32Exception)
        {
            return "PowerShell (pwsh) is not installed.";
        }
    }

    private static async Task<(int ExitCode, string Output)> StartAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Root,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"It did not end within {Limit}.");
        }
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EdgeBackup.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests are not inside the repository: EdgeBackup.sln is in no folder above them.");
        }

        return folder;
    }
}
