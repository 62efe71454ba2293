using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>Many simulated BACnet devices, each on a UDP port of its own, and a BBMD through which all of them can be asked.</summary>
public sealed class SimulatedBacnetFleet : IAsyncDisposable
{
    private readonly List<SimulatedBacnetDevice> devices = [];

    private SimulatedBacnetFleet(SimulatedBbmd bbmd) => Bbmd = bbmd;

    /// <summary>In the order in which they were added.</summary>
    public IReadOnlyList<SimulatedBacnetDevice> Devices => devices;

    /// <summary>Loopback knows no broadcasts worth the name: register here to reach every device of the fleet with one.</summary>
    public SimulatedBbmd Bbmd { get; }

    /// <param name="count">How many devices.</param>
    /// <param name="options">What they have in common; instances and serial numbers count on from its instance.</param>
    public static async Task<SimulatedBacnetFleet> StartAsync(int count, SimulatedBacnetOptions? options = null)
    {
        options ??= new SimulatedBacnetOptions();
        var fleet = new SimulatedBacnetFleet(await SimulatedBbmd.StartAsync());
        try
        {
            for (var number = 0u; number < count; number++)
            {
                await fleet.AddAsync(options with
                {
                    Instance = options.Instance + number,
                    SerialNumber = options.SerialNumber is { } serial ? $"{serial}-{number + 1}" : null,
                    Port = options.Port == 0 ? 0 : options.Port + (int)number,
                });
            }

            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    public async Task<SimulatedBacnetDevice> AddAsync(SimulatedBacnetOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.Instance, BacnetObjectId.LargestInstance);
        var device = await SimulatedBacnetDevice.StartAsync(options);
        devices.Add(device);
        Bbmd.Add(device.EndPoint);
        return device;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var device in devices)
        {
            await device.DisposeAsync();
        }

        await Bbmd.DisposeAsync();
    }
}
