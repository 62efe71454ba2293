namespace EdgeBackup.Core.Archives.Reading;

/// <summary>
/// Which files of extracts repeat what archives of runs at hand hold, so that each record is given once and none is kept
/// back: an extract may hold what no run at hand has, being newer than the last of them, of another content, from before
/// the oldest that is left, or from before a buffer overflowed.
/// </summary>
public sealed class ArchiveCover
{
    private readonly ILookup<string, ArchiveFolder> byDevice;

    /// <param name="archives">All that are at hand.</param>
    public ArchiveCover(IEnumerable<ArchiveFolder> archives) =>
        byDevice = archives.Where(archive => archive.SignatureFault is null).ToLookup(archive => $"{archive.Manifest.Device}\n{archive.Fingerprint}", StringComparer.Ordinal);

    /// <summary>The files of an extract whose records are all in runs at hand.</summary>
    /// <param name="archive">Of a run nothing is.</param>
    /// <param name="overlapping">How many of its other files may hold records that are in runs too.</param>
    public IReadOnlySet<string> FindRepeated(ArchiveFolder archive, out int overlapping)
    {
        ArgumentNullException.ThrowIfNull(archive);
        var repeated = new HashSet<string>(StringComparer.Ordinal);
        overlapping = 0;
        if (archive.Manifest.Kind == ArchiveKind.Run)
        {
            return repeated;
        }

        var others = byDevice[$"{archive.Manifest.Device}\n{archive.Fingerprint}"].ToList();
        foreach (var file in archive.Manifest.Files.Where(file => file is { Records: > 0, From: not null, To: not null }))
        {
            var runs = others.Where(other => other.Manifest.Kind == ArchiveKind.Run && IsAmong(other, file)).ToList();
            if (runs.Count == 0)
            {
                continue;
            }

            if (IsWhole(runs, others, file))
            {
                repeated.Add(file.Path);
            }
            else
            {
                overlapping++;
            }
        }

        return repeated;
    }

    private static bool IsSame(ArchiveFile first, ArchiveFile second) => first.Content == second.Content && first.Trend == second.Trend;

    private static bool IsAmong(ArchiveFolder run, ArchiveFile file) =>
        run.Manifest.Files.Any(own => own.Records > 0 && IsSame(own, file) && own.From <= file.To && own.To >= file.From);

    private static bool IsWhole(List<ArchiveFolder> runs, List<ArchiveFolder> others, ArchiveFile file)
    {
        var files = runs.SelectMany(run => run.Manifest.Files).Where(own => IsSame(own, file)).ToList();
        var (first, last) = (runs.Min(run => run.Manifest.Number), runs.Max(run => run.Manifest.Number));
        return files.Min(own => own.From) <= file.From
            && files.Max(own => own.To) >= file.To
            && others.Where(other => other.Manifest.Number >= first && other.Manifest.Number <= last).Select(other => other.Manifest.Number).Distinct().LongCount() == last - first + 1
            && !runs.Exists(run => run.Manifest.Gaps.Any(gap => gap.Content == file.Content && gap.Trend == file.Trend));
    }
}
