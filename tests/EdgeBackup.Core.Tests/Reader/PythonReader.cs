using System.ComponentModel;
using System.Diagnostics;

namespace EdgeBackup.Core.Tests.Reader;

/// <summary>Runs docs/reader/edgebackup_reader.py.</summary>
internal static class PythonReader
{
    private static readonly Lazy<string?> Python = new(FindPython);

    /// <summary>Why the reader cannot be run here; null where it can.</summary>
    public static string? Missing =>
        OperatingSystem.IsWindows() ? "the reader extracts on Unix systems"
        : Python.Value is null ? "there is no python3 with the packages cryptography and brotli (Debian: apt install python3-cryptography python3-brotli)"
        : null;

    public static Task<ReaderResult> RunAsync(params string[] arguments) => RunWithInputAsync("", arguments);

    public static async Task<ReaderResult> RunWithInputAsync(string input, params string[] arguments)
    {
        var script = Path.Combine(SourceTree.Root, "docs", "reader", "edgebackup_reader.py");

        // -B: no cache of compiled code beside the source.
        using var process = Start(Python.Value!, ["-B", script, .. arguments]);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException("The reader did not end.");
        }

        return new ReaderResult(process.ExitCode, await output, await error);
    }

    private static string? FindPython()
    {
        foreach (var candidate in new[] { "/usr/bin/python3", "python3" })
        {
            try
            {
                using var process = Start(candidate, ["-c", "import brotli, cryptography"]);
                process.StandardInput.Close();
                process.WaitForExit();
                if (process.ExitCode == 0)
                {
                    return candidate;
                }
            }
            catch (Win32Exception)
            {
                // Not installed.
            }
        }

        return null;
    }

    private static Process Start(string file, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}

/// <summary>What a run of the reader gave.</summary>
internal sealed record ReaderResult(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of standard output.</summary>
    public string[] Lines => Output.TrimEnd('\n').Split('\n');

    /// <summary>The error of a run that must have failed with exactly one line.</summary>
    public string OnlyError()
    {
        Xunit.Assert.Equal(1, ExitCode);
        var line = Xunit.Assert.Single(Error.TrimEnd('\n').Split('\n'));
        Xunit.Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        return line;
    }

    /// <summary>Checks that the run succeeded and had nothing to complain of.</summary>
    public ReaderResult Succeeded()
    {
        Xunit.Assert.Equal((0, ""), (ExitCode, Error));
        return this;
    }
}
