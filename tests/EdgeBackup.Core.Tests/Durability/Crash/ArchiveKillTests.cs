using System.Diagnostics;
using System.Globalization;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Archives;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.TestWorker.Crash;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Crash;

/// <summary>
/// A process that writes an archive is killed at one step after the other. The next run loses no record and doubles none,
/// and the archives prove each other.
/// </summary>
public sealed class ArchiveKillTests
{
    private const string DeviceId = "bms-1";
    private const string Trend = "supply";

    [Fact]
    public async Task Wherever_an_archive_run_is_killed_the_next_one_loses_no_record_and_doubles_none()
    {
        var tally = new Tally { What = "kills: archive, step by step" };
        using var report = Soak.ReportAtEnd(tally);
        using var folder = new TemporaryFolder();
        var site = new CrashSite(folder.Path);
        await using var device = await SimulatedDevice.StartAsync(new SimulatedDeviceOptions { Id = DeviceId, Type = "bms-server", WithSampleItems = false });
        var trend = new List<SimulatedTrendRecord>();
        device.AddTrend(new SimulatedTrend(Trend, "Supply air", "°C", Extended: false, trend));
        await MakeAsync(site, device);

        // The first run makes the key of the signatures too; here it dies over that.
        Log(device, trend);
        Assert.True((await RunAsync(folder.Path, diesAt: 9)).WasKilled);
        await CheckAsync(site, device, trend, tally);

        Log(device, trend);
        var whole = await RunAsync(folder.Path, diesAt: 0);
        Assert.True(whole.Code == 0, whole.Error);
        var steps = int.Parse(whole.Said["DONE ".Length..], CultureInfo.InvariantCulture);
        await CheckAsync(site, device, trend, tally);

        // Each step in the long run; in every build one of three.
        for (var step = 1; step <= steps; step += Soak.Factor > 0 ? 1 : 3)
        {
            Log(device, trend);
            var end = await RunAsync(folder.Path, step);
            Assert.True(end.WasKilled, $"step {step} of {steps}: {end}");
            tally.Trials++;
            tally.Kills++;
            try
            {
                await CheckAsync(site, device, trend, tally);
            }
            catch (Exception exception)
            {
                tally.Lost++;
                throw new Xunit.Sdk.XunitException($"killed in front of step {step} of {steps}: {exception}");
            }
        }
    }

    private static async Task MakeAsync(CrashSite site, SimulatedDevice device)
    {
        Directory.CreateDirectory(site.Archives);
        var made = await new InitializeRepository(site.Locations, site.Environment, site.Connections, CrashSite.Author)
            .RunAsync(site.Repository, new RepositoryKeyOptions { KeyFile = site.KeyFile }, default);
        await using var context = made.Context;
        await new RegisterDevice(context, SilentObserver.Instance).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address.AbsoluteUri, site.Archives) }, default);
    }

    /// <summary>Something new in each of the device's logs.</summary>
    private static void Log(SimulatedDevice device, List<SimulatedTrendRecord> trend)
    {
        for (var count = 0; count < 3; count++)
        {
            var number = device.Events.Count + 1;
            device.AddEvent(new SimulatedEvent($"e{number}", DateTimeOffset.UnixEpoch.AddMinutes(number), "system", "plant", null, $"event {number}", null, null));
            trend.Add(new SimulatedTrendRecord(trend.Count + 1, DateTimeOffset.UnixEpoch.AddMinutes(trend.Count), 20.5, "ok"));
        }
    }

    private static async Task<End> RunAsync(string root, int diesAt)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "EdgeBackup.TestWorker.dll"), "archive", root, diesAt.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(6));
        await process.WaitForExitAsync();
        return new End(said.Trim(), await error, process.ExitCode);
    }

    private static async Task CheckAsync(CrashSite site, SimulatedDevice device, List<SimulatedTrendRecord> trend, Tally tally)
    {
        await using var context = await site.OpenAsync();

        // What is visible is whole, before anybody has cleared up.
        if (ArchiveFolder.Find(site.Archives).Count > 0)
        {
            Assert.Empty(await DamageAsync(context, site));
        }

        await new WriteArchive(context, SilentObserver.Instance).RunAsync(new WriteArchiveOptions { Device = DeviceId, Parent = site.Archives }, default);
        Assert.Empty(await DamageAsync(context, site));
        Assert.Empty(Directory.EnumerateFileSystemEntries(site.Archives, ".*"));
        var archives = ArchiveFolder.Find(site.Archives).Select(ArchiveFolder.Open).OrderBy(archive => archive.Manifest.Number).ToList();
        Assert.Equal(Enumerable.Range(1, archives.Count).Select(number => (long)number), archives.Select(archive => archive.Manifest.Number));
        Assert.All(archives, archive => Assert.Empty(archive.Manifest.Gaps));
        var records = archives.SelectMany(archive => new ArchiveReader(archive, new ArchiveQuery()).Read(default)).ToList();
        Assert.Equal(device.Events.Select(record => record.Id), records.OfType<ArchivedEvent>().Select(record => record.Id));
        Assert.Equal(trend.Select(record => record.Seq), records.OfType<ArchivedTrendRecord>().Select(record => record.Sequence));
        tally.Checked += records.Count;
    }

    private static async Task<List<string>> DamageAsync(RepositoryContext context, CrashSite site) =>
        [.. (await new TestArchives(context, SilentObserver.Instance, null).RunAsync(site.Archives, default).ToListAsync())
            .SelectMany(outcome => outcome.Damage.Select(damage => $"{Path.GetFileName(outcome.Path)}: {damage.Path}: {damage.Reason}"))];

    /// <summary>How a process came to its end.</summary>
    private sealed record End(string Said, string Error, int Code)
    {
        public bool WasKilled => Said.Length == 0 && Error.Length == 0 && Code != 0;
    }
}
