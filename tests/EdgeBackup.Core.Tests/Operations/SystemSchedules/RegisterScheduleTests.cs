using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.SystemSchedules;
using EdgeBackup.Core.Platform;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

/// <summary>What is planned of a schedule in a real repository, on each kind of system; the systems' programs are scripted.</summary>
public sealed class RegisterScheduleTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("eb-register-").FullName;
    private readonly ScriptedPrograms programs = new((_, _) => new ProgramResult(0, [], ""));
    private readonly WarningObserver observer = new();
    private OperationsBench bench = null!;
    private RepositoryLocations locations = null!;

    public async Task InitializeAsync()
    {
        bench = await OperationsBench.CreateAsync();
        locations = new RepositoryLocations(bench.Path("user"));
    }

    public async Task DisposeAsync()
    {
        await bench.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_task_of_the_computer_gets_the_key_file_and_the_word_that_it_must_be_readable()
    {
        var plan = await Plan(ScheduleMethod.Task, ScheduleScope.System);
        Assert.Equal(bench.Context.KeyFile, plan.Schedule.Command.KeyFile);
        Assert.Contains("Connect-EdgeRepository", Assert.Single(plan.Texts).Text, StringComparison.Ordinal);
        var warning = Assert.Single(plan.Warnings);
        Assert.Contains(bench.Context.KeyFile!, warning, StringComparison.Ordinal);
        Assert.Contains("SYSTEM", warning, StringComparison.Ordinal);
        Assert.Contains("*S-1-5-18:R", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_of_the_user_finds_the_key_file_by_itself()
    {
        var plan = await Plan(ScheduleMethod.Task, ScheduleScope.User);
        Assert.Null(plan.Schedule.Command.KeyFile);
        Assert.Empty(plan.Warnings);
    }

    [Fact]
    public async Task A_service_that_may_write_the_data_folder_finds_it_there()
    {
        // The key is named, so nothing else has made a folder of this user's yet.
        locations = new RepositoryLocations(Path.Combine(folder, "fresh"));
        var plan = await Plan(ScheduleMethod.Systemd, ScheduleScope.System, bench.Context.KeyFile);
        Assert.Contains(locations.Root, plan.Schedule.Written);
        Assert.False(Directory.Exists(locations.Root), "looking makes nothing");
        await Operation().RunAsync(plan, default);
        Assert.True(Directory.Exists(locations.Root));
    }

    private RegisterSchedule Operation()
    {
        var places = new SystemdPlaces(folder, folder, folder, folder);
        var schedulers = new SystemSchedulers(
            [new SystemdScheduler(programs, SystemPlatform.Create(), TimeZoneInfo.Utc, places), new WindowsTaskScheduler(programs, "pwsh", @"CORP\me")],
            programs,
            places);
        return new RegisterSchedule(schedulers, locations, bench.Context.Repository.Environment, bench.Context.Connections, observer);
    }

    private Task<SchedulePlan> Plan(ScheduleMethod method, ScheduleScope scope, string? keyFile = null) => Operation().PlanAsync(
        new RegisterScheduleOptions
        {
            Name = "night",
            Method = method,
            Scope = scope,
            Command = ScheduleWorld.Command(bench.RepositoryFolder) with { KeyFile = keyFile },
        },
        default);
}
