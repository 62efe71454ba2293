using System.Diagnostics;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Bacnet;
using EdgeBackup.TestWorker.Crash;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Durability.FullDisk;

/// <summary>A restore onto a BACnet device gathers its files in the folder for temporary files, and that is full.</summary>
public sealed class SpoolFullDiskTests
{
    private const string Backup = "before";

    [SmallDiskFact]
    public async Task A_restore_that_cannot_be_gathered_leaves_the_device_alone_and_succeeds_when_there_is_room()
    {
        using var folder = new TemporaryFolder();
        var site = new CrashSite(folder.Path);
        await using var device = await SimulatedBacnetDevice.StartAsync(new SimulatedBacnetOptions { SampleFiles = 0 });
        var old = SimulatedBacnetFile.SealedStream(Noise(30_000, 1));
        device.Files.Set(1, old);
        device.Files.Set(2, SimulatedBacnetFile.SealedStream(Noise(300, 2)));
        var id = await MakeAsync(site, device);
        var changed = SimulatedBacnetFile.SealedStream(Noise(20_000, 3));
        device.Files.Set(1, changed);

        Directory.CreateDirectory(folder.Combine("temporary"));
        using var disk = SmallDisk.Mount(folder.Combine("temporary"));
        foreach (var pages in new[] { 0, 3 })
        {
            disk.LeaveFree(pages);
            device.ClearRequests();
            var (code, said) = await RestoreAsync(folder.Path, id, disk.Path);
            Assert.Equal(1, code);
            Assert.Contains("failed ", said, StringComparison.Ordinal);
            Assert.Contains("No space left", said, StringComparison.Ordinal);
            Assert.Contains("make room in the folder for temporary files", said, StringComparison.Ordinal);
            Assert.Equal((0, BacnetBackupState.Idle), (device.Procedure.Restores, device.Procedure.State));
            Assert.Equal(changed.Bytes, device.Files[1].Bytes);
            Assert.DoesNotContain(Directory.EnumerateFiles(disk.Path), file => Path.GetFileName(file).StartsWith("edgebackup-", StringComparison.Ordinal));
        }

        disk.Clear();
        var (end, words) = await RestoreAsync(folder.Path, id, disk.Path);
        Assert.True(end == 0, words);
        Assert.Equal(old.Bytes, device.Files[1].Bytes);
        Assert.Equal((1, BacnetBackupState.Idle), (device.Procedure.Completed, device.Procedure.State));
    }

    private static async Task<string> MakeAsync(CrashSite site, SimulatedBacnetDevice device)
    {
        var made = await new InitializeRepository(site.Locations, site.Environment, site.Connections, CrashSite.Author)
            .RunAsync(site.Repository, new RepositoryKeyOptions { KeyFile = site.KeyFile }, default);
        await using var context = made.Context;
        var id = await new RegisterDevice(context, SilentObserver.Instance).RunAsync(new RegisterDeviceOptions { Address = DeviceAddress.Parse(device.Address, "/") }, default);
        await new TakeBackup(context, SilentObserver.Instance).RunAsync(
            [id], new TakeBackupOptions { Kind = BackupKind.Manual, Name = Backup }, outcome => outcome.Error is null ? Task.CompletedTask : throw outcome.Error, default);
        return id;
    }

    /// <summary>Restores in a process of its own, since a process has one folder for temporary files.</summary>
    private static async Task<(int Code, string Said)> RestoreAsync(string root, string id, string temporary)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "EdgeBackup.TestWorker.dll"), "restore", root, id, Backup])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = temporary;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(6));
        await process.WaitForExitAsync();
        return (process.ExitCode, said + await error);
    }
}
