using System.Text;
using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>A plausible state for a new BACnet device: the same instance always gets the same bytes.</summary>
internal static class SampleBacnetContent
{
    private const uint DegreesCelsius = 62;
    private const uint Percent = 98;

    public static void Fill(SimulatedBacnetDevice device)
    {
        for (var number = 1; number <= device.Options.SampleFiles; number++)
        {
            device.Files.Set((uint)number, number % 3 == 0 ? Records(device, number) : Stream(device, number));
        }

        if (device.Options.SampleFiles > 0)
        {
            device.Files.SetOther(100, SimulatedBacnetFile.Stream(Encoding.ASCII.GetBytes("diagnostics\n")));
        }

        FillLogs(device);
    }

    private static SimulatedBacnetFile Stream(SimulatedBacnetDevice device, int number)
    {
        const int Alphabet = 16;
        const int Short = 300;
        const int Seal = 8;
        var random = new Random((int)(device.Options.Instance * 31) + number);
        var content = new byte[Math.Max(0, (number == 1 ? device.Options.SampleLength : Short) - Seal)];
        for (var at = 0; at < content.Length; at++)
        {
            content[at] = (byte)('A' + random.Next(Alphabet));
        }

        return SimulatedBacnetFile.SealedStream(content);
    }

    private static SimulatedBacnetFile Records(SimulatedBacnetDevice device, int number) => SimulatedBacnetFile.SealedRecords(
        [.. Enumerable.Range(1, 20).Select(line => Encoding.UTF8.GetBytes($"{device.Options.Instance}/{number};object {line};{line % 7}.5"))]);

    private static void FillLogs(SimulatedBacnetDevice device)
    {
        var supply = new BacnetObjectId(BacnetObjectType.AnalogInput, 1);
        var valve = new BacnetObjectId(BacnetObjectType.AnalogOutput, 1);
        device.AddPoint(new SimulatedBacnetPoint(supply, "Supply temperature", DegreesCelsius, 21.5f));
        device.AddPoint(new SimulatedBacnetPoint(valve, "Heating valve", Percent, 40));
        var start = new DateTimeOffset(device.Clock.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero) - TimeSpan.FromDays(1);
        device.AddLog(BacnetObjectType.TrendLog, 1, "Supply temperature trend", 1000, supply)
            .Add(Enumerable.Range(0, 96).Select(SimulatedLogEntry (number) => new SimulatedValueEntry(
                start + TimeSpan.FromMinutes(15 * number), BacnetValue.OfReal(20 + (number % 10 / 10f)))));
        device.AddLog(BacnetObjectType.TrendLogMultiple, 1, "Heating circuit trend", 1000, supply, valve)
            .Add(Enumerable.Range(0, 24).Select(SimulatedLogEntry (number) => new SimulatedValuesEntry(
                start + TimeSpan.FromHours(number), [BacnetValue.OfReal(20 + number), BacnetValue.OfReal(40 - number)])));
        device.AddLog(BacnetObjectType.EventLog, 1, "Events", 1000)
            .Add(Enumerable.Range(0, 20).Select(SimulatedLogEntry (number) => new SimulatedNotificationEntry(
                start + TimeSpan.FromHours(number),
                supply,
                EventType: 5,
                number % 2 == 0 ? "Supply temperature too high" : "Supply temperature back to normal",
                NotifyType: 0,
                FromState: number % 2 == 0 ? 0u : 3u,
                ToState: number % 2 == 0 ? 3u : 0u)));
    }
}
