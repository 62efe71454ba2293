using System.Diagnostics;
using System.Globalization;

namespace EdgeBackup.Core.Tests.Durability.Crash;

/// <summary>A process that works on a repository until it is killed.</summary>
internal static class Worker
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    /// <summary>Lets a process do something again and again, and kills it.</summary>
    /// <param name="deed">What it does.</param>
    /// <param name="root">The folder of the site.</param>
    /// <param name="generation">The first one that it makes.</param>
    /// <param name="life">For how long, once it is ready.</param>
    /// <returns>The lines it told, whole ones only.</returns>
    public static async Task<List<string>> RunAndKillAsync(string deed, string root, int generation, TimeSpan life)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "exec", Path.Combine(AppContext.BaseDirectory, "EdgeBackup.TestWorker.dll"), "crash", root, deed, generation.ToString(CultureInfo.InvariantCulture) })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var first = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        if (first != "READY")
        {
            throw new InvalidOperationException($"The worker did not begin to {deed}: {first} {await error}");
        }

        await Task.Delay(life);
        var hadEnded = process.HasExited;
        process.Kill();
        var rest = await process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await process.WaitForExitAsync();
        return hadEnded
            ? throw new InvalidOperationException($"The worker ended by itself while it was to {deed}: {await error}")
            : [.. rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r'))];
    }
}
