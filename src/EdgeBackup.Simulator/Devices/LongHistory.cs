using System.Collections;

namespace EdgeBackup.Simulator.Devices;

/// <summary>More history than a plausible device has, for measuring; trend records are made when they are asked for.</summary>
internal static class LongHistory
{
    private const int TrendLogs = 10;

    /// <summary>Adds events, and trend records spread over ten logs.</summary>
    public static void Fill(SimulatedDevice device, int events, int records)
    {
        string[] categories = ["alarm", "system", "user-activity", "setpoint", "access"];
        var start = device.Clock.GetUtcNow() - TimeSpan.FromDays(365);
        for (var number = 1; number <= events; number++)
        {
            device.AddEvent(new SimulatedEvent($"long-{number}", start.AddSeconds(number), categories[number % categories.Length], "plant", "operator", $"event {number}", null, null));
        }

        for (var log = 1; log <= TrendLogs && records > 0; log++)
        {
            device.AddTrend(new SimulatedTrend($"long-{log}", $"Long {log}", "°C", Extended: true, new Generated(records / TrendLogs, start)));
        }
    }

    private sealed class Generated(int count, DateTimeOffset start) : IReadOnlyList<SimulatedTrendRecord>
    {
        public int Count => count;

        public SimulatedTrendRecord this[int index] => new(index + 1, start.AddSeconds(index), 15 + (index % 1000 / 100.0), "ok");

        public IEnumerator<SimulatedTrendRecord> GetEnumerator() => Enumerable.Range(0, count).Select(index => this[index]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
