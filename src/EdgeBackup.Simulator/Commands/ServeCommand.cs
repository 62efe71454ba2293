using System.Globalization;
using System.Net.Sockets;
using EdgeBackup.Simulator.Bacnet;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.Simulator.Hosting;

namespace EdgeBackup.Simulator.Commands;

/// <summary><c>serve</c>: devices on loopback until Ctrl+C.</summary>
internal static class ServeCommand
{
    public const string Usage = "Use: serve [--devices <n>] [--bms <n>] [--bacnet <n>] [--port <n>] [--bacnet-port <n>] [--latency <milliseconds>] [--size <kilobytes>] [--events <n>] [--records <n>]";

    /// <summary>What every BACnet device of the command asks for; devices without a password are the exception in the field.</summary>
    private const string BacnetPassword = "simulated";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["--devices"] = 1,
            ["--bms"] = 0,
            ["--bacnet"] = 0,
            ["--port"] = 0,
            ["--bacnet-port"] = 0,
            ["--latency"] = 0,
            ["--size"] = 0,
            ["--events"] = 0,
            ["--records"] = 0,
        };
        for (var at = 0; at < arguments.Length; at += 2)
        {
            if (!numbers.ContainsKey(arguments[at])
                || at + 1 == arguments.Length
                || !int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                await Console.Error.WriteLineAsync($"'{arguments[at]}' is not understood. {Usage}");
                return 2;
            }

            numbers[arguments[at]] = number;
        }

        await using var fleet = await SimulatedFleet.StartAsync(new SimulatedFleetOptions
        {
            Port = numbers["--port"],
            Latency = TimeSpan.FromMilliseconds(numbers["--latency"]),
        });
        for (var number = 1; number <= numbers["--devices"]; number++)
        {
            fleet.Add(new SimulatedDeviceOptions { Id = $"edge-{number:d3}", SampleKilobytes = numbers["--size"] });
        }

        for (var number = 1; number <= numbers["--bms"]; number++)
        {
            fleet.Add(new SimulatedDeviceOptions { Id = $"bms-{number:d3}", Type = DeviceTypes.BuildingServer, Version = "7.0.2", SampleKilobytes = numbers["--size"] });
        }

        foreach (var device in fleet.Devices)
        {
            LongHistory.Fill(device, numbers["--events"], numbers["--records"]);
        }

        await using var bacnet = await StartBacnetAsync(numbers);
        if (bacnet is null)
        {
            return 1;
        }

        // One line a device, and only when all of them answer: scripts take the first line for "ready".
        foreach (var device in fleet.Devices.OrderByDescending(device => device.Options.Type, StringComparer.Ordinal))
        {
            await Console.Out.WriteLineAsync($"{device.Id} {device.Options.Type} {device.Address}");
        }

        foreach (var device in bacnet.Devices)
        {
            await Console.Out.WriteLineAsync($"bacnet-{device.Options.VendorId}-{device.Options.SerialNumber} bacnet-device {device.Address}");
        }

        if (bacnet.Devices.Count > 0)
        {
            await Console.Out.WriteLineAsync($"bbmd bacnet-bbmd {bacnet.Bbmd.EndPoint}");
        }

        await Console.Out.FlushAsync();
        await fleet.RunAsync(CancellationToken.None);
        return 0;
    }

    private static async Task<SimulatedBacnetFleet?> StartBacnetAsync(Dictionary<string, int> numbers)
    {
        try
        {
            return await SimulatedBacnetFleet.StartAsync(numbers["--bacnet"], new SimulatedBacnetOptions
            {
                Port = numbers["--bacnet-port"],
                Password = BacnetPassword,
                Latency = TimeSpan.FromMilliseconds(numbers["--latency"]),
                SampleLength = 4000 + (numbers["--size"] * 1024),
            });
        }
        catch (SocketException exception)
        {
            await Console.Error.WriteLineAsync($"The ports from {numbers["--bacnet-port"]} on are not all to be had: {exception.Message}");
            return null;
        }
    }
}
