using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Damage;

/// <summary>
/// Whatever happens to the bytes of an object, verification names the object and exactly the items that suffer, every
/// other byte is still read, and nothing ends in anything but right bytes or a clear error.
/// </summary>
public sealed class DamageTrialTests
{
    private static readonly VerifyOptions Deep = new(ReadData: true);
    private static readonly VerifyOptions Shallow = new(ReadData: false);
    private static readonly Mishap[] Mishaps = Enum.GetValues<Mishap>();

    [Fact]
    public async Task Each_kind_of_damage_to_each_object_is_found_with_exactly_what_suffers()
    {
        using var folder = new TemporaryFolder();
        var known = await MakeAsync(folder.Path);
        var tally = new Tally { What = "each kind of damage to each object" };
        using var report = Soak.ReportAtEnd(tally);
        var vandal = new Vandal(folder.Path, new Random(Soak.Seed));
        foreach (var name in vandal.Objects)
        {
            foreach (var mishap in Mishaps)
            {
                await TryAsync(folder.Path, vandal, mishap, name, known, tally);
            }
        }
    }

    [Fact]
    public async Task Bytes_that_are_changed_at_random_are_found_each_time()
    {
        using var folder = new TemporaryFolder();
        var known = await MakeAsync(folder.Path);
        var tally = new Tally { What = "bytes on disk changed at random" };
        using var report = Soak.ReportAtEnd(tally);
        var random = new Random(Soak.Seed);
        var vandal = new Vandal(folder.Path, random);
        for (var trial = 0; trial < Soak.Count(everyBuild: 150, soak: 10_000); trial++)
        {
            // By size, as a disk's bad sectors would fall, every other time; else each object as often as the others.
            var name = trial % 2 == 0 ? vandal.Objects[random.Next(vandal.Objects.Count)] : PickBySize(folder.Path, vandal.Objects, random);
            await TryAsync(folder.Path, vandal, Mishaps[random.Next((int)Mishap.Truncated + 1)], name, known, tally);
        }
    }

