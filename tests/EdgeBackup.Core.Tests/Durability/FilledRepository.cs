using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;

namespace EdgeBackup.Core.Tests.Durability;

/// <summary>A backup that was acknowledged, and what it has to give back.</summary>
internal sealed record KnownBackup(BackupRecord Record, string ObjectName, IReadOnlyDictionary<string, byte[]> Files);

/// <summary>A small repository with some of everything: devices, packs that are shared, items of several chunks, records, a mark.</summary>
internal static class FilledRepository
{
    public static readonly string[] Devices = ["north", "south", "east", "west"];

    /// <summary>Makes it in an empty store.</summary>
    public static async Task<List<KnownBackup>> MakeAsync(IObjectStore store)
    {
        var known = new List<KnownBackup>();
        await using var repository = await Bench.CreateAsync(store);
        foreach (var device in Devices)
        {
            await repository.AppendAsync(RecordArea.Devices, device, System.Text.Encoding.UTF8.GetBytes($$"""{"kind":"Registered","device":"{{device}}"}"""), default);
        }

        await repository.AppendAsync(RecordArea.Policies, "policies", "{\"scope\":\"All\"}"u8.ToArray(), default);
        await repository.AppendAsync(RecordArea.Events, "", "{\"category\":\"Backup\"}"u8.ToArray(), default);
        for (var night = 0; night < 2; night++)
        {
            foreach (var pair in Devices.Chunk(2))
            {
                // Two devices share the packs of a session; the nights share what did not change.
                await using var session = await repository.BeginWriteAsync(default);
                foreach (var device in pair)
                {
                    var files = Files(device, night);
                    var record = await Bench.BackUpAsync(session, device, files);
                    known.Add(new KnownBackup(record, repository.BackupObjectName(device, record.Id), files));
                }
            }
        }

        await LeaveMarkAsync(repository, store);
        return known;
    }

    /// <summary>What a device holds in a night.</summary>
    public static Dictionary<string, byte[]> Files(string device, int night)
    {
        var seed = Array.IndexOf(Devices, device);
        return new Dictionary<string, byte[]>
        {
            ["constant.bin"] = Bench.RandomBytes(seed, 3_000),
            ["data/large.bin"] = Bench.RandomBytes(100 + seed, 60_000),
            ["data/night.log"] = Bench.Text((10 * seed) + night, 9_000),
            ["empty"] = [],
            ["everywhere.txt"] = Bench.Text(77, 5_000),
            ["number.txt"] = System.Text.Encoding.ASCII.GetBytes($"{device} {night}"),
        };
    }

    /// <summary>A removal that a writer holds up leaves its mark.</summary>
    private static async Task LeaveMarkAsync(EdgeRepository repository, IObjectStore store)
    {
        var needed = await ListAsync(store);
        var gone = await Bench.BackUpAsync(repository, "gone", new Dictionary<string, byte[]> { ["x"] = Bench.RandomBytes(999, 20_000) });
        await using var writer = await repository.BeginWriteAsync(default);
        await repository.DeleteBackupsAsync([repository.BackupObjectName("gone", gone.Id)], default);
        await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);

        // What names nothing but garbage cannot be missed.
        foreach (var garbage in (await ListAsync(store)).Except(needed))
        {
            await store.DeleteAsync(garbage, default);
        }
    }

    private static async Task<List<string>> ListAsync(IObjectStore store)
    {
        var names = new List<string>();
        foreach (var area in new[] { "index/", "packs/" })
        {
            await foreach (var entry in store.ListAsync(area, default))
            {
                names.Add(entry.Name);
            }
        }

        return names;
    }
}
