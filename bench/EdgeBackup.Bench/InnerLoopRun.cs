using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace EdgeBackup.Bench;

/// <summary>Runs the inner loops and prints one table of them.</summary>
internal static class InnerLoopRun
{
    public static int Run()
    {
        // In this process: the generated project of the usual toolchain would restore packages first.
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddLogger(NullLogger.Instance)
            .AddColumnProvider(BenchmarkDotNet.Columns.DefaultColumnProviders.Instance)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "edgebackup-inner"))
            .WithOptions(ConfigOptions.DisableOptimizationsValidator);
        var summaries = new[] { BenchmarkRunner.Run<InnerLoops>(config), BenchmarkRunner.Run<CatalogLoops>(config) };
        Console.WriteLine("| loop | time | throughput |");
        Console.WriteLine("|---|---|---|");
        foreach (var report in summaries.SelectMany(summary => summary.Reports))
        {
            Console.WriteLine(Format(report));
        }

        return summaries.All(summary => summary.Reports.All(report => report.Success)) ? 0 : 1;
    }

    private static string Format(BenchmarkReport report)
    {
        var name = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
        if (report.ResultStatistics is not { } result)
        {
            return $"| {name} | failed | |";
        }

        var nanoseconds = result.Median;
        var time = nanoseconds switch
        {
            < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns"),
            < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1_000:0.0} µs"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1_000_000:0.0} ms"),
        };
        var bytes = name.EndsWith("8 MiB", StringComparison.Ordinal) ? InnerLoops.StreamBytes : name.EndsWith("64 KiB", StringComparison.Ordinal) ? InnerLoops.ChunkBytes : 0;
        return bytes == 0
            ? $"| {name} | {time} | {string.Create(CultureInfo.InvariantCulture, $"{1e9 / nanoseconds:0} /s")} |"
            : $"| {name} | {time} | {string.Create(CultureInfo.InvariantCulture, $"{bytes * 1e3 / nanoseconds:0} MB/s")} |";
    }
}
