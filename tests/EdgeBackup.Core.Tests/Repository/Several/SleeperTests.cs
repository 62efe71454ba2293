using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Tests.Durability;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>A process that stands still at any of its steps for over an hour, is given up, and goes on.</summary>
public sealed class SleeperTests
{
    private static readonly ReclaimOptions Really = new(WhatIf: false);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_maintainer_that_sleeps_before_any_step_hurts_nothing_when_it_goes_on(bool someoneWrites)
    {
        for (var step = 0; ; step++)
        {
            var place = await FilledAsync();
            var way = new PausingStore(place.Store);
            await using var sleeper = await place.OpenAsync(way);
            way.PauseAfter(step);
            var run = Task.Run(() => sleeper.ReclaimAsync(Really, default));
            if (await Task.WhenAny(run, way.Paused) == run)
            {
                await run;
                Assert.True(step > 30);
                return;
            }

            await using var other = await place.OpenAsync();
            var session = someoneWrites ? await other.BeginWriteAsync(default) : null;
            await TakeOverAsync(place, other);
            way.Resume();
            await run;
            if (session is not null)
            {
                await Record.ExceptionAsync(() => place.BackUpAsync(session, 0));
                await session.DisposeAsync();
            }

            await place.BackUpAsync(other, 0);
            await place.CheckAsync($"step {step}");
            await place.CheckThatMaintenanceEndsAsync($"step {step}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_writer_that_sleeps_before_any_step_records_what_is_whole_or_nothing(int content)
    {
        var refused = 0;
        for (var step = 0; ; step++)
        {
            var place = await FilledAsync();
            var way = new PausingStore(place.Store);
            way.PauseAfter(step);

            // What it relies on is what goes meanwhile.
            var before = place.Acknowledged;
            var run = Task.Run(() => place.TryBackUpAsync(way, content));
            if (await Task.WhenAny(run, way.Paused) == run)
            {
                await run;
                Assert.True(step > 10 && refused > 0, $"{step} steps, {refused} refused");
                return;
            }

            await using var other = await place.OpenAsync();
            await other.ReclaimAsync(Really, default);
            place.Clock.Shift += TimeSpan.FromMinutes(61);
            await other.ReclaimAsync(Really, default);
            way.Resume();
            await run;
            refused += place.Acknowledged == before ? 1 : 0;
            await place.CheckAsync($"step {step}");
            await place.CheckThatMaintenanceEndsAsync($"step {step}");
        }
    }

    [Fact]
    public async Task A_repair_that_sleeps_before_any_step_takes_nothing_away_that_a_later_one_mended()
    {
        var start = await FilledAsync();
        var pack = start.Store.Objects.Keys.Last(name => name.StartsWith("packs/", StringComparison.Ordinal));
        for (var step = 0; ; step++)
        {
            // The later one has a whole copy of the repository, the sleeper has not.
            var place = start.Reborn();
            await using var copy = await place.OpenAsync(place.Store.Reborn());
            for (var offset = 60; offset < place.Store.Objects[pack].Length; offset += 400)
            {
                place.Store.Objects[pack][offset] ^= 1;
            }

            var way = new PausingStore(place.Store);
            await using var sleeper = await place.OpenAsync(way);
            way.PauseAfter(step);
            var run = Task.Run(() => sleeper.RepairAsync(new RepairOptions(), null, default));
            if (await Task.WhenAny(run, way.Paused) == run)
            {
                await run;
                Assert.True(step > 30);
                return;
            }

            await using var other = await place.OpenAsync();
            place.Clock.Shift += TimeSpan.FromMinutes(61);
            await other.ReclaimAsync(Really, default);
            place.Clock.Shift += TimeSpan.FromMinutes(61);
            await other.RepairAsync(new RepairOptions { From = copy }, null, default);
            await place.CheckAsync($"step {step}, mended");
            way.Resume();
            await Record.ExceptionAsync(() => run);
            await place.CheckAsync($"step {step}");
        }
    }

    [Fact]
    public async Task Many_that_sleep_and_wake_at_random_hurt_nothing()
    {
        var tally = new Tally { What = "maintainers and writers that sleep and wake at random" };
        using var report = Soak.ReportAtEnd(tally);
        for (var trial = 0; trial < Soak.Count(everyBuild: 25, soak: 1000); trial++)
        {
            tally.Trials++;
            var seed = (Soak.Seed & 0xFFFFFF) + trial;
            await new SleeperScenario(seed).RunAsync();
        }
    }

    /// <summary>Two contents of which nothing is needed any more, and one that shares chunks with them.</summary>
    private static async Task<SharedPlace> FilledAsync()
    {
        var place = new SharedPlace();
        await (await Bench.CreateAsync(place.Store)).DisposeAsync();
        await using var repository = await place.OpenAsync();
        await place.BackUpAsync(repository, 0);
        await using (var session = await repository.BeginWriteAsync(default))
        {
            await Task.WhenAll(place.BackUpAsync(session, 3), place.BackUpAsync(session, 5));
        }

        await place.BackUpAsync(repository, 7);
        await place.ExpireAsync(repository, 0);
        await place.ExpireAsync(repository, 0);
        return place;
    }

    private static async Task TakeOverAsync(SharedPlace place, EdgeRepository other)
    {
        await place.BackUpAsync(other, 3);
        await other.ReclaimAsync(Really, default);
        await place.BackUpAsync(other, 0);
        place.Clock.Shift += TimeSpan.FromMinutes(61);
        await other.ReclaimAsync(Really, default);
        await place.BackUpAsync(other, 5);
    }
}
