using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>Which archives of a device go with the next run, because its policy does not want them kept any longer.</summary>
/// <param name="Expired">Oldest first.</param>
/// <param name="OldestKept">See <see cref="ArchiveRun.OldestKept"/>.</param>
internal sealed record ArchiveExpiry(IReadOnlyList<ArchiveLink> Expired, long OldestKept)
{
    public static async Task<ArchiveExpiry> PlanAsync(
        RepositoryContext context, IOperationObserver observer, DeviceRegistration registration, ArchiveRuns runs, string parent, CancellationToken cancellationToken)
    {
        var oldest = runs.Last?.OldestKept ?? 1;
        var (kept, hold) = await LoadPolicyAsync(context, registration, cancellationToken).ConfigureAwait(false);
        if (kept is not { } years || runs.Last is not { } last)
        {
            return new ArchiveExpiry([], oldest);
        }

        var now = context.Clock.GetUtcNow();
        var expired = new List<ArchiveLink>();
        var isUnbroken = true;
        await foreach (var run in runs.FromAsync(oldest, cancellationToken).ConfigureAwait(false))
        {
            if (now < ExpiresAt(run, years))
            {
                break;
            }

            // Archives in another folder wait for a run that goes there; the newest always stays, to hold the chain.
            if (run.Number < last.Number && ArchivePlaces.IsSame(run.Parent, parent, context.Platform))
            {
                if (ArchivePlaces.Find(run) is not null)
                {
                    expired.Add(new ArchiveLink(run.Number, run.Folder, run.Manifest));
                }
                else if (MachineOf(run.Author) != MachineOf(context.Author) || ArchivePlaces.IsAway(run))
                {
                    // The same path on another machine may be another disk, and without its drive it is another folder.
                    isUnbroken = false;
                }
            }
            else
            {
                isUnbroken = false;
            }

            oldest = isUnbroken ? run.Number + 1 : oldest;
        }

        var held = hold
            ?? (now < last.Time ? $"the clock stands before the last run ({last.Time:u})" : null);
        if (expired.Count == 0 || held is null)
        {
            return new ArchiveExpiry(expired, oldest);
        }

        observer.Warning($"{registration.Id}: {expired.Count} archives are older than {years} years and are kept, because {held}.");
        return new ArchiveExpiry([], runs.Last.OldestKept);
    }

    /// <summary>How many years archives are kept, null for ever; and why nothing may be removed now, null for no reason.</summary>
    public static async Task<(int? Years, string? Held)> LoadPolicyAsync(RepositoryContext context, DeviceRegistration registration, CancellationToken cancellationToken)
    {
        var policies = await PolicyBook.LoadAsync(context.Repository, warn: null, cancellationToken).ConfigureAwait(false);
        var policy = policies.For(registration.Id, registration.Type, registration.Tags, registration.Site);
        return (policy.ArchiveRetentionYears, policy.LegalHold ? "a policy puts a legal hold on the device"
            : policies.Unreadable.Count > 0 ? $"{policies.Unreadable.Count} of the policies cannot be read"
            : null);
    }

    private static string MachineOf(string author) => author[(author.LastIndexOf('@') + 1)..];

    private static DateTimeOffset ExpiresAt(ArchiveRun run, int years) =>
        run.Time.UtcDateTime.Year + years > DateTime.MaxValue.Year ? DateTimeOffset.MaxValue : new DateTimeOffset(run.Time.UtcDateTime.AddYears(years), TimeSpan.Zero);
}
