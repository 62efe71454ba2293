using System.IO.Enumeration;
using EdgeBackup.Core.Archives.Reading;

namespace EdgeBackup.Core.Archives.Checking;

/// <summary>What is wrong with an archive.</summary>
/// <param name="Path">The file in it, with '/'; null for the archive as a whole.</param>
/// <param name="Reason">What.</param>
public sealed record ArchiveDamage(string? Path, string Reason);

/// <summary>Holds an archive's files against its manifest.</summary>
public static class ArchiveCheck
{
    /// <summary>Reads every byte.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="onBytes">Is told how many bytes were read, now and then; null for nobody.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static IEnumerable<ArchiveDamage> Run(ArchiveFolder archive, Action<long>? onBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(archive);
        if (archive.SignatureFault is { } fault)
        {
            yield return new ArchiveDamage(ManifestCodec.SignatureName, fault);
        }

        foreach (var file in archive.Manifest.Files)
        {
            if (FindFault(archive, file, cancellationToken) is { } found)
            {
                yield return new ArchiveDamage(file.Path, found);
            }

            onBytes?.Invoke(file.Length);
        }

        foreach (var extra in FindExtras(archive))
        {
            yield return new ArchiveDamage(extra, "it does not belong to the archive");
        }
    }

    private static string? FindFault(ArchiveFolder archive, ArchiveFile file, CancellationToken cancellationToken)
    {
        try
        {
            using var input = new HashedInput(archive.PathOf(file), file);
            input.ReadToEnd(cancellationToken);
            return input.Fault;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return "it is missing";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be read: {exception.Message.TrimEnd('.')}";
        }
    }

    private static List<string> FindExtras(ArchiveFolder archive)
    {
        var known = archive.Manifest.Files.Select(file => file.Path).Append(ManifestCodec.ManifestName).Append(ManifestCodec.SignatureName).ToHashSet(StringComparer.Ordinal);
        var entries = new FileSystemEnumerable<(string Path, bool IsFolder)>(
            archive.Path,
            (ref FileSystemEntry entry) => (entry.ToFullPath(), IsFolder(ref entry)),
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
        {
            // A link may lead back to where it stands.
            ShouldRecursePredicate = IsFolder,
        };
        return entries
            .Select(entry => (Path: Path.GetRelativePath(archive.Path, entry.Path).Replace(Path.DirectorySeparatorChar, '/'), entry.IsFolder))
            .Where(entry => !known.Contains(entry.Path) && !(entry.IsFolder && entry.Path == ArchiveNames.TrendFolder))
            .Select(entry => entry.Path)
            .Order(StringComparer.Ordinal)
            .ToList();

        static bool IsFolder(ref FileSystemEntry entry) => entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
    }
}
