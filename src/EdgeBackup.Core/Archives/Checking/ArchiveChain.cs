using EdgeBackup.Core.Archives.Reading;

namespace EdgeBackup.Core.Archives.Checking;

/// <summary>
/// Holds the archives of a folder against each other: each names the one before it by the digest of its manifest, so that
/// a missing, swapped or forged one is noticed.
/// </summary>
/// <param name="archives">All archives of one folder whose manifests can be read.</param>
/// <param name="isElsewhere">Whether an archive is known to stand in another folder; null where nobody knows.</param>
public sealed class ArchiveChain(IReadOnlyList<ArchiveFolder> archives, Func<ArchiveLink, ArchiveFolder, bool>? isElsewhere)
{
    private readonly ILookup<string, ArchiveFolder> byDigest = archives.ToLookup(archive => archive.Digest, StringComparer.Ordinal);

    private readonly HashSet<(string Device, string Key, string Digest)> expired =
        [.. archives.Where(archive => archive.SignatureFault is null).SelectMany(archive => archive.Manifest.Expired.Select(link => (archive.Manifest.Device, archive.Fingerprint, link.Manifest)))];

    /// <summary>What is wrong with an archive's place in the chain.</summary>
    public IEnumerable<ArchiveDamage> Check(ArchiveFolder archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        if (byDigest[archive.Digest].FirstOrDefault(other => string.CompareOrdinal(other.Path, archive.Path) < 0) is { } twin)
        {
            yield return new ArchiveDamage(null, $"it is there twice: '{Path.GetFileName(twin.Path)}' is the same archive");
        }

        var manifest = archive.Manifest;
        if (archives.FirstOrDefault(other => IsOfSameChain(other, archive) && other.Digest != archive.Digest && other.Manifest.Number == manifest.Number) is { } rival)
        {
            yield return new ArchiveDamage(null, $"'{Path.GetFileName(rival.Path)}' has the same number, {manifest.Number}: the repository was taken back to an older state in between, a copy of it went on beside it, or one of them is forged");
        }

        if (manifest.Previous is not { } previous)
        {
            if (manifest.Number != 1)
            {
                yield return new ArchiveDamage(null, $"it is number {manifest.Number} and names none before it");
            }

            yield break;
        }

        if (byDigest[previous.Manifest].FirstOrDefault() is { } before)
        {
            if (!IsOfSameChain(before, archive) || before.Manifest.Number != previous.Number || previous.Number != manifest.Number - 1)
            {
                yield return new ArchiveDamage(null, $"the archive before it, '{Path.GetFileName(before.Path)}', is of another device or another key, or has another number");
            }
        }
        else if (!expired.Contains((manifest.Device, archive.Fingerprint, previous.Manifest)) && isElsewhere?.Invoke(previous, archive) != true)
        {
            var there = archives.FirstOrDefault(other => IsOfSameChain(other, archive) && other.Manifest.Number == previous.Number);
            yield return new ArchiveDamage(
                null,
                there is null
                    ? $"the archive before it is missing: number {previous.Number}, '{previous.Folder}'"
                    : $"the archive before it, '{Path.GetFileName(there.Path)}', is not the one that it follows: it was altered or exchanged");
        }
    }

    /// <summary>Whether a later archive says that this one was removed because it was old enough.</summary>
    public bool IsExpired(ArchiveFolder archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        return expired.Contains((archive.Manifest.Device, archive.Fingerprint, archive.Digest));
    }

    // A copy of a repository has another id and the same key, and goes on where the other ended.
    private static bool IsOfSameChain(ArchiveFolder first, ArchiveFolder second) =>
        first.Manifest.Device == second.Manifest.Device && first.Fingerprint == second.Fingerprint;
}
