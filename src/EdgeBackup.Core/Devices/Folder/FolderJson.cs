using System.Text.Json;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>Reads the two JSON files that make a folder a device.</summary>
internal static class FolderJson
{
    /// <summary>Far above any real one; keeps a mistaken file out of memory.</summary>
    public const int LengthLimit = 4 * 1024 * 1024;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <summary>Reads and parses a file.</summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="JsonException">It is not JSON, too long, or no plain file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static async Task<JsonDocument?> ReadAsync(string path, IPlatform platform, CancellationToken cancellationToken)
    {
        if (platform.Stat(path) is not { } entry)
        {
            return null;
        }

        if (entry.Type != FileEntryType.File)
        {
            throw new JsonException("it is not a plain file (links are not followed)");
        }

        if (entry.Length > LengthLimit)
        {
            throw new JsonException($"it is longer than {LengthLimit} bytes");
        }

        byte[] bytes;
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await using (stream.ConfigureAwait(false))
            {
                using var memory = new MemoryStream();
                await stream.CopyToAsync(memory, cancellationToken).ConfigureAwait(false);
                bytes = memory.ToArray();
            }
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        return Parse(bytes);
    }

    /// <summary>Parses a file's bytes.</summary>
    /// <exception cref="JsonException">They are not JSON.</exception>
    public static JsonDocument Parse(byte[] bytes)
    {
        // Editors on Windows write a byte order mark, which JSON does not know.
        var start = bytes.AsSpan().StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        return JsonDocument.Parse(bytes.AsMemory(start));
    }
}
