using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>A repository that several use, and what was acknowledged to them.</summary>
internal sealed class SharedPlace
{
    private readonly Lock sync = new();
    private readonly List<(BackupRecord Record, int Content)> acknowledged = [];

    public MemoryObjectStore Store { get; private init; } = new();

    public ShiftedClock Clock { get; } = new();

    /// <summary>Who watches the hour pass.</summary>
    public RepositoryEnvironment Environment => Bench.Environment with { Clock = Clock };

    public int Acknowledged
    {
        get
        {
            lock (sync)
            {
                return acknowledged.Count;
            }
        }
    }

    /// <summary>The same once more, to go another way with.</summary>
    public SharedPlace Reborn()
    {
        var reborn = new SharedPlace { Store = Store.Reborn() };
        reborn.acknowledged.AddRange(acknowledged);
        return reborn;
    }

    /// <summary>One of a few contents that share chunks with each other.</summary>
    public static Dictionary<string, byte[]> Files(int content) => new()
    {
        ["all"] = Bench.RandomBytes(1, 20_000),
        ["half"] = Bench.RandomBytes(10 + (content % 2), 30_000),
        ["own"] = Bench.RandomBytes(100 + content, 40_000),
    };

    public Task<EdgeRepository> OpenAsync(Core.Repository.Stores.IObjectStore? store = null) =>
        EdgeRepository.OpenAsync(store ?? Store, Bench.Key, Environment, default);

    public async Task<BackupRecord> BackUpAsync(EdgeRepository repository, int content)
    {
        await using var session = await repository.BeginWriteAsync(default);
        return await BackUpAsync(session, content);
    }

    public async Task<BackupRecord> BackUpAsync(WriteSession session, int content)
    {
        var record = await Bench.BackUpAsync(session, $"device {content}", Files(content));
        lock (sync)
        {
            acknowledged.Add((record, content));
        }

        return record;
    }

    /// <summary>A backup by somebody who may find out that too much happened meanwhile.</summary>
    public async Task TryBackUpAsync(Core.Repository.Stores.IObjectStore store, int content)
    {
        try
        {
            await using var repository = await OpenAsync(store);
            await BackUpAsync(repository, content);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.CaptureFailed)
        {
            // Not acknowledged, and said so.
        }
    }

    /// <summary>Lets retention take one.</summary>
    public async Task ExpireAsync(EdgeRepository repository, int index)
    {
        BackupRecord record;
        lock (sync)
        {
            record = acknowledged[index].Record;
            acknowledged.RemoveAt(index);
        }

        await repository.DeleteBackupsAsync([repository.BackupObjectName(record.Device, record.Id)], default);
    }

    /// <summary>All that was acknowledged is there byte for byte, and nothing is damaged.</summary>
    public async Task CheckAsync(string when)
    {
        await using var repository = await OpenAsync();
        var report = await repository.VerifyAsync(new VerifyOptions(ReadData: true), null, default);
        Assert.True(report.Damage.Count == 0, $"{when}: {string.Join("; ", report.Damage)}");
        foreach (var (record, content) in acknowledged)
        {
            var read = await Bench.ReadAllAsync(repository, await repository.ReadBackupAsync(repository.BackupObjectName(record.Device, record.Id), default));
            foreach (var (path, bytes) in Files(content))
            {
                Assert.True(bytes.AsSpan().SequenceEqual(read[path]), $"{when}: '{path}' of {record.Id}");
            }
        }
    }

    /// <summary>After the sleepers' hour, maintenance ends without a human and leaves nothing condemned.</summary>
    public async Task CheckThatMaintenanceEndsAsync(string when)
    {
        await using var repository = await OpenAsync();
        for (var run = 0; run < 3; run++)
        {
            await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
            Clock.Shift += TimeSpan.FromMinutes(61);
        }

        Assert.True(!Store.Objects.Keys.Any(name => name.StartsWith(Marks.Folder, StringComparison.Ordinal)), $"{when}: a mark is left");

        // Who was given up is on record until its process has ended, and this one has not.
        var leases = Store.Objects.Keys.Where(name => name.StartsWith(LeaseNames.Folder, StringComparison.Ordinal) && LeaseNames.FromGone(name) is null && !LeaseNames.IsSeen(name));
        Assert.True(leases.Count() == 1, $"{when}: {string.Join(' ', leases)}");
        await CheckAsync($"{when}, afterwards");
    }
}
