using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class NoteScheduleTests : IAsyncLifetime
{
    private readonly WarningObserver observer = new();
    private OperationsBench bench = null!;

    public async Task InitializeAsync() => bench = await OperationsBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_schedule_of_this_account_is_noted()
    {
        var before = bench.Objects("events/").Count;
        await Note().RegisteredAsync(Schedule(Environment.UserName));
        Assert.Empty(observer.Warnings);
        Assert.Equal(before + 1, bench.Objects("events/").Count);
    }

    [ProgramFact("id")]
    public async Task Nothing_is_written_into_the_repository_of_another_account_and_that_is_said()
    {
        var before = bench.Objects();
        await Note().RegisteredAsync(Schedule("somebody-else"));
        await Note().RemovedAsync(Schedule("somebody-else"));
        Assert.Equal(before, bench.Objects());
        Assert.Equal(2, observer.Warnings.Count);
        Assert.All(observer.Warnings, warning => Assert.Contains("'somebody-else'", warning, StringComparison.Ordinal));
    }

    private NoteSchedule Note() => new(
        new RepositoryLocations(bench.Path("user")),
        new RepositoryEnvironment(bench.Clock, new SystemRandom(), SystemPlatform.Create()),
        "tester@bench",
        new Deed(),
        observer);

    private RegisteredSchedule Schedule(string account) => new()
    {
        Name = "night",
        Method = ScheduleMethod.Cron,
        Scope = ScheduleScope.User,
        Account = account,
        Command = "",
        Places = ["crontab"],
        Mark = new ScheduleMark { Name = "night", Repository = bench.RepositoryFolder },
    };
}
