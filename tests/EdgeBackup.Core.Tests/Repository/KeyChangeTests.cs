using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class KeyChangeTests
{
    private static readonly KeyFileSecret Other = new([.. Enumerable.Range(50, 32).Select(value => (byte)value)]);

    [Fact]
    public async Task An_added_key_opens_what_was_written_before_and_no_data_is_written_anew()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var record = await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { ["a"] = [1] });
        var before = store.Objects.Keys.ToHashSet();
        var added = await repository.Keyring.AddAsync(Other, default);
        var (recovery, text) = await repository.Keyring.AddRecoveryKeyAsync(default);
        Assert.All(store.Objects.Keys.Except(before), name => Assert.True(name.StartsWith("keys/", StringComparison.Ordinal) || name.StartsWith("chain/", StringComparison.Ordinal), name));
        foreach (var (secret, id) in new (RepositorySecret, string)[] { (Other, added.Id), (new RecoveryKeySecret(text), recovery.Id) })
        {
            await using var opened = await EdgeRepository.OpenAsync(store, secret, Bench.Environment, default);
            Assert.Equal(id, opened.OpenedBy);
            Assert.Equal(4, opened.Keys.Count);
            Assert.Single(await Bench.ReadAllAsync(opened, record));
        }

        var listed = await repository.Keyring.ListAsync(default);
        Assert.Equal(("hkdf-sha256", 0), listed.Where(key => key.Id == added.Id).Select(key => (key.Derivation, key.Rounds)).Single());
        Assert.True((await ChainTests.VerifyAsync(repository)).Healthy);
    }

    [Fact]
    public async Task A_removed_key_opens_nothing_also_when_its_object_is_put_back()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var added = await repository.Keyring.AddAsync(Other, default);
        var name = $"keys/{added.Id}.json";
        var content = store.Objects[name];
        await repository.Keyring.RemoveAsync([added.Id], default);
        Assert.DoesNotContain(name, store.Objects.Keys);
        Assert.Equal(ErrorIds.RepositoryKeyWrong, await OpenFailsAsync(store, Other));
        store.Objects[name] = content;
        Assert.Equal(ErrorIds.RepositoryKeyWrong, await OpenFailsAsync(store, Other));
        Assert.DoesNotContain(await repository.Keyring.ListAsync(default), key => key.Id == added.Id);
        await repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        Assert.Equal(name, Assert.Single((await ChainTests.VerifyAsync(repository)).Damage).Object);
    }

    [Fact]
    public async Task The_last_key_that_opens_stays()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        var keys = await repository.Keyring.ListAsync(default);
        Assert.Equal(ErrorIds.RepositoryKeyNeeded, await FailsAsync(() => repository.Keyring.RemoveAsync([.. keys.Select(key => key.Id)], default)));
        Assert.Equal(ErrorIds.RepositoryKeyNotFound, await FailsAsync(() => repository.Keyring.RemoveAsync(["0123456789abcdef"], default)));
        Assert.Equal(2, (await repository.Keyring.ListAsync(default)).Count);

        // One whose object is damaged does not count.
        var recovery = keys.Single(key => key.Kind == KeyKind.Recovery);
        store.Objects[$"keys/{recovery.Id}.json"][30] ^= 1;
        Assert.Equal(ErrorIds.RepositoryKeyNeeded, await FailsAsync(() => repository.Keyring.RemoveAsync([keys.Single(key => key.Kind == KeyKind.KeyFile).Id], default)));
        await using var again = await Bench.OpenAsync(store);
    }

    [Fact]
    public async Task Two_who_remove_the_last_two_keys_at_once_leave_one()
    {
        var store = new MemoryObjectStore();
        await using var first = await Bench.CreateAsync(store);
        await using var second = await Bench.OpenAsync(store);
        var keys = await first.Keyring.ListAsync(default);
        var results = await Task.WhenAll(
            RemovesAsync(first, keys[0].Id),
            RemovesAsync(second, keys[1].Id));
        Assert.Single(results, removed => removed);
        Assert.Single(await first.Keyring.ListAsync(default));

        static async Task<bool> RemovesAsync(EdgeRepository repository, string id)
        {
            try
            {
                await repository.Keyring.RemoveAsync([id], default);
                return true;
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryKeyNeeded)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Whenever_a_rotation_dies_the_old_key_or_the_new_one_opens_and_nothing_half_made_is_seen()
    {
        for (var operations = 0; ; operations++)
        {
            var store = new MemoryObjectStore();
            await (await Bench.CreateAsync(store)).DisposeAsync();
            store.DieAfter(operations);
            var died = false;
            try
            {
                await using var repository = await Bench.OpenAsync(store);
                var old = repository.OpenedBy;
                await repository.Keyring.AddAsync(Other, default);
                await repository.Keyring.RemoveAsync([old], default);
            }
            catch (Exception exception) when (exception is IOException or EdgeBackupException)
            {
                died = true;
            }

            var reborn = store.Reborn();
            var opening = 0;
            foreach (var secret in new[] { Bench.Key, Other })
            {
                try
                {
                    await using var repository = await EdgeRepository.OpenAsync(reborn, secret, Bench.Environment, default);
                    opening++;
                    Assert.Equal(repository.Keys.Count, (await repository.Keyring.ListAsync(default)).Count);
                    Assert.Contains(repository.Keys, key => key.Id == repository.OpenedBy);
                    Assert.Empty((await ChainTests.VerifyAsync(repository)).Damage);
                }
                catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryKeyWrong)
                {
                    // The other one must.
                }
            }

            Assert.InRange(opening, 1, 2);
            if (!died)
            {
                Assert.Equal(1, opening);
                return;
            }
        }
    }

    [Fact]
    public async Task A_wrong_key_is_told_from_damage_when_one_is_proved()
    {
        var store = new MemoryObjectStore();
        var created = await EdgeRepository.CreateAsync(store, [Bench.Key], Bench.Environment, default);
        await using var repository = created.Repository;
        var right = new RecoveryKeySecret(created.RecoveryKey);
        var id = await repository.Keyring.ProveAsync(right, default);
        Assert.Equal(ErrorIds.RepositoryKeyWrong, await FailsAsync(() => repository.Keyring.ProveAsync(Other, default)));
        store.Objects[$"keys/{id}.json"][30] ^= 1;
        Assert.Equal(ErrorIds.RepositoryDamaged, await FailsAsync(() => repository.Keyring.ProveAsync(right, default)));
    }

    [Fact]
    public async Task A_key_that_the_store_does_not_give_back_never_becomes_valid()
    {
        var store = new MemoryObjectStore();
        await using var repository = await Bench.CreateAsync(store);
        store.AfterPut = name =>
        {
            if (name.StartsWith("keys/", StringComparison.Ordinal))
            {
                store.Objects[name][40] ^= 1;
            }
        };
        Assert.Equal(ErrorIds.RepositoryDamaged, await FailsAsync(() => repository.Keyring.AddAsync(Other, default)));
        Assert.Equal(2, (await repository.Keyring.ListAsync(default)).Count);
    }

    private static async Task<string> FailsAsync(Func<Task> action) => (await Assert.ThrowsAsync<EdgeBackupException>(action)).ErrorId;

    private static Task<string> OpenFailsAsync(MemoryObjectStore store, RepositorySecret secret) =>
        FailsAsync(() => EdgeRepository.OpenAsync(store, secret, Bench.Environment, default));
}
