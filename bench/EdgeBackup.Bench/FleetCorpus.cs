using System.Globalization;
using System.Text;

namespace EdgeBackup.Bench;

/// <summary>
/// A fleet of small site controllers as folders: 60 files and some 3.5 MB each, made from a seed. Settings as JSON, logs as
/// lines, recordings that do not compress, and firmware that all devices share.
/// </summary>
internal static class FleetCorpus
{
    private const int Seed = 20261122;
    private const int Settings = 24;
    private const int Logs = 20;
    private const int Recordings = 9;
    private const int Firmware = 6;

    private static readonly string[] Words =
    [
        "charge", "connector", "session", "meter", "energy", "voltage", "current", "phase", "tariff", "limit", "profile", "network", "retry",
        "heartbeat", "boot", "status", "available", "occupied", "faulted", "authorize", "token", "local", "list", "firmware", "update",
        "diagnostics", "upload", "schedule", "power", "soc", "temperature", "relay", "contactor", "ground", "lock", "cable", "plug", "station",
        "site", "cluster", "load", "balance",
    ];

    public static int Make(string folder, int devices)
    {
        var shared = new Random(Seed);
        var firmware = Enumerable.Range(0, Firmware).Select(_ => Bytes(shared, 30_000, 120_000)).ToList();
        for (var device = 0; device < devices; device++)
        {
            var random = new Random(HashCode(device));
            var root = Path.Combine(folder, Name(device));
            foreach (var sub in (string[])["conf", "logs", "bin"])
            {
                Directory.CreateDirectory(Path.Combine(root, sub));
            }

            File.WriteAllText(Path.Combine(root, "edge-device.json"), $$"""{"id":"{{Name(device)}}","name":"Site {{device}}","type":"edge-controller","version":"1.25.0"}""");
            for (var file = 0; file < Settings; file++)
            {
                File.WriteAllText(Path.Combine(root, "conf", $"settings{file:00}.json"), MakeSettings(random));
            }

            for (var file = 0; file < Logs; file++)
            {
                File.WriteAllText(Path.Combine(root, "logs", $"log{file:00}.log"), MakeLog(random, random.Next(300, 2600)));
            }

            for (var file = 0; file < Recordings; file++)
            {
                File.WriteAllBytes(Path.Combine(root, "bin", $"recording{file}.bin"), Bytes(random, 20_000, 160_000));
            }

            for (var file = 0; file < Firmware; file++)
            {
                File.WriteAllBytes(Path.Combine(root, "bin", $"firmware{file}.bin"), firmware[file]);
            }
        }

        return 0;
    }

    public static int NextNight(string folder, int devices)
    {
        for (var device = 0; device < devices; device++)
        {
            var random = new Random(HashCode(device) ^ 1);
            var root = Path.Combine(folder, Name(device));
            if (device % 10 == 0)
            {
                File.WriteAllText(Path.Combine(root, "conf", "settings03.json"), MakeSettings(random));
                File.WriteAllBytes(Path.Combine(root, "bin", "recording2.bin"), Bytes(random, 20_000, 160_000));
            }

            if (device % 3 == 1)
            {
                for (var file = 0; file < 4; file++)
                {
                    File.AppendAllText(Path.Combine(root, "logs", $"log{file:00}.log"), MakeLog(random, random.Next(50, 400)));
                }
            }
        }

        return 0;
    }

    private static string Name(int device) => $"site-{device:0000}";

    private static int HashCode(int device) => unchecked(Seed + (device * 7919));

    private static byte[] Bytes(Random random, int from, int to)
    {
        var bytes = new byte[random.Next(from, to)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Word(Random random) => Words[random.Next(Words.Length)];

    private static string MakeSettings(Random random)
    {
        var text = new StringBuilder("{\n");
        var lines = random.Next(40, 400);
        for (var line = 0; line < lines; line++)
        {
            var value = random.Next(3) switch
            {
                0 => random.Next(100_000).ToString(CultureInfo.InvariantCulture),
                1 => random.NextDouble().ToString(CultureInfo.InvariantCulture),
                _ => $"\"{Word(random)}\"",
            };
            text.Append(CultureInfo.InvariantCulture, $" \"{Word(random)}.{Word(random)}.{line}\": {value},\n");
        }

        return text.Append(" \"end\": true\n}\n").ToString();
    }

    private static string MakeLog(Random random, int lines)
    {
        var text = new StringBuilder();
        var time = 1_700_000_000L + random.Next(10_000_000);
        for (var line = 0; line < lines; line++)
        {
            time += random.Next(1, 60);
            var level = random.Next(3) switch { 0 => "INFO", 1 => "WARN", _ => "DEBUG" };
            text.Append(CultureInfo.InvariantCulture, $"{time} [{level}] cp{random.Next(1, 20):00} {Word(random)} {Word(random)}={random.Next(100_000)} {Word(random)} id={random.Next():x8}\n");
        }

        return text.ToString();
    }
}
