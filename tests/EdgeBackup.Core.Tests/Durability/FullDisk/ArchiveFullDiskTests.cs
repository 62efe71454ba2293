using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Archives;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.FullDisk;

/// <summary>
/// The disk is full at one place of an archive run after the other: a page more each time, until the run fits. Each is a
/// clear error, and the run that fits, and the one after it, hold every record once.
/// </summary>
public sealed class ArchiveFullDiskTests
{
    [SmallDiskFact]
    public async Task Archives_that_do_not_fit_leave_nothing_and_the_one_that_fits_is_whole()
    {
        await using var bench = await ArchiveBench.CreateAsync();
        using var disk = SmallDisk.Mount(bench.Parent);
        var pages = 0;
        ArchiveFolder? archive = null;
        for (; archive is null; pages++)
        {
            disk.LeaveFree(pages);
            try
            {
                archive = await bench.ArchiveAsync();
            }
            catch (EdgeBackupException exception)
            {
                Assert.Equal((ErrorIds.ArchiveFailed, bench.Parent), (exception.ErrorId, exception.Target));
                Assert.Contains("Nothing of it was kept", exception.Message, StringComparison.Ordinal);
                Assert.Contains("No space left", exception.Message, StringComparison.Ordinal);
                Assert.Equal(["ballast"], Directory.EnumerateFileSystemEntries(bench.Parent).Select(Path.GetFileName));
                Assert.Equal(pages + 1, (await bench.Operations.EventsAsync("Failed")).Count);
            }
        }

        // The events, the trend records, the manifest and its signature.
        Assert.InRange(pages, 4, 100);
        disk.Clear();
        await CheckAsync(bench, archive.Manifest.Number);
    }

    [SmallDiskFact]
    public async Task A_repository_that_cannot_hold_the_run_has_archived_nothing_or_all()
    {
        await using var bench = await ArchiveBench.CreateAsync();
        var folder = bench.Operations.RepositoryFolder;
        Directory.Move(folder, folder + "-aside");
        Directory.CreateDirectory(folder);
        using var disk = SmallDisk.Mount(folder);
        foreach (var entry in Directory.EnumerateFiles(folder + "-aside", "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(folder + "-aside", entry));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(entry, target);
        }

        await bench.Operations.ReopenAsync();
        var failures = 0;
        var number = 0L;
        for (var pages = 0; number == 0; pages++)
        {
            disk.LeaveFree(pages);
            try
            {
                number = (await bench.ArchiveAsync()).Manifest.Number;
            }
            catch (EdgeBackupException exception)
            {
                failures++;
                Assert.Contains(exception.ErrorId, new[] { ErrorIds.RepositoryNotWritable, ErrorIds.ArchiveFailed });
                Assert.Contains(" full", exception.Message, StringComparison.Ordinal);
                Assert.DoesNotContain(Directory.EnumerateDirectories(bench.Parent), path => Path.GetFileName(path)[0] != '.');
            }
        }

        Assert.InRange(failures, 1, 100);
        disk.Clear();
        await CheckAsync(bench, number);
    }

    /// <summary>One archive has everything, and the next what comes after it.</summary>
    private static async Task CheckAsync(ArchiveBench bench, long number)
    {
        bench.AddEvents(1);
        var next = await bench.ArchiveAsync();
        Assert.Equal((number + 1, 1), (next.Manifest.Number, next.Manifest.Records));
        Assert.Equal(Enumerable.Range(1, 51).Select(each => $"e{each}"), bench.EventIds());
        Assert.Equal(96, bench.Records().Count - 51);
        Assert.Empty(bench.Hidden());
        Assert.Empty(await bench.DamageAsync());
        Assert.True((await bench.Operations.Context.Repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
    }
}
