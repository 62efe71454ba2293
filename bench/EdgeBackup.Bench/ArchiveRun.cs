using System.Diagnostics;
using System.Globalization;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Bench;

/// <summary>Archives a large history with the engine, as New-EdgeArchive does.</summary>
internal static class ArchiveRun
{
    private const int TrendLogs = 50;

    /// <summary>Prints seconds, records, bytes and the peak of this process's memory in bytes.</summary>
    /// <param name="folder">Gets a repository and archives.</param>
    /// <param name="events">Events to generate; 0 with an address.</param>
    /// <param name="records">Trend records to generate.</param>
    /// <param name="address">A device to read from instead; null to generate.</param>
    public static async Task<int> RunAsync(string folder, int events, int records, string? address)
    {
        var environment = RepositoryEnvironment.Default();
        IConnectionFactory connections = address is null ? new GeneratedConnections(events, records, TrendLogs) : new ConnectionFactory(environment.Platform, environment.Clock);
        var made = await new InitializeRepository(new RepositoryLocations(Path.Combine(folder, "user")), environment, connections, "bench@bench")
            .RunAsync(Path.Combine(folder, "repository"), new RepositoryKeyOptions(), CancellationToken.None).ConfigureAwait(false);
        await using var context = made.Context.ConfigureAwait(false);
        var registered = await new RegisterDevice(made.Context, SilentObserver.Instance)
            .RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(address ?? "http://127.0.0.1:9/", "/") }, CancellationToken.None).ConfigureAwait(false);
        var parent = Path.Combine(folder, "archives");
        Directory.CreateDirectory(parent);

        PeakMemory.Begin();
        var started = Stopwatch.GetTimestamp();
        var archive = await new WriteArchive(made.Context, SilentObserver.Instance)
            .RunAsync(new WriteArchiveOptions { Device = registered, Parent = parent }, CancellationToken.None).ConfigureAwait(false);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000} {archive.Manifest.Records} {archive.Length} {PeakMemory.Above(0)}"));
        return 0;
    }
}
