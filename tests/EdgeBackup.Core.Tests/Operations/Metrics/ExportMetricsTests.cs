using System.Diagnostics;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Metrics;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Metrics;

public sealed class ExportMetricsTests : IAsyncLifetime
{
    private OperationsBench bench = null!;

    public async Task InitializeAsync() => bench = await OperationsBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_device_is_told_with_all_that_is_known_of_it()
    {
        var root = await bench.AddFolderAsync("one");
        await bench.AddFolderAsync("two");
        var started = bench.Clock.GetUtcNow();
        await bench.RunScheduleAsync(devices: ["one"]);
        var backup = (await bench.ListAsync()).Single().Backup;
        await new VerifyBackup(bench.Context, bench.Observer).RunAsync(backup, default);
        bench.Advance(TimeSpan.FromHours(50));
        Directory.Move(root, root + "-gone");
        await bench.RunScheduleAsync(devices: ["one"]);
        await bench.AddFolderAsync("three");

        var parsed = PrometheusParser.Parse(await TextAsync());
        Assert.Equal(1, Value("overdue", "one"));

        // One that never had a backup counts from when it was registered.
        Assert.Equal(1, Value("overdue", "two"));
        Assert.Equal(0, Value("overdue", "three"));
        Assert.All((string[])["two", "three"], device => Assert.Equal(1, parsed.Samples.Single(sample => sample.Name.EndsWith("_backup_state", StringComparison.Ordinal) && sample["device"] == device && sample["state"] == "never").Value));
        Assert.Equal(1, Value("consecutive_failures", "one"));
        Assert.InRange(Value("backup_age_seconds", "one")!.Value, 50 * 3600, (50 * 3600) + 600);
        Assert.Equal(backup.Length, Value("last_backup_size_bytes", "one"));
        Assert.Equal(backup.ItemCount, Value("last_backup_items", "one"));
        Assert.InRange(Value("last_success_timestamp_seconds", "one")!.Value, Seconds(started), Seconds(started) + 600);
        Assert.InRange(Value("last_attempt_timestamp_seconds", "one")!.Value, Seconds(started) + (50 * 3600), Seconds(started) + (50 * 3600) + 600);
        Assert.InRange(Value("last_verified_timestamp_seconds", "one")!.Value, Seconds(started), Seconds(started) + 600);
        Assert.True(Value("last_duration_seconds", "one") >= 0);
        Assert.Null(Value("last_backup_timestamp_seconds", "two"));
        Assert.Null(Value("postponed_since_timestamp_seconds", "one"));
        Assert.Equal(["overdue"], parsed.Samples.Where(sample => sample.Name.EndsWith("_backup_state", StringComparison.Ordinal) && sample["device"] == "one" && sample.Value == 1).Select(sample => sample["state"]));
        Assert.All(parsed.Samples, sample => Assert.Equal(bench.Context.Repository.Id, sample["repository"]));
        Assert.Equal(1, parsed.Samples.Single(sample => sample.Name == "edgebackup_repository_backups").Value);
        Assert.InRange(parsed.Samples.Single(sample => sample.Name == "edgebackup_repository_size_bytes").Value, 1, 1e6);

        double? Value(string name, string device) =>
            parsed.Samples.SingleOrDefault(sample => sample.Name == "edgebackup_device_" + name && sample["device"] == device)?.Value;
    }

    [Fact]
    public async Task Names_that_have_quotes_backslashes_and_line_breaks_come_back_as_they_are()
    {
        const string Odd = "Tor \"Süd\"\\1\nhinten,{}";
        await bench.AddFolderAsync("one");
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("one", new ChangeDeviceOptions { Name = Odd, Site = "Käfig\\" }, default);

        var sample = PrometheusParser.Parse(await TextAsync()).Samples.First();
        Assert.Equal((Odd, "Käfig\\", "kiosk"), (sample["name"], sample["site"], sample["type"]));
    }

    [Fact]
    public async Task Each_family_has_help_and_a_base_unit_and_the_same_state_gives_the_same_order()
    {
        await bench.AddFolderAsync("b");
        await bench.AddFolderAsync("a");
        var parsed = PrometheusParser.Parse(await TextAsync());

        Assert.All(parsed.Samples, sample => Assert.True(parsed.Helps[sample.Name].Length > 10));
        Assert.All(parsed.Types.Keys, name => Assert.DoesNotMatch("_(ms|milliseconds|minutes|hours|kb|mb|total)$", name));
        Assert.Equal(["a", "b"], parsed.Samples.Where(sample => sample.Name == "edgebackup_device_overdue").Select(sample => sample["device"]));
        Assert.Equal(parsed.Types.Keys, PrometheusParser.Parse(await TextAsync()).Types.Keys);
    }

    [Fact]
    public async Task What_the_last_check_of_the_repository_found_is_told()
    {
        await bench.AddFolderAsync("one");
        await bench.AutomaticAsync("one");
        await new VerifyRepository(bench.Context, bench.Observer).RunAsync(readData: true, default);
        var pack = bench.Objects("packs/").Single();
        File.Delete(Path.Combine(bench.RepositoryFolder, pack));
        await new VerifyRepository(bench.Context, bench.Observer).RunAsync(readData: false, default);

        var damaged = PrometheusParser.Parse(await TextAsync()).Samples.Where(sample => sample.Name == "edgebackup_repository_damaged").ToDictionary(sample => sample["depth"], sample => sample.Value);
        Assert.Equal(0, damaged["data"]);
        Assert.True(damaged["structure"] > 0);
    }

    [Fact]
    public async Task A_file_is_replaced_as_a_whole_and_everybody_may_read_it()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("edge.prom");
        File.WriteAllText(path, "old\n");
        var text = await TextAsync();
        new ExportMetrics(bench.Context, bench.Observer).Write(path, text);

        Assert.Equal(text, File.ReadAllText(path));
        Assert.Equal([path], Directory.EnumerateFiles(folder.Path));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public async Task A_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("edge.prom");
        Directory.CreateDirectory(path);

        var text = await TextAsync();
        Assert.NotNull(Record.Exception(() => new ExportMetrics(bench.Context, bench.Observer).Write(path, text)));
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public async Task Promtool_finds_nothing_to_complain_about_where_it_is_there()
    {
        await bench.AddFolderAsync("one");
        await bench.RunScheduleAsync();
        await new VerifyRepository(bench.Context, bench.Observer).RunAsync(readData: true, default);
        if (FindPromtool() is not { } promtool)
        {
            return;
        }

        using var process = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await process.StandardInput.WriteAsync(await TextAsync());
        process.StandardInput.Close();
        var said = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal("", said);
        Assert.Equal(0, process.ExitCode);
    }

    private static string? FindPromtool() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private Task<string> TextAsync() => new ExportMetrics(bench.Context, bench.Observer).RunAsync(devices: null, error => throw error, default);
}
