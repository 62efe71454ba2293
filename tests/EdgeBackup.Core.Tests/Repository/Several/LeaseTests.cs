using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Several;

public sealed class LeaseTests : IAsyncLifetime
{
    private readonly MemoryObjectStore store = new();
    private readonly ShiftedClock clock = new();
    private EdgeRepository repository = null!;

    public async Task InitializeAsync()
    {
        await (await Bench.CreateAsync(store)).DisposeAsync();
        repository = await EdgeRepository.OpenAsync(store, Bench.Key, Bench.Environment with { Clock = clock }, default);
    }

    private RepositoryCore Core => repository.Core;

    public Task DisposeAsync() => repository.DisposeAsync().AsTask();

    [Fact]
    public async Task A_process_number_that_was_given_again_is_no_sign_of_life()
    {
        var self = ProcessIdentity.Current();
        Put("leases/00", self with { Start = "1" }, 1);
        Put("leases/01", self, 1);
        var board = await LookAsync();
        Assert.Equal(["leases/01"], board.Alive.Select(lease => lease.Name));
    }

    [Fact]
    public async Task A_torn_lease_counts_for_an_hour_and_then_not()
    {
        store.Objects["leases/00"] = [];
        Assert.Single((await LookAsync()).Alive);
        clock.Shift = TimeSpan.FromMinutes(59);
        Assert.Single((await LookAsync()).Alive);
        clock.Shift = TimeSpan.FromMinutes(61);
        Assert.Empty((await LookAsync()).Alive);
    }

