using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>How a fleet is served.</summary>
public sealed record SimulatedFleetOptions
{
    /// <summary>A port on loopback; 0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>The devices' clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How long every call to a device is on its way.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Serves https with this certificate instead of http.</summary>
    public X509Certificate2? Certificate { get; init; }
}

/// <summary>Many simulated devices behind one port on loopback, each below <c>devices/&lt;id&gt;/</c>.</summary>
public sealed class SimulatedFleet : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, SimulatedDevice> devices = new(StringComparer.Ordinal);
    private readonly WebApplication application;
    private readonly TimeProvider clock;

    private SimulatedFleet(WebApplication application, SimulatedFleetOptions options)
    {
        this.application = application;
        clock = options.Clock;
        Latency = options.Latency;
    }

    /// <summary>The base address, with a slash at its end.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>How long every call to a device is on its way.</summary>
    public TimeSpan Latency { get; }

    /// <summary>In ordinal order of the ids in their addresses.</summary>
    public IReadOnlyList<SimulatedDevice> Devices =>
        [.. devices.Values.OrderBy(device => device.Options.Id, StringComparer.Ordinal)];

    /// <summary>Starts serving; devices can be added before and after.</summary>
    public static async Task<SimulatedFleet> StartAsync(SimulatedFleetOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;

            // Slow and silent devices are played by the faults, not by the server's own ideas of patience.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, options.Port, listen =>
            {
                if (options.Certificate is { } certificate)
                {
                    listen.UseHttps(certificate);
                }
            });
        });

        // A test that ends in the middle of a silent call must not wait for it.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));

        var application = builder.Build();
        var fleet = new SimulatedFleet(application, options);
        application.UseRouting();
        application.Use(new DeviceGateway(fleet).InvokeAsync);
        DeviceEndpoints.Map(application);
        ItemEndpoints.Map(application);
        RestoreEndpoints.Map(application);
        RecordEndpoints.Map(application);
        ControlEndpoints.Map(application, fleet);
        await application.StartAsync();
        fleet.Address = new Uri(application.Urls.First().TrimEnd('/') + "/");
        return fleet;
    }

    /// <summary>Switches a device on.</summary>
    /// <exception cref="ArgumentException">There is one with that id in its address already.</exception>
    public SimulatedDevice Add(SimulatedDeviceOptions options)
    {
        var device = new SimulatedDevice(options, clock)
        {
            Address = new Uri(Address, $"devices/{Uri.EscapeDataString(options.Id)}/"),
        };
        return devices.TryAdd(options.Id, device)
            ? device
            : throw new ArgumentException($"There is already a device '{options.Id}' in this fleet.", nameof(options));
    }

    /// <returns>Null when there is none with that id in its address.</returns>
    public SimulatedDevice? Find(string id) => devices.GetValueOrDefault(id);

    /// <summary>Takes a device off the network for good.</summary>
    public bool Remove(string id) => devices.TryRemove(id, out _);

    /// <summary>Serves until the token says stop.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => application.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync();
        await application.DisposeAsync();
    }
}
