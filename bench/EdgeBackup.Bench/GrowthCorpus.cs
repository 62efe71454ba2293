using System.Globalization;
using System.Text;

namespace EdgeBackup.Bench;

/// <summary>Trend logs made from a seed that grow at their end.</summary>
internal static class GrowthCorpus
{
    private const int Seed = 815;
    private const int Logs = 40;

    public static int Make(string folder, int night)
    {
        Directory.CreateDirectory(folder);
        if (night == 0)
        {
            File.WriteAllText(Path.Combine(folder, "edge-device.json"), """{"id":"growth","name":"Growth","type":"folder"}""");
        }

        for (var log = 0; log < Logs; log++)
        {
            var random = new Random(Seed + (log * 1009) + night);
            var path = Path.Combine(folder, $"trend{log:00}.csv");
            File.AppendAllText(path, night == 0 ? Lines(random, 0, random.Next(1_000_000, 2_000_000)) : Lines(random, night, random.Next(10_000, 60_000)));
        }

        return 0;
    }

    private static string Lines(Random random, int night, int length)
    {
        var text = new StringBuilder();
        var time = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(night * 30);
        var value = 20 + (random.NextDouble() * 10);
        while (text.Length < length)
        {
            time = time.AddSeconds(60);
            value += random.NextDouble() - 0.5;
            text.Append(CultureInfo.InvariantCulture, $"{time:yyyy-MM-ddTHH:mm:ssZ},{value:0.000},{(random.Next(50) == 0 ? "fault" : "ok")}\n");
        }

        return text.ToString();
    }
}
