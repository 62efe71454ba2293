using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>Says which devices are due. Reads, and writes nothing.</summary>
public sealed class PlanSchedule
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public PlanSchedule(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Decides about devices as they stand now.</summary>
    /// <param name="devices">Ids of registered devices; null for all that are in service.</param>
    /// <param name="spread">Over how long devices whose window has just opened are spread.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IReadOnlyList<PlannedDevice>> RunAsync(IReadOnlyCollection<string>? devices, TimeSpan spread, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var problems = new List<EdgeBackupException>();
        problems.AddRange(await context.Catalog.RefreshDevicesAsync(devices, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshBackupsAsync(devices, cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshEventsAsync(cancellationToken).ConfigureAwait(false));
        problems.AddRange(await context.Catalog.RefreshAttemptsAsync(devices, cancellationToken).ConfigureAwait(false));
        foreach (var problem in problems)
        {
            observer.Warning(problem.Message);
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        var planner = new DuePlanner(context.Clock.GetUtcNow(), spread);
        var subjects = new DueSubjects(context.Clock);
        var plan = new List<PlannedDevice>();
        var guessed = new List<(string Id, string? Site)>();
        var query = new DeviceQuery { Ids = devices, Replaced = devices is null ? false : null };
        await foreach (var device in context.Catalog.QueryDevicesAsync(query, cancellationToken).ConfigureAwait(false))
        {
            var policy = policies.For(device.Id, device.Type, device.Tags, device.Site);
            plan.Add(Decide(device, policy, planner, subjects));
            if (WindowZones.IsGuessed(policy))
            {
                guessed.Add((device.Id, device.Site));
            }
        }

        WindowZones.Warn(guessed, context.Clock, observer);

        return plan;
    }

    private static PlannedDevice Decide(CatalogDevice device, EffectivePolicy policy, DuePlanner planner, DueSubjects subjects)
    {
        try
        {
            var subject = subjects.From(device, policy);
            return new PlannedDevice(device, policy, subject, planner.Decide(subject), Fault: null);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.PolicyInvalid)
        {
            // One policy that this version cannot read keeps no other device from its backup (R16).
            return new PlannedDevice(device, policy, Subject: null, Decision: default, exception);
        }
    }
}
