using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>Maintainers and writers that stand still anywhere, are given up, and go on in any order; drawn from a seed.</summary>
internal sealed class SleeperScenario(int seed)
{
    private const int Contents = 8;

    private readonly Random random = new(seed);
    private readonly SharedPlace place = new();
    private readonly List<(PausingStore Way, Task Run)> asleep = [];

    public async Task RunAsync()
    {
        await (await Bench.CreateAsync(place.Store)).DisposeAsync();
        await using var repository = await place.OpenAsync();
        for (var content = 0; content < Contents; content++)
        {
            await place.BackUpAsync(repository, content);
        }

        for (var action = 0; action < 30; action++)
        {
            await ActAsync(repository);
        }

        while (asleep.Count > 0)
        {
            await WakeAsync(forGood: true);
        }

        await place.CheckAsync($"seed {seed}");
        await place.CheckThatMaintenanceEndsAsync($"seed {seed}");
    }

    private async Task ActAsync(EdgeRepository repository)
    {
        switch (random.Next(9))
        {
            case 0 or 1:
                await StartAsync(random.Next(90), async way =>
                {
                    await using var maintainer = await place.OpenAsync(way);
                    await maintainer.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
                });
                break;
            case 2:
                var content = random.Next(Contents);
                await StartAsync(random.Next(30), way => place.TryBackUpAsync(way, content));
                break;
            case 3 or 4:
                await place.BackUpAsync(repository, random.Next(Contents));
                break;
            case 5 when place.Acknowledged > 2:
                await place.ExpireAsync(repository, random.Next(place.Acknowledged));
                break;
            case 6:
                // Somebody who stays awake, as the next night's run does.
                await repository.ReclaimAsync(new ReclaimOptions(WhatIf: false), default);
                break;
            case 7:
                place.Clock.Shift += TimeSpan.FromMinutes(61);
                break;
            default:
                await WakeAsync(forGood: false);
                break;
        }
    }

    private async Task StartAsync(int steps, Func<PausingStore, Task> work)
    {
        var way = new PausingStore(place.Store);
        way.PauseAfter(steps);
        await SettleAsync(way, Task.Run(() => work(way)));
    }

    private async Task WakeAsync(bool forGood)
    {
        if (asleep.Count == 0)
        {
            return;
        }

        var index = random.Next(asleep.Count);
        var (way, run) = asleep[index];
        asleep.RemoveAt(index);
        way.Resume(forGood ? int.MaxValue : random.Next(40));
        await SettleAsync(way, run);
    }

    private async Task SettleAsync(PausingStore way, Task run)
    {
        if (await Task.WhenAny(run, way.Paused).WaitAsync(TimeSpan.FromMinutes(5)) != run)
        {
            asleep.Add((way, run));
            return;
        }

        var exception = await Record.ExceptionAsync(() => run);
        Assert.True(exception is null, $"seed {seed}: {exception}");
    }
}
