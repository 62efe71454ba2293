using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Durability.Faults;

/// <summary>Runs what the chain, and the tidying up behind others, do now and then.</summary>
internal static class ChainCalls
{
    /// <returns>The lines of source that called the store.</returns>
    public static async Task<IReadOnlyCollection<string>> RunAsync()
    {
        var memory = new MemoryObjectStore();
        var store = new FaultyStore(memory) { NotesCallers = true };
        await using var repository = await Bench.CreateAsync(store);
        for (var index = 0; index < 2; index++)
        {
            await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(index, 20_000) });
        }

        var followed = await repository.ReadChangesAsync(since: null, default);
        var named = await repository.AppendAsync(RecordArea.Devices, "d", "{}"u8.ToArray(), default);
        Assert.Contains(named, (await repository.ReadChangesAsync(followed!.Head, default))!.Added);

        // Two writers who want the same entry.
        await using var other = await Bench.OpenAsync(store);
        await repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);

        // A record that its writer did not live to name, and a removal that was cut short.
        var unnamed = named[..^1] + (named[^1] == '0' ? '1' : '0');
        memory.Objects[unnamed] = repository.Core.Sealer.Seal(unnamed, "{}"u8);
        await other.Core.Chain!.AppendAsync(new ChainChange { Removing = [named] });
        LeaveStone(repository, memory);
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
        Assert.DoesNotContain(named, memory.Objects.Keys);

        // A writer who slept while the entries that it knows were summed up.
        await new ChainKeeper(repository.Core, repository.Core.Chain!).SumUpNowAsync(default);
        await repository.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        await new ChainKeeper(repository.Core, repository.Core.Chain!).SumUpNowAsync(default);
        await other.AppendAsync(RecordArea.Events, "", "{}"u8.ToArray(), default);
        await repository.AcceptPresentStateAsync(default);
        Assert.Equal([named], await repository.FindMissingAsync([named], default));
        await ForgetPacksAsync(repository, memory);
        return store.Callers;
    }

    /// <summary>Maintenance gave somebody up who has ended since.</summary>
    private static void LeaveStone(EdgeRepository repository, MemoryObjectStore memory)
    {
        var stone = LeaseNames.ToGone("leases/0123456789ab0123456789ab");
        var own = ProcessIdentity.Current();
        var body = new GoneBody(DateTimeOffset.UnixEpoch, own with { Start = "1" });
        memory.Objects[stone] = repository.Core.Seal(stone, body, RepositoryJson.Default.GoneBody);
    }

    /// <summary>One index object names a pack that is gone and one that is there, another only the one that is gone.</summary>
    private static async Task ForgetPacksAsync(EdgeRepository repository, MemoryObjectStore memory)
    {
        var indexes = memory.Objects.Where(entry => entry.Key.StartsWith(IndexObject.Folder, StringComparison.Ordinal)).ToList();
        var packs = indexes.SelectMany(entry => IndexObject.Open(repository.Core.Sealer, entry.Key, entry.Value)).DistinctBy(pack => pack.Hash).ToList();
        var gone = packs[0];
        indexes.ForEach(entry => memory.Objects.Remove(entry.Key));
        foreach (var listed in new[] { packs, [gone] })
        {
            var (name, content) = IndexObject.Seal(repository.Core.Sealer, listed);
            memory.Objects[name] = content;
        }

        memory.Objects.Remove(memory.Objects.Keys.Single(name => name.StartsWith("packs/", StringComparison.Ordinal) && name.Contains(gone.Hash, StringComparison.Ordinal)));
        await IndexCleaner.ForgetGoneAsync(repository.Core, [gone.Hash], new HashSet<string>(), default);
        var left = Assert.Single(memory.Objects, entry => entry.Key.StartsWith(IndexObject.Folder, StringComparison.Ordinal));
        Assert.DoesNotContain(IndexObject.Open(repository.Core.Sealer, left.Key, left.Value), pack => pack.Hash == gone.Hash);
    }
}