    [Fact]
    public async Task A_lease_on_a_bad_sector_holds_maintenance_up_for_an_hour_and_no_longer()
    {
        var gone = await Bench.BackUpAsync(repository, "d", new Dictionary<string, byte[]> { ["a"] = Bench.RandomBytes(1, 50_000) });
        await repository.DeleteBackupsAsync([repository.BackupObjectName("d", gone.Id)], default);
        string[] bad = ["leases/00", LeaseNames.ToMaintainer(1), LeaseNames.ToGone("leases/01")];
        foreach (var name in bad)
        {
            Put(name, ProcessIdentity.Current() with { Scope = "elsewhere" }, 1);
        }

        store.IsUnreadable = bad.Contains;
        Assert.False((await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default)).BytesFreed > 0);
        clock.Shift = TimeSpan.FromMinutes(61);
        var freed = 0L;
        for (var run = 0; run < 2; run++)
        {
            freed += (await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default)).BytesFreed;
        }

        Assert.True(freed > 40_000);
    }

    [Fact]
    public async Task A_lease_that_moves_lives_and_a_stopped_process_of_this_machine_does_not_live_for_ever()
    {
        var self = ProcessIdentity.Current();
        var elsewhere = self with { Scope = "another machine or container" };
        for (var hours = 0; hours < 3; hours++)
        {
            clock.Shift = TimeSpan.FromHours(2 * hours);
            Put("leases/moving", elsewhere, hours);
            Put("leases/stopped", self, 7);
            Assert.Equal(hours == 0 ? 2 : 1, (await LookAsync()).Alive.Count());
        }
    }

    [Fact]
    public async Task The_clock_of_another_machine_and_a_clock_set_back_say_nothing()
    {
        Put("leases/00", ProcessIdentity.Current() with { Scope = "elsewhere" }, 1);
        var seen = LeaseNames.ToSeen("01234567");
        var ofAnother = new SeenBody("its clock is behind", new Dictionary<string, Sighting> { ["leases/00"] = new(1, clock.GetUtcNow().AddDays(-1)) });
        store.Objects[seen] = Core.Seal(seen, ofAnother, RepositoryJson.Default.SeenBody);
        var own = LeaseNames.ToSeen(ProcessIdentity.Shorten(ProcessIdentity.ReadMachineScope()));
        store.Objects[own] = Core.Seal(own, ofAnother, RepositoryJson.Default.SeenBody);
        Assert.Single((await LookAsync()).Alive);
        clock.Shift = TimeSpan.FromDays(-3);
        Assert.Single((await LookAsync()).Alive);
        clock.Shift = TimeSpan.FromDays(-3) + TimeSpan.FromMinutes(30);
        Assert.Single((await LookAsync()).Alive);
    }

    [Fact]
    public async Task Of_many_who_begin_to_maintain_at_once_one_does_and_numbers_only_grow()
    {
        for (var round = 1; round < 6; round++)
        {
            var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Maintainer.TryBeginAsync(Core, default))));
            var one = Assert.Single(all, begun => begun.Maintainer is not null).Maintainer!;
            Assert.All(all, begun => Assert.True(begun.Maintainer is null == begun.Other is not null));
            Assert.Equal(round, one.Number);
            await one.DisposeAsync();
            Assert.Equal([LeaseNames.ToMaintainer(round)], store.Objects.Keys.Where(name => name.StartsWith(LeaseNames.Folder, StringComparison.Ordinal) && !LeaseNames.IsSeen(name)));
        }
    }

    [Fact]
    public async Task A_maintainer_that_was_given_up_finds_out_whatever_is_left_in_the_folder()
    {
        var (first, _) = await Maintainer.TryBeginAsync(Core, default);
        Assert.Contains("maintains the repository", (await Maintainer.TryBeginAsync(Core, default)).Other, StringComparison.Ordinal);
        clock.Shift = TimeSpan.FromMinutes(61);
        var (second, _) = await Maintainer.TryBeginAsync(Core, default);
        Assert.Equal(1, second!.LastSleeper);
        Assert.True(await first!.IsOvertakenAsync(default));
        Assert.False(await second.IsOvertakenAsync(default));
        await second.DisposeAsync();
        Assert.True(await first.IsOvertakenAsync(default));
        await first.DisposeAsync();
        var (third, _) = await Maintainer.TryBeginAsync(Core, default);
        Assert.Equal((3, 0), (third!.Number, third.LastSleeper));
        await third.DisposeAsync();
    }

    [Fact]
    public async Task A_lease_that_was_given_up_is_taken_anew_under_another_name()
    {
        var lease = await Lease.TakeAsync(Core, LeaseKind.Write, default);
        var name = lease.Name;
        Assert.True(await lease.HasHeldAsync(default));
        await LookAsync();
        clock.Shift = TimeSpan.FromMinutes(61);
        var (maintainer, _) = await Maintainer.TryBeginAsync(Core, default);
        Assert.DoesNotContain(name, store.Objects.Keys);

        // A renewal that was on its way makes the lease look whole again.
        Put(name, ProcessIdentity.Current(), 99);
        Assert.False(await lease.HasHeldAsync(default));
        await lease.RetakeAsync(default);
        Assert.NotEqual(name, lease.Name);
        Assert.True(await lease.HasHeldAsync(default));
        await lease.DisposeAsync();
        await maintainer!.DisposeAsync();
        Assert.Equal([LeaseNames.ToMaintainer(1)], store.Objects.Keys.Where(key => key.StartsWith(LeaseNames.Folder, StringComparison.Ordinal) && !LeaseNames.IsSeen(key)));
    }

    [Fact]
    public async Task What_was_seen_before_a_restart_counts_after_it()
    {
        // The lease of a process that a power cut ended: nobody can look for it any more.
        var earlier = ProcessIdentity.ToScope(Environment.MachineName, MachineIdentity.ReadMachine(), "an earlier start", "");
        Put("leases/00", ProcessIdentity.Current() with { Scope = earlier }, 1);

        // Seen by the machine as it was then; its sightings are those of no start and no container.
        var machine = MachineIdentity.ReadMachine() is { Length: > 0 } id
            ? ProcessIdentity.ToScope(Environment.MachineName, id, "", "")
            : ProcessIdentity.Current().Scope;
        var seen = LeaseNames.ToSeen(ProcessIdentity.Shorten(machine));
        var body = new SeenBody(machine, new Dictionary<string, Sighting> { ["leases/00"] = new(1, clock.GetUtcNow().AddMinutes(-61)) });
        store.Objects[seen] = Core.Seal(seen, body, RepositoryJson.Default.SeenBody);
        Assert.Empty((await LookAsync()).Alive);
    }

    private async Task<LeaseBoard> LookAsync()
    {
        var board = new LeaseBoard(Core, own: null);
        await board.ReadAsync(remember: true, default);
        return board;
    }

    private void Put(string name, ProcessIdentity owner, long counter)
    {
        var body = new LeaseBody(LeaseKind.Write, clock.GetUtcNow(), owner.Scope, owner.Pid, owner.Start, counter, []);
        store.Objects[name] = Core.Seal(name, body, RepositoryJson.Default.LeaseBody);
    }
}
