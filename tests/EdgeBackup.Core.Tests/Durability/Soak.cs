using System.Globalization;
using System.Text.Json;
using FsCheck;
using Microsoft.FSharp.Core;

namespace EdgeBackup.Core.Tests.Durability;

/// <summary>
/// How much the tests of durability try, and where they write down what they did. Unset, <c>EDGEBACKUP_SOAK</c> means
/// short counts, for every build; a number means the long ones, so many times. <c>EDGEBACKUP_SOAK_RESULTS</c> names a file
/// that gets one line of JSON for each test; <c>EDGEBACKUP_SOAK_SEED</c> repeats a run.
/// </summary>
internal static class Soak
{
    private static readonly Lock Sync = new();

    /// <summary>0 in every build.</summary>
    public static int Factor { get; } = Read("EDGEBACKUP_SOAK", 0);

    /// <summary>Told in each failure, so that it can be had again. Every build tries the same; the long run tries new things each time.</summary>
    public static int Seed { get; } = Read("EDGEBACKUP_SOAK_SEED", Factor > 0 ? System.Environment.TickCount : 1);

    /// <summary>Draws from the seed, as all else does.</summary>
    public static Config FromSeed(Config config) => config.WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd((ulong)Seed), FSharpOption<int>.None)));

    /// <param name="everyBuild">In every build.</param>
    /// <param name="soak">In the long run.</param>
    public static int Count(int everyBuild, int soak) => Factor > 0 ? soak * Factor : everyBuild;

    /// <summary>Reports when it is disposed, so that a test that fails has its counts written down as well.</summary>
    public static IDisposable ReportAtEnd(Tally tally) => new Ending(tally);

    /// <summary>Writes down what a test did. Numbers only that were counted.</summary>
    public static void Report(Tally tally)
    {
        if (System.Environment.GetEnvironmentVariable("EDGEBACKUP_SOAK_RESULTS") is not { Length: > 0 } file)
        {
            return;
        }

        var line = JsonSerializer.Serialize(tally, TallyJson) + "\n";
        lock (Sync)
        {
            File.AppendAllText(file, line);
        }
    }

    private static readonly JsonSerializerOptions TallyJson = new(JsonSerializerDefaults.Web);

    private static int Read(string variable, int otherwise) =>
        int.TryParse(System.Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    private sealed class Ending(Tally tally) : IDisposable
    {
        public void Dispose() => Report(tally);
    }
}

/// <summary>What a test of durability did.</summary>
internal sealed record Tally
{
    private readonly long started = TimeProvider.System.GetTimestamp();

    /// <summary>In a few words.</summary>
    public required string What { get; init; }

    public int Seed { get; init; } = Soak.Seed;

    /// <summary>Runs, each with one thing broken or one moment chosen.</summary>
    public int Trials { get; set; }

    /// <summary>Processes that were killed.</summary>
    public int Kills { get; set; }

    /// <summary>Faults that a store or a disk was made to have.</summary>
    public int Faults { get; set; }

    /// <summary>Bytes on disk that were changed, or objects that were cut, removed, copied or exchanged.</summary>
    public int Flips { get; set; }

    /// <summary>Backups that had been acknowledged and were looked at again, byte for byte.</summary>
    public int Checked { get; set; }

    /// <summary>Of those, how many were not there or not the same.</summary>
    public int Lost { get; set; }

    /// <summary>What was whole and was refused nevertheless.</summary>
    public int WronglyRefused { get; set; }

    /// <summary>So far.</summary>
    public double Seconds => Math.Round(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 1);
}
