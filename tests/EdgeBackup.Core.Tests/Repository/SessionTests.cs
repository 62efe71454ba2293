using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class SessionTests
{
    [Fact]
    public async Task Many_backups_at_once_make_few_packs_and_one_index_object()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store, new StillClock());
        await using (var session = await repository.BeginWriteAsync(default))
        {
            // All have begun before the first may end.
            var hold = session.BeginBackup();
            var captures = Enumerable.Range(0, 60)
                .Select(device => Bench.BackUpAsync(session, $"d{device}", Enumerable.Range(0, 5).ToDictionary(file => $"f{file}", file => Bench.RandomBytes((device * 5) + file, 20_000))))
                .ToList();
            await hold.DisposeAsync();
            await Task.WhenAll(captures);
        }

        Assert.InRange(Count(store, "packs/"), 1, 3);
        Assert.InRange(Count(store, "index/"), 1, 3);
        Assert.Equal(60, Count(store, "backups/"));
        Assert.True((await repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);
    }

    [Fact]
    public async Task A_single_backup_does_not_wait_and_one_beside_a_slow_capture_waits_two_seconds_at_most()
    {
        var clock = new StillClock();
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore(), clock);
        await using var session = await repository.BeginWriteAsync(default);
        var files = new Dictionary<string, byte[]> { ["a"] = [1] };
        await Bench.BackUpAsync(session, "a", files);
        await using var slow = session.BeginBackup();
        var beside = Bench.BackUpAsync(session, "b", files);
        await clock.WaitForTimerAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.False(beside.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(2));
        await beside;
    }

    [Fact]
    public async Task A_chunk_that_several_bring_at_once_is_stored_once()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        await using var session = await repository.BeginWriteAsync(default);
        var same = Bench.RandomBytes(5, 3_000_000);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(device => Task.Run(() => Bench.BackUpAsync(session, $"d{device}", new Dictionary<string, byte[]> { ["x"] = same }))));
        Assert.InRange(store.Objects.Values.Sum(content => content.Length), 3_000_000, 3_100_000);
    }

    [Fact]
    public async Task Two_sessions_of_two_processes_write_at_once()
    {
        using var folder = new TemporaryFolder();
        using var store = new FileObjectStore(folder.Combine("r"), Bench.Environment.Platform);
        await using var one = await Bench.CreateAsync(store);
        using var otherStore = new FileObjectStore(folder.Combine("r"), Bench.Environment.Platform);
        await using var other = await Bench.OpenAsync(otherStore);
        var files = Enumerable.Range(0, 20).ToDictionary(file => $"f{file}", file => Bench.RandomBytes(file, 50_000));
        await Task.WhenAll(
            Task.Run(async () =>
            {
                for (var round = 0; round < 5; round++)
                {
                    await Bench.BackUpAsync(one, "a", files);
                }
            }),
            Task.Run(async () =>
            {
                for (var round = 0; round < 5; round++)
                {
                    await Bench.BackUpAsync(other, "a", files);
                }
            }));
        Assert.Equal(10, (await Bench.ListAsync(one.ListBackupsAsync("a", default))).Count);
        Assert.True((await one.VerifyAsync(new VerifyOptions(ReadData: true), null, default)).Healthy);

        // What one has written the other finds.
        await using var session = await one.BeginWriteAsync(default);
        await Bench.BackUpAsync(session, "b", files);
        Assert.Equal(0, session.Statistics.ChunksAdded);
    }

    [Fact]
    public async Task A_store_that_fails_ends_the_session_with_a_clear_error()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var session = await repository.BeginWriteAsync(default);
        store.DieAfter(0);
        var error = await Assert.ThrowsAsync<EdgeBackupException>(() => Bench.BackUpAsync(session, "a", new Dictionary<string, byte[]> { ["a"] = [1] }));
        Assert.Equal(ErrorIds.RepositoryNotWritable, error.ErrorId);
        Assert.Throws<EdgeBackupException>(() => session.BeginBackup());
        await session.DisposeAsync();
    }

    [Fact]
    public async Task Of_a_group_only_the_records_that_were_not_written_fail()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        await using var session = await repository.BeginWriteAsync(default);
        store.Refuses = name => name.StartsWith($"backups/{repository.SubjectFolder("d3")}/", StringComparison.Ordinal);
        var hold = session.BeginBackup();
        var backups = Enumerable.Range(0, 10).Select(device => Bench.BackUpAsync(session, $"d{device}", new Dictionary<string, byte[]> { ["a"] = [(byte)device] })).ToList();
        await hold.DisposeAsync();
        for (var device = 0; device < 10; device++)
        {
            if (device == 3)
            {
                var error = await Assert.ThrowsAsync<EdgeBackupException>(() => backups[3]);
                Assert.Equal(ErrorIds.RepositoryNotWritable, error.ErrorId);
                Assert.Contains("'d3'", error.Message, StringComparison.Ordinal);
            }
            else
            {
                await backups[device];
            }
        }

        Assert.Equal(9, (await Bench.ListAsync(repository.ListBackupsAsync(null, default))).Count);

        // The session goes on.
        store.Refuses = _ => false;
        await Bench.BackUpAsync(session, "d3", new Dictionary<string, byte[]> { ["a"] = [3] });
    }

    [Fact]
    public async Task Records_sort_in_the_order_of_appending_also_when_the_clock_steps_back()
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        await using var repository = await EdgeRepository.OpenAsync(store, Bench.Key, Bench.Environment with { Clock = new SteppingClock() }, default);
        foreach (var area in new[] { RecordArea.Devices, RecordArea.Events })
        {
            var names = new List<string>();
            for (var index = 0; index < 10; index++)
            {
                names.Add(await repository.AppendAsync(area, "s", new[] { (byte)('0' + index) }, default));
            }

            Assert.Equal(names, await Bench.ListAsync(repository.ListAsync(area, "s", default)));
            Assert.Equal("3"u8.ToArray(), await repository.ReadAsync(names[3], default));
            Assert.Equal(names, await Bench.ListAsync(repository.ListAsync(area, null, default)));
        }

        Assert.Empty(await Bench.ListAsync(repository.ListAsync(RecordArea.Policies, null, default)));
        Assert.All(await Bench.ListAsync(repository.ListAsync(RecordArea.Devices, null, default)), name => Assert.StartsWith($"devices/{repository.SubjectFolder("s")}/", name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Events_go_into_folders_of_months_and_appending_one_lists_nothing()
    {
        var store = new MemoryObjectStore();
        await (await Bench.CreateAsync(store)).DisposeAsync();
        var clock = new SetClock { Now = new DateTimeOffset(2026, 1, 31, 23, 59, 59, TimeSpan.Zero) };
        await using var repository = await EdgeRepository.OpenAsync(store, Bench.Key, Bench.Environment with { Clock = clock }, default);
        var listings = store.Listings;
        var january = await repository.AppendAsync(RecordArea.Events, "", "1"u8.ToArray(), default);
        clock.Now += TimeSpan.FromSeconds(1);
        var february = await repository.AppendAsync(RecordArea.Events, "", "2"u8.ToArray(), default);
        Assert.Equal(listings, store.Listings);
        Assert.StartsWith("events/202601/", january, StringComparison.Ordinal);
        Assert.StartsWith("events/202602/", february, StringComparison.Ordinal);
        Assert.Equal([january, february], await Bench.ListAsync(repository.ListAsync(RecordArea.Events, null, default)));

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => repository.AppendAsync(RecordArea.Events, "", "3"u8.ToArray(), default))));
        var names = await Bench.ListAsync(repository.ListAsync(RecordArea.Events, null, default));
        Assert.Equal(202, names.Select(name => name.Split('/')[2][..12]).Distinct().Count());
    }

    [Fact]
    public async Task An_object_name_tells_nothing_of_its_device()
    {
        await using var repository = await Bench.CreateAsync(new MemoryObjectStore());
        Assert.DoesNotContain("..", repository.BackupObjectName("../../etc", new string('a', 24)), StringComparison.Ordinal);
        Assert.NotEqual(repository.SubjectFolder("a"), repository.SubjectFolder("b"));
        Assert.Throws<ArgumentException>(() => repository.BackupObjectName("a", "../x"));
    }

    private static int Count(MemoryObjectStore store, string prefix) => store.Objects.Keys.Count(name => name.StartsWith(prefix, StringComparison.Ordinal));

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class SteppingClock : TimeProvider
    {
        private DateTimeOffset now = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => now -= TimeSpan.FromSeconds(5);
    }
}