    [Fact]
    public async Task A_chunk_that_two_writers_brought_at_once_is_read_from_either_pack()
    {
        var store = new MemoryObjectStore();
        await using var first = await Bench.CreateAsync(store);
        await using var second = await Bench.OpenAsync(store);
        var files = new Dictionary<string, byte[]> { ["shared"] = Bench.RandomBytes(1, 30_000) };
        var known = new List<KnownBackup>();
        await using (var one = await first.BeginWriteAsync(default))
        await using (var other = await second.BeginWriteAsync(default))
        {
            foreach (var (session, device) in new[] { (one, "a"), (other, "b") })
            {
                var record = await Bench.BackUpAsync(session, device, new Dictionary<string, byte[]>(files) { [device] = Bench.RandomBytes(device[0], 1_000) });
                known.Add(new KnownBackup(record, first.BackupObjectName(device, record.Id), new Dictionary<string, byte[]>(files) { [device] = Bench.RandomBytes(device[0], 1_000) }));
            }
        }

        var packs = store.Objects.Where(entry => entry.Key.StartsWith("packs/", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, packs.Count);
        foreach (var pack in packs)
        {
            // Wherever the large chunk is, the middle of the pack is in it.
            pack.Value[pack.Value.Length / 2] ^= 1;
            await using (var reader = await Bench.OpenAsync(store))
            {
                Assert.DoesNotContain((await reader.VerifyAsync(Deep, progress: null, default)).Damage, damage => damage.Backup is not null);
                await BackupCheck.AllAreIntactAsync(reader, known, new Tally { What = "" }, "one of two copies is damaged");
            }

            pack.Value[pack.Value.Length / 2] ^= 1;
        }
    }

    private static async Task<List<KnownBackup>> MakeAsync(string folder)
    {
        using var store = new FileObjectStore(folder, SystemPlatform.Create());
        return await FilledRepository.MakeAsync(store);
    }

    private static async Task TryAsync(string folder, Vandal vandal, Mishap mishap, string name, List<KnownBackup> known, Tally tally)
    {
        if (mishap == Mishap.Removed && name.StartsWith("marks/", StringComparison.Ordinal))
        {
            // Maintenance takes marks away whenever it is done with them: one that is gone is nothing to tell.
            return;
        }

        // Opened before, so that verification answers also where nobody could open the repository any more.
        using var store = new FileObjectStore(folder, SystemPlatform.Create());
        await using var verifying = await Bench.OpenAsync(store);
        var happened = vandal.Break(mishap, name);
        try
        {
            tally.Trials++;
            tally.Flips++;
            var report = await verifying.VerifyAsync(Deep, progress: null, default);
            if (tally.Trials % 4 == 0)
            {
                await verifying.VerifyAsync(Shallow, progress: null, default);
            }

            foreach (var broken in happened.Objects.Where(broken => !report.Damage.Any(damage => Names(damage, broken))))
            {
                tally.Lost++;
                Assert.Fail($"seed {Soak.Seed}, {happened.Description}: verification did not name {broken}");
            }

            foreach (var damage in report.Damage.Where(damage => !happened.Objects.Any(broken => Names(damage, broken))))
            {
                tally.WronglyRefused++;
                Assert.Fail($"seed {Soak.Seed}, {happened.Description}: verification blames {damage}");
            }

            var failed = await ReadEverythingAsync(folder, known, happened, tally);
            if (failed is null)
            {
                return;
            }

            var told = report.Damage.Where(damage => damage.Backup is not null).Select(damage => (damage.Backup!, damage.Path ?? "")).Distinct().Order().ToList();
            var stray = happened.Objects.Where(broken => mishap == Mishap.Duplicated && broken.StartsWith("backups/", StringComparison.Ordinal)).Select(broken => (broken.Split('/')[^1], ""));
            Assert.True(
                failed.Concat(stray).Order().SequenceEqual(told),
                $"seed {Soak.Seed}, {happened.Description}: verification told {Show(told)}, and what cannot be read is {Show(failed)}");
            Assert.All(report.Damage.Where(damage => damage.Backup is not null), damage => Assert.NotNull(damage.Device));
        }
        finally
        {
            happened.Undo();
        }
    }

    /// <returns>What cannot be read, by backup and path; null when the repository cannot be opened.</returns>
    private static async Task<List<(string Backup, string Path)>?> ReadEverythingAsync(string folder, List<KnownBackup> known, Happened happened, Tally tally)
    {
        using var store = new FileObjectStore(folder, SystemPlatform.Create());
        EdgeRepository repository;
        try
        {
            await EdgeRepository.PeekAsync(store, default);
            repository = await Bench.OpenAsync(store);
        }
        catch (EdgeBackupException exception)
        {
            // Nothing but what opens a repository may keep it from being opened.
            Assert.True(
                happened.Objects.Any(broken => broken == "repository.json" || broken.StartsWith("keys/", StringComparison.Ordinal)),
                $"seed {Soak.Seed}, {happened.Description}: {exception.Message}");
            return null;
        }

        await using (repository)
        {
            var failed = new List<(string, string)>();
            foreach (var backup in known)
            {
                tally.Checked++;
                failed.AddRange((await BackupCheck.FindFailuresAsync(repository, backup)).Select(path => (backup.Record.Id, path)));
            }

            foreach (var area in Enum.GetValues<RecordArea>())
            {
                await foreach (var record in repository.ListAsync(area, subject: null, default))
                {
                    var error = await Record.ExceptionAsync(() => repository.ReadAsync(record, default));
                    Assert.True(
                        error is null || (error is EdgeBackupException { ErrorId: ErrorIds.RepositoryDamaged } && happened.Objects.Contains(record)),
                        $"seed {Soak.Seed}, {happened.Description}: reading {record} ended in {error}");
                }
            }

            return failed;
        }
    }

    /// <summary>An index object that is gone is known by the packs that it named.</summary>
    private static bool Names(Core.Repository.Damage damage, string name) =>
        damage.Object == name || (name.StartsWith("index/", StringComparison.Ordinal) && damage.Object == "index");

    private static string PickBySize(string folder, List<string> names, Random random)
    {
        var sizes = names.ConvertAll(name => new FileInfo(Path.Combine(folder, name)).Length);
        var position = random.NextInt64(sizes.Sum());
        var index = 0;
        while (position >= sizes[index])
        {
            position -= sizes[index++];
        }

        return names[index];
    }

    private static string Show(IEnumerable<(string Backup, string Path)> rows) => $"[{string.Join(", ", rows.Select(row => $"{row.Backup}:{row.Path}"))}]";
}
