using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.Simulator.Hosting;

namespace EdgeBackup.Simulator.Demo;

/// <summary>Where the demo plays: simulated devices on loopback, a folder that is a device, a repository. All gone when disposed.</summary>
internal sealed class DemoWorld : IAsyncDisposable
{
    private DemoWorld(string root, SimulatedFleet fleet)
    {
        Root = root;
        Fleet = fleet;
    }

    public string Root { get; }

    public SimulatedFleet Fleet { get; }

    public string FolderDevice => Path.Combine(Root, "kiosk");

    /// <summary>Open once the story has made it.</summary>
    public RepositoryContext Repository { get; private set; } = null!;

    public static async Task<DemoWorld> CreateAsync(CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("edgebackup-demo-").FullName;
        try
        {
            var world = new DemoWorld(root, await SimulatedFleet.StartAsync(new SimulatedFleetOptions()));
            world.Fleet.Add(new SimulatedDeviceOptions { Id = "edge-001", Name = "Car park north" });
            world.Fleet.Add(new SimulatedDeviceOptions { Id = "edge-002", Name = "Car park south" });
            world.Fleet.Add(new SimulatedDeviceOptions { Id = "bms-001", Name = "Town hall", Type = Devices.DeviceTypes.BuildingServer, Version = "7.0.2" });
            Directory.CreateDirectory(Path.Combine(world.FolderDevice, "settings"));
            await File.WriteAllTextAsync(
                Path.Combine(world.FolderDevice, "edge-device.json"),
                """{"id":"kiosk-7","name":"Payment kiosk","type":"kiosk","version":"3.1"}""",
                cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(world.FolderDevice, "settings", "display.ini"), "brightness=80\n", cancellationToken);
            return world;
        }
        catch
        {
            Directory.Delete(root, recursive: true);
            throw;
        }
    }

    /// <summary>Makes the repository, its key file and its catalog inside the world's folder.</summary>
    /// <returns>The recovery key.</returns>
    public async Task<string> InitializeAsync(CancellationToken cancellationToken)
    {
        var environment = RepositoryEnvironment.Default();
        var made = await new InitializeRepository(
            new RepositoryLocations(Path.Combine(Root, "user")),
            environment,
            new ConnectionFactory(environment.Platform, environment.Clock),
            $"{Environment.UserName}@{Environment.MachineName}").RunAsync(Path.Combine(Root, "repository"), new RepositoryKeyOptions(), cancellationToken);
        Repository = made.Context;
        return made.RecoveryKey;
    }

    public SimulatedDevice Device(string id) => Fleet.Find(id) ?? throw new DemoFailedException($"There is no simulated device '{id}'.");

    /// <summary>What a simulated device holds at a path, as text.</summary>
    public string? Read(string device, string path) => Device(device).Items.Find(path) is { } item ? Encoding.UTF8.GetString(item.Content).TrimEnd() : null;

    public async ValueTask DisposeAsync()
    {
        if (Repository is not null)
        {
            await Repository.DisposeAsync();
        }

        await Fleet.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }
}
