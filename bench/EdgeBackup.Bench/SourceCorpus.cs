using System.Globalization;
using System.Text;

namespace EdgeBackup.Bench;

/// <summary>A source tree made from a seed, and its following versions.</summary>
internal static class SourceCorpus
{
    private const int Seed = 4711;
    private const int Files = 2500;

    private static readonly string[] Words =
    [
        "index", "value", "buffer", "length", "offset", "result", "count", "state", "handler", "request", "response", "stream", "cache", "entry",
        "parse", "write", "read", "open", "close", "check", "update", "device", "record", "policy", "session", "token", "error", "reason",
    ];

    private static readonly string[] Forms =
    [
        "    if ({0} < {1}.{2}) return {3};", "    var {0} = {1}.{2}({3});", "    {0}.{1}({2}, {3});", "    for (int {0} = 0; {0} < {1}; {0}++) {2} += {3};",
        "    // The {0} of the {1} must be known before {2} can {3}.", "}}", "", "public int {0}({1} {2}, {3} {0}2) {{", "    while ({0} != {1}) {2} = {3};",
    ];

    public static int Make(string folder, int version)
    {
        if (version > 0)
        {
            Change(folder, new Random(Seed + version), version);
            return 0;
        }

        var random = new Random(Seed);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "edge-device.json"), """{"id":"source","name":"Source","type":"folder"}""");
        for (var file = 0; file < Files; file++)
        {
            Write(Path.Combine(folder, $"part{file % 50:00}", $"{Words[random.Next(Words.Length)]}{file:0000}.cs"), Lines(random, random.Next(20, 900)));
        }

        return 0;
    }

    private static void Change(string folder, Random random, int version)
    {
        var files = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);
        Array.Sort(files, StringComparer.Ordinal);
        foreach (var file in files)
        {
            switch (random.Next(400))
            {
                case < 20:
                    var lines = File.ReadAllLines(file).ToList();
                    for (var edit = random.Next(1, 6); edit > 0 && lines.Count > 0; edit--)
                    {
                        var at = random.Next(lines.Count);
                        lines.RemoveRange(at, Math.Min(random.Next(3), lines.Count - at));
                        lines.InsertRange(at, Lines(random, random.Next(1, 8)));
                    }

                    Write(file, lines);
                    break;
                case 20:
                    File.Move(file, file + ".renamed.cs");
                    break;
                case 21:
                    Write(Path.Combine(Path.GetDirectoryName(file)!, $"added{version}-{Path.GetFileName(file)}"), Lines(random, random.Next(20, 900)));
                    break;
            }
        }
    }

    private static IEnumerable<string> Lines(Random random, int count)
    {
        string Word() => Words[random.Next(Words.Length)] + (random.Next(3) == 0 ? random.Next(1000).ToString(CultureInfo.InvariantCulture) : "");
        for (var line = 0; line < count; line++)
        {
            yield return string.Format(CultureInfo.InvariantCulture, Forms[random.Next(Forms.Length)], Word(), Word(), Word(), Word());
        }
    }

    private static void Write(string path, IEnumerable<string> lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, string.Join('\n', lines), Encoding.UTF8);
    }
}
