using System.Text;

namespace EdgeBackup.Bench;

/// <summary>Files of this machine, chosen by a hash of their paths until there are 1.5 GB: programs, libraries, texts, pictures, archives.</summary>
internal static class MixedCorpus
{
    private const string Source = "/usr";
    private const long Target = 1_500_000_000;
    private const long LargestFile = 100_000_000;

    public static int Make(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        var files = Directory.EnumerateFiles(Source, "*", options)
            .Select(path => (Hash: Hash(path), Path: path))
            .OrderBy(file => file.Hash)
            .ThenBy(file => file.Path, StringComparer.Ordinal);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "edge-device.json"), """{"id":"mixed","name":"Mixed","type":"folder"}""");
        var total = 0L;
        foreach (var (_, path) in files)
        {
            var length = new FileInfo(path).Length;
            if (length > LargestFile)
            {
                continue;
            }

            var copy = Path.Combine(folder, Path.GetRelativePath(Source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
            total += length;
            if (total >= Target)
            {
                break;
            }
        }

        // A file that has just changed is read again the next time, by everybody; this is about files that rest.
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        return 0;
    }

    private static ulong Hash(string path)
    {
        // FNV-1a, 64 bits: Fowler, Noll and Vo.
        var hash = 14695981039346656037UL;
        foreach (var one in Encoding.UTF8.GetBytes(path))
        {
            hash = unchecked((hash ^ one) * 1099511628211UL);
        }

        return hash;
    }
}
