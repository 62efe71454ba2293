using System.Security.Cryptography;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Archives.Reading;

/// <summary>An archive in a folder, as far as its manifest tells.</summary>
public sealed partial class ArchiveFolder
{
    private ArchiveFolder(string path, ArchiveManifest manifest, string digest, string? signatureFault)
    {
        Path = path;
        Manifest = manifest;
        Digest = digest;
        SignatureFault = signatureFault;
        Fingerprint = ArchiveSignature.FingerprintOf(manifest.PublicKey);
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    public ArchiveManifest Manifest { get; }

    /// <summary>SHA-256 of the manifest's bytes, lower-case hex.</summary>
    public string Digest { get; }

    /// <summary>Of the key that signed it; whose key that is, the archive cannot prove.</summary>
    public string Fingerprint { get; }

    /// <summary>What is wrong with the signature; null for nothing.</summary>
    public string? SignatureFault { get; }

    /// <summary>Bytes of all files, the manifest's not counted.</summary>
    public long Length => Manifest.Files.Sum(file => file.Length);

    /// <summary>Whether a folder looks like an archive.</summary>
    public static bool IsOne(string path) =>
        File.Exists(System.IO.Path.Combine(path, ManifestCodec.ManifestName)) && File.Exists(System.IO.Path.Combine(path, ManifestCodec.SignatureName));

    /// <summary>Whether a text ends as the names of archives' folders do, with the two times.</summary>
    public static bool IsNameOfOne(string name) => EndOfName().IsMatch(name);

    /// <summary>Whether a folder, or a file in one, is part of an archive, whole or not.</summary>
    public static bool IsPartOfOne(string path)
    {
        path = System.IO.Path.TrimEndingDirectorySeparator(path);
        var folder = Directory.Exists(path) ? path : File.Exists(path) ? System.IO.Path.GetDirectoryName(path)! : null;
        if (folder is not null && System.IO.Path.GetFileName(folder) == ArchiveNames.TrendFolder)
        {
            folder = System.IO.Path.GetDirectoryName(folder);
        }

        return folder is not null && File.Exists(System.IO.Path.Combine(folder, ManifestCodec.SignatureName));
    }

    /// <summary>The refusal to bring anything back from an archive; null where the path is none.</summary>
    /// <param name="path">What somebody gave as a backup; absolute.</param>
    public static EdgeBackupException? FindRefusal(string path) => IsPartOfOne(path)
        ? new EdgeBackupException(
            ErrorIds.ArchiveNotRestorable,
            $"'{path}' is an archive: history written out for people and auditors, which no device takes back. Read it with Get-EdgeArchiveRecord. To bring a device back, restore one of its backups: Get-EdgeBackup lists them.",
            path)
        : null;

    /// <summary>The folders that a path means: itself, or the archives in it, in the order of their names.</summary>
    /// <param name="path">An archive's folder, or one of many; absolute.</param>
    /// <exception cref="EdgeBackupException">ArchiveNotFound.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new EdgeBackupException(ErrorIds.ArchiveNotFound, $"There is no folder '{path}'. Give an archive's folder, or the folder of several.", path);
        }

        return IsMeant(path)
            ? [path]
            : [.. Directory.EnumerateDirectories(path).Where(folder => !System.IO.Path.GetFileName(folder).StartsWith('.') && IsMeant(folder)).Order(StringComparer.Ordinal)];

        // One that has lost its manifest or its signature is one all the same.
        static bool IsMeant(string folder) =>
            File.Exists(System.IO.Path.Combine(folder, ManifestCodec.ManifestName)) || File.Exists(System.IO.Path.Combine(folder, ManifestCodec.SignatureName));
    }

    /// <summary>Reads an archive's manifest and checks its signature.</summary>
    /// <param name="path">The archive's folder, absolute.</param>
    /// <exception cref="EdgeBackupException">ArchiveDamaged: the manifest is missing or cannot be read. ArchiveNotFound.</exception>
    public static ArchiveFolder Open(string path)
    {
        var file = System.IO.Path.Combine(path, ManifestCodec.ManifestName);
        if (!File.Exists(file))
        {
            throw IsPartOfOne(path)
                ? Damaged(path, $"its {ManifestCodec.ManifestName} is missing")
                : new EdgeBackupException(ErrorIds.ArchiveNotFound, $"'{path}' is no archive: it has no {ManifestCodec.ManifestName}. Give an archive's folder, or the folder of several.", path);
        }

        try
        {
            if (new FileInfo(file).Length > ManifestCodec.LargestManifest)
            {
                throw Damaged(path, $"its {ManifestCodec.ManifestName} is too large to be one");
            }

            var bytes = File.ReadAllBytes(file);
            var manifest = ManifestCodec.Parse(bytes);
            return new ArchiveFolder(path, manifest, Convert.ToHexStringLower(SHA256.HashData(bytes)), FindSignatureFault(path, manifest, bytes));
        }
        catch (FormatException exception)
        {
            throw Damaged(path, $"its {ManifestCodec.ManifestName} cannot be read: {exception.Message}", exception);
        }
        catch (CryptographicException exception)
        {
            throw Damaged(path, $"the key in its {ManifestCodec.ManifestName} is none of an archive", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Damaged(path, $"its {ManifestCodec.ManifestName} cannot be read: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    /// <summary>Where a file of the archive is.</summary>
    public string PathOf(ArchiveFile file) => System.IO.Path.Combine(Path, file.Path.Replace('/', System.IO.Path.DirectorySeparatorChar));

    internal static EdgeBackupException Damaged(string path, string what, Exception? inner = null) =>
        new(ErrorIds.ArchiveDamaged, $"The archive '{path}' is damaged: {what}. Bring it back from a copy; Test-EdgeArchive tells what else is wrong.", path, inner);

    [GeneratedRegex(@"_\d{8}T\d{6}Z_\d{8}T\d{6}Z(-\d+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex EndOfName();

    private static string? FindSignatureFault(string path, ArchiveManifest manifest, byte[] bytes)
    {
        const int longestSignature = 256;
        var file = new FileInfo(System.IO.Path.Combine(path, ManifestCodec.SignatureName));
        return !file.Exists ? $"{ManifestCodec.SignatureName} is missing"
            : file.Length <= longestSignature && ArchiveSignature.IsRight(manifest.PublicKey, bytes, File.ReadAllBytes(file.FullName)) ? null
            : $"the signature in {ManifestCodec.SignatureName} is not that of {ManifestCodec.ManifestName}: one of them was altered";
    }
}
