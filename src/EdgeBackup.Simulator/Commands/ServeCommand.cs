using System.Globalization;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.Simulator.Hosting;

namespace EdgeBackup.Simulator.Commands;

/// <summary><c>serve</c>: devices on loopback until Ctrl+C.</summary>
internal static class ServeCommand
{
    public const string Usage = "Use: serve [--devices <n>] [--bms <n>] [--port <n>] [--latency <milliseconds>] [--size <kilobytes>] [--events <n>] [--records <n>]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal) { ["--devices"] = 1, ["--bms"] = 0, ["--port"] = 0, ["--latency"] = 0, ["--size"] = 0, ["--events"] = 0, ["--records"] = 0 };
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

        // One line a device, and only when all of them answer: scripts take the first line for "ready".
        foreach (var device in fleet.Devices.OrderByDescending(device => device.Options.Type, StringComparer.Ordinal))
        {
            await Console.Out.WriteLineAsync($"{device.Id} {device.Options.Type} {device.Address}");
        }

        await Console.Out.FlushAsync();
        await fleet.RunAsync(CancellationToken.None);
        return 0;
    }
}
