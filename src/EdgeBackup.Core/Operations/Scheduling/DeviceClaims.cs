using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>
/// Takes devices in hand for one run, so that runs on several machines do not do the same device twice. A claim is part of
/// what is known of a device's attempts, which one of two writers gets to replace; and it names the run's lease, so it ends
/// with the run, however that ends.
/// </summary>
internal sealed class DeviceClaims(RepositoryContext context, WriteSession session)
{
    /// <summary>Others may write between the look and the claim: then there is something new to look at.</summary>
    private const int Looks = 3;

    /// <summary>Takes a device in hand.</summary>
    /// <returns>The attempts with the claim; or null, and why not.</returns>
    public async Task<(KnownAttempts? Claimed, string? Why)> TryTakeAsync(PlannedDevice planned, CancellationToken cancellationToken)
    {
        for (var look = 0; look < Looks; look++)
        {
            var seen = await context.Attempts.ReadAsync(planned.Device.Id, cancellationToken).ConfigureAwait(false);
            if (seen.State.Claim is { } other && other.Lease != session.LeaseName && await context.Repository.IsAtWorkAsync(other.Lease, cancellationToken).ConfigureAwait(false))
            {
                return (null, $"Another run of the schedule ({other.Author}) has had it in hand since {other.Since:u}.");
            }

            if (seen.Number != (planned.Device.Attempts?.Number ?? 0) && !IsStillDue(planned, seen.State))
            {
                return (null, $"Another run of the schedule ({seen.State.Author}) has just done it.");
            }

            var claim = new AttemptClaim(session.LeaseName, context.Author, context.Clock.GetUtcNow());
            var next = seen.State with { Claim = claim, PostponedSince = seen.State.PostponedSince ?? planned.Device.PostponedSince };
            if (await context.Attempts.TryWriteAsync(seen, next, cancellationToken).ConfigureAwait(false) is { } claimed)
            {
                return (claimed, null);
            }
        }

        return (null, "Other runs of the schedule have it in hand.");
    }

    private bool IsStillDue(PlannedDevice planned, AttemptState state)
    {
        var newest = state.LastSuccess is { } success && !(success <= planned.Device.LastBackup) ? success : planned.Device.LastBackup;
        var subject = planned.Subject! with { Newest = newest, NextTry = state.NextTry };
        return new DuePlanner(context.Clock.GetUtcNow(), spread: TimeSpan.Zero).Decide(subject).State == DueState.Due;
    }
}
