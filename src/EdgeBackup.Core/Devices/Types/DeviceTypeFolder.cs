using EdgeBackup.Core.Devices.Types.Reading;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>A file in the folder of types that is not used.</summary>
/// <param name="File">Its path.</param>
/// <param name="Problem">Why, with the place in the file.</param>
public sealed record DeviceTypeFileFault(string File, DeviceTypeProblem Problem);

/// <summary>The types that a user has dropped into a folder: every <c>*.json</c> in it is one.</summary>
public static class DeviceTypeFolder
{
    /// <summary>Reads the folder; one file that is wrong does not keep the others from being used.</summary>
    /// <param name="folder">Absolute; it need not exist.</param>
    public static (IReadOnlyList<DeviceTypeEntry> Types, IReadOnlyList<DeviceTypeFileFault> Faults) Read(string folder)
    {
        var types = new Dictionary<string, DeviceTypeEntry>(StringComparer.Ordinal);
        var faults = new List<DeviceTypeFileFault>();
        if (!Directory.Exists(folder))
        {
            return ([], []);
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            try
            {
                var json = ReadFile(file);
                var reading = DeviceTypeReader.Read(json);
                var fault = reading.Type is null ? reading.Problems[0]
                    : DeviceTypeCatalog.IsBuiltIn(reading.Type.Id) ? new DeviceTypeProblem(1, 1, "id", $"'{reading.Type.Id}' is shipped with EdgeBackup; give your type an id of its own")
                    : types.TryGetValue(reading.Type.Id, out var other) ? new DeviceTypeProblem(1, 1, "id", $"'{reading.Type.Id}' is the id of the type in {other.Location} too")
                    : null;
                if (fault is null)
                {
                    types.Add(reading.Type!.Id, new DeviceTypeEntry(reading.Type, DeviceTypeSource.Folder, file, json));
                }
                else
                {
                    faults.Add(new DeviceTypeFileFault(file, fault));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                faults.Add(new DeviceTypeFileFault(file, new DeviceTypeProblem(1, 1, "", $"the file cannot be read: {exception.Message.TrimEnd('.')}")));
            }
        }

        return ([.. types.Values], faults);
    }

    /// <summary>A file's bytes; of one that is too long for a type only so many that the reader says so.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadFile(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var json = new byte[Math.Min(stream.Length, DeviceTypeReader.SizeLimit + 1)];
        return json[..stream.ReadAtLeast(json, json.Length, throwOnEndOfStream: false)];
    }
}
