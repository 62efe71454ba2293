using System.Text;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Simulator.Devices;

/// <summary>A plausible state for a new device: the same id always gets the same bytes.</summary>
internal static class SampleContent
{
    public static void Fill(SimulatedDevice device)
    {
        var id = device.Options.Id;
        Text("identity/hardware.json", $"{{\"id\":\"{id}\",\"serial\":\"SN-{id}\"}}\n", ItemKind.Identity);
        Text("identity/licence.key", $"LICENCE {id}\n", ItemKind.Identity);
        if (device.Options.Type == DeviceTypes.BuildingServer)
        {
            Text("config/points.csv", Lines(400, line => $"AI-{line};supply temperature {line};{line % 40}.5"));
            Text("config/alarms.xml", "<alarms><alarm point=\"AI-1\" high=\"30\"/></alarms>\n");
            Text("config/programs/ahu 1.st", "IF supply < 18 THEN heat := TRUE; END_IF;\n");
            Text("config/graphics/Übersicht.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n");
            Text("values/setpoints.json", "{\"supply\":21.5}\n", retain: RetainLevel.Warm);
            Text("values/live.json", "{\"supply\":20.9}\n", retain: RetainLevel.None);
            device.Applications.Write("values/runtime.json", Encoding.UTF8.GetBytes("{\"fan 1\":8760}\n"));
            Text("history/trends.log", Lines(2000, line => $"{line};21.{line % 10}"), ItemKind.History);
        }
        else
        {
            Text("config/site.json", $"{{\"site\":\"{id}\",\"limitAmpere\":250}}\n");
            Text("config/charging/profiles.json", Lines(200, line => $"{{\"profile\":{line},\"limit\":{line % 32}}}"));
            Text("config/charging/tariff day.xml", "<tariff from=\"06:00\" to=\"22:00\"/>\n");
            Text("config/ocpp/backoffice.xml", "<backoffice url=\"wss://backoffice.example/ocpp\"/>\n");
            Text("values/counters.json", "{\"sessions\":1234}\n", retain: RetainLevel.Warm);
            Text("values/live.json", "{\"ampere\":16}\n", retain: RetainLevel.None);
            Text("history/sessions.log", Lines(2000, line => $"session {line} closed"), ItemKind.History);
        }

        FillBlocks(device);
        FillRecords(device);

        void Text(string path, string text, ItemKind kind = ItemKind.Configuration, RetainLevel retain = RetainLevel.Cold) =>
            device.Items.Set(path, Encoding.UTF8.GetBytes(text), kind, retain);
    }

    /// <summary>Programs and pictures, as far as their bytes go: half as large when compressed, and different on each device.</summary>
    private static void FillBlocks(SimulatedDevice device)
    {
        const int Blocks = 8;
        const int Alphabet = 16;
        var random = new Random(device.Options.Id.Aggregate(17, (seed, letter) => unchecked((seed * 31) + letter)));
        for (var block = 0; block < Blocks && device.Options.SampleKilobytes > 0; block++)
        {
            var content = new byte[device.Options.SampleKilobytes * 1024 / Blocks];
            for (var at = 0; at < content.Length; at++)
            {
                content[at] = (byte)('A' + random.Next(Alphabet));
            }

            device.Items.Set($"config/blocks/block-{block}.bin", content, ItemKind.Configuration, RetainLevel.Cold);
        }
    }

    private static void FillRecords(SimulatedDevice device)
    {
        string[] categories = ["alarm", "system", "user-activity", "setpoint", "access"];
        var start = device.Clock.GetUtcNow() - TimeSpan.FromDays(1);
        for (var number = 1; number <= 50; number++)
        {
            var category = categories[number % categories.Length];
            var changes = category == "setpoint";
            device.AddEvent(new SimulatedEvent(
                $"e{number}",
                start + TimeSpan.FromMinutes(number),
                category,
                $"{device.Options.Id}/controller",
                category is "user-activity" or "setpoint" or "access" ? "operator" : null,
                $"event {number}",
                changes ? "21.0" : null,
                changes ? "21.5" : null));
        }

        device.AddTrend(new SimulatedTrend(
            "supply",
            "Supply temperature",
            "°C",
            Extended: true,
            [.. Enumerable.Range(1, 96).Select(number => new SimulatedTrendRecord(
                number, start + TimeSpan.FromMinutes(15 * number), 20 + (number % 10 / 10.0), "ok"))]));
        if (device.Options.Type == DeviceTypes.BuildingServer)
        {
            device.AddChild(new SimulatedChild($"{device.Options.Id}-ahu", "Air handling unit", "bacnet", "bacnet://127.0.0.1:47808/1001"));
        }
    }

    private static string Lines(int count, Func<int, string> line) =>
        string.Concat(Enumerable.Range(1, count).Select(number => line(number) + "\n"));
}
