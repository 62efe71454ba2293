using EdgeBackup.Core.Tests.Reader;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Types;

/// <summary>Device types to read: good ones, ones that reader and schema refuse, and ones that only the reader can refuse.</summary>
internal static class TypeFiles
{
    public static string Folder { get; } = Path.Combine(SourceTree.Root, "tests", "EdgeBackup.Core.Tests", "Devices", "Types", "Files");

    public static TheoryData<string> In(params string[] folders)
    {
        var names = new TheoryData<string>();
        foreach (var folder in folders)
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, folder), "*.json").Order(StringComparer.Ordinal))
            {
                names.Add($"{folder}/{Path.GetFileName(file)}");
            }
        }

        return names;
    }

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder, name));
}
