using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Archives;

/// <summary>Writes manifests and reads them, believing nothing: whoever signed one may have been anybody.</summary>
internal static partial class ManifestCodec
{
    /// <summary>Relative names of what every archive has besides its records.</summary>
    public const string ManifestName = "manifest.json";

    /// <inheritdoc cref="ManifestName"/>
    public const string SignatureName = "manifest.sig";

    /// <summary>The largest manifest that is read, in bytes: some hundred thousand trend logs.</summary>
    public const int LargestManifest = 256 * 1024 * 1024;

    private static readonly ManifestJson Json = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        NewLine = "\n",
        AllowDuplicateProperties = false,

        // For people and other programs: letters as they are, and '+' in the key.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { Words<ArchiveContent>(), Words<ArchiveFormat>(), Words<ArchiveKind>() },
    });

    public static byte[] Serialize(ArchiveManifest manifest) => JsonSerializer.SerializeToUtf8Bytes(manifest, Json.ArchiveManifest);

    /// <summary>Reads a manifest; the signature is checked elsewhere.</summary>
    /// <exception cref="FormatException">It is none, with what is wrong as the end of a sentence.</exception>
    public static ArchiveManifest Parse(ReadOnlySpan<byte> json)
    {
        ArchiveManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(json, Json.ArchiveManifest) ?? throw new FormatException("it is empty");
        }
        catch (JsonException exception)
        {
            throw new FormatException("it is no manifest of an archive", exception);
        }

        if (FindFault(manifest) is { } fault)
        {
            throw new FormatException(fault);
        }

        return manifest;
    }

    /// <summary>Whether a file is called as an archive's files are; nothing else is ever opened.</summary>
    public static bool IsFilePath(string path, ArchiveContent content, ArchiveFormat format)
    {
        var extension = ArchiveNames.Extension(format);
        return content == ArchiveContent.Event ? path == $"events{extension}" : TrendPath().IsMatch(path) && path.EndsWith(extension, StringComparison.Ordinal);
    }

    private static string? FindFault(ArchiveManifest manifest)
    {
        if (manifest.Format != ArchiveManifest.CurrentFormat)
        {
            return $"its format is {manifest.Format}, and this version of EdgeBackup reads {ArchiveManifest.CurrentFormat}. Update EdgeBackup on this machine";
        }

        if (manifest.Device is null or "" || manifest.Files is null || manifest.Gaps is null || manifest.Expired is null || manifest.PublicKey is null || manifest.Number < 1)
        {
            return "it lacks what a manifest says";
        }

        if (manifest.Device.Any(char.IsControl) || manifest.Selection is { Categories: null } || manifest.Previous is { } previous && !IsWhole(previous)
            || manifest.Expired.Any(link => !IsWhole(link)) || manifest.Gaps.Any(gap => gap?.Reason is null))
        {
            return "what it says cannot be";
        }

        var paths = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in manifest.Files)
        {
            if (file?.Path is null || file.Sha256 is null || !IsFilePath(file.Path, file.Content, manifest.FileFormat) || !paths.Add(file.Path))
            {
                return $"it names a file '{file?.Path}', as no archive has it";
            }

            if (file.Records < 0 || file.Length < 0 || (file.Content == ArchiveContent.Trend) == (file.Trend is null))
            {
                return $"what it says of '{file.Path}' cannot be";
            }
        }

        return null;
    }

    private static bool IsWhole(ArchiveLink? link) => link is { Folder: not null, Manifest: not null };

    private static JsonStringEnumConverter<T> Words<T>()
        where T : struct, Enum => new(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

    [GeneratedRegex(@"\Atrends/[\p{L}\p{N}_-][\p{L}\p{N}_.-]{0,199}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TrendPath();
}

[JsonSerializable(typeof(ArchiveManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
