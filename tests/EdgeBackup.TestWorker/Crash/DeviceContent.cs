using System.Globalization;
using System.Text;

namespace EdgeBackup.TestWorker.Crash;

/// <summary>What a device holds in each of its generations: the same for the worker that saves it and the test that looks.</summary>
public static class DeviceContent
{
    /// <summary>The item that tells the generation.</summary>
    public const string GenerationPath = "generation.txt";

    /// <summary>Files by their paths.</summary>
    public static SortedDictionary<string, byte[]> Make(string device, int generation)
    {
        var seed = device.Sum(character => character);
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["constant.bin"] = RandomBytes(seed, 30_000),
            ["edge-device.json"] = Encoding.UTF8.GetBytes($$"""{"id":"{{device}}","type":"kiosk","version":"1.0"}"""),
            [GenerationPath] = Encoding.ASCII.GetBytes(generation.ToString(CultureInfo.InvariantCulture)),
            ["logs/trend.log"] = [.. Enumerable.Range(0, 20 + (generation % 50)).SelectMany(line => Encoding.ASCII.GetBytes($"{device} {line:d6} {line * 17}\n"))],
        };
        for (var part = 0; part < 4; part++)
        {
            files[$"state/{part}.bin"] = RandomBytes((1000 * generation) + (10 * seed) + part, 12_000);
        }

        return files;
    }

    /// <summary>Makes a folder hold exactly a generation.</summary>
    public static void Write(string folder, string device, int generation)
    {
        var files = Make(device, generation);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (!files.ContainsKey(Path.GetRelativePath(folder, file).Replace('\\', '/')))
            {
                File.Delete(file);
            }
        }

        foreach (var (path, content) in files)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content);
        }
    }

    private static byte[] RandomBytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
