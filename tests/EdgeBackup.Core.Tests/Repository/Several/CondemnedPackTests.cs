using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Packs;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Several;

public sealed class CondemnedPackTests
{
    [Fact]
    public async Task A_condemned_pack_that_goes_while_it_is_verified_is_no_damage()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(1, 50_000) });
        await repository.DeleteBackupsAsync([repository.BackupObjectName("d", record.Id)], default);
        var pack = store.Objects.Keys.Single(name => name.StartsWith(PackFormat.Folder, StringComparison.Ordinal));
        var content = store.Objects[pack];
        await Marks.PutAsync(repository.Core, [PackFormat.ToHash(pack)!], fence: 1, default);

        // Maintenance removes the index objects first.
        store.Objects.Keys.Where(name => name.StartsWith("index/", StringComparison.Ordinal)).ToList().ForEach(name => store.Objects.Remove(name));
        var slow = new PausingStore(store);
        await using var other = await Bench.OpenAsync(slow);
        for (var operations = 0; ; operations++)
        {
            store.Objects[pack] = content;
            slow.PauseAfter(operations);
            var verification = other.VerifyAsync(new VerifyOptions(ReadData: true), null, default);
            if (await Task.WhenAny(slow.Paused, verification) == verification)
            {
                Assert.True(operations > 10);
                return;
            }

            store.Objects.Remove(pack);
            slow.Resume();
            Assert.Empty((await verification).Damage);
        }
    }
}
