using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>How a program ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">What it wrote to standard output, byte by byte.</param>
/// <param name="Words">What it wrote to standard error.</param>
public sealed record ProgramResult(int Code, byte[] Output, string Words)
{
    /// <summary>The output as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Output);
}

/// <summary>Runs the operating system's small programs.</summary>
public interface IProgramRunner
{
    /// <summary>Whether there is such a program.</summary>
    /// <param name="program">A name, sought on PATH.</param>
    bool Exists(string program);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">A name, sought on PATH, or an absolute path.</param>
    /// <param name="arguments">Unquoted.</param>
    /// <param name="input">What it reads; null for nothing.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="EdgeBackupException">ScheduleFailed: it cannot be run, or did not end in time.</exception>
    Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, byte[]? input, CancellationToken cancellationToken);
}

/// <summary>Runs real programs.</summary>
public sealed class ProgramRunner : IProgramRunner
{
    /// <summary>How long a program may take; a minute unless it is said otherwise.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(1);

    public bool Exists(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    public async Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, byte[]? input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        if (!OperatingSystem.IsWindows())
        {
            // Their words and times are read, and no pager may wait for a key.
            start.Environment["LC_ALL"] = "C";
            start.Environment["TZ"] = "UTC";
            start.Environment["SYSTEMD_PAGER"] = "";
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            using var output = new MemoryStream();
            var reading = process.StandardOutput.BaseStream.CopyToAsync(output, limit.Token);
            var listening = process.StandardError.ReadToEndAsync(limit.Token);
            await FeedAsync(process, input, limit.Token).ConfigureAwait(false);
            await Task.WhenAll(reading, listening).ConfigureAwait(false);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return new ProgramResult(process.ExitCode, output.ToArray(), (await listening.ConfigureAwait(false)).Trim());
        }
        catch (Win32Exception exception)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"The program '{program}' cannot be run here ({exception.Message.TrimEnd('.')}). Install it, or choose another -Method.", program, exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EdgeBackupException(ErrorIds.ScheduleFailed, $"'{program} {string.Join(' ', arguments.Take(1))}' did not end within {Limit.TotalSeconds:0} s, and was ended. Try it by hand.", program, exception);
        }
        finally
        {
            if (process is { HasExited: false })
            {
                process.Kill(entireProcessTree: true);
            }

            process?.Dispose();
        }
    }

    private static async Task FeedAsync(Process process, byte[]? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.BaseStream.WriteAsync(input, cancellationToken).ConfigureAwait(false);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: its exit code and its words say why.
        }
    }
}
