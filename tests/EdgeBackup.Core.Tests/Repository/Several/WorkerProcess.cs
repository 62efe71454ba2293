using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>A running EdgeBackup.TestWorker.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    /// <summary>Seconds are enough where nothing else runs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly Process process;
    private readonly Channel<string> lines = Channel.CreateUnbounded<string>();
    private readonly Task reading;

    public WorkerProcess(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "EdgeBackup.TestWorker.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, data) => Errors.Enqueue(data.Data ?? "");
        process.BeginErrorReadLine();
        reading = ReadAsync();
    }

    /// <summary>All that was said so far.</summary>
    public ConcurrentQueue<string> Said { get; } = new();

    public ConcurrentQueue<string> Errors { get; } = new();

    public async Task<string> NextLineAsync() => await lines.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public void Kill() => process.Kill();

    /// <summary>SIGSTOP or SIGCONT.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public Task SayAsync(string line) => process.StandardInput.WriteLineAsync(line);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        await process.WaitForExitAsync().WaitAsync(Patience);
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        await reading;
        process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            Said.Enqueue(line);
            lines.Writer.TryWrite(line);
        }

        lines.Writer.TryComplete();
    }
}
