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
internal sealed class DeviceClaims(RepositoryContext context, WriteSession session) : IDisposable
{
    /// <summary>Others may write between the look and the claim: then there is something new to look at.</summary>
    private const int Looks = 3;

    /// <summary>What was found of a lease holds for so long: a run may find all of its devices in the hands of one other.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<string, (bool IsAtWork, long Looked)> leases = new(StringComparer.Ordinal);

    /// <summary>Takes a device in hand.</summary>
    /// <returns>The attempts with the claim; or null, and why not.</returns>
    public async Task<(KnownAttempts? Claimed, string? Why)> TryTakeAsync(PlannedDevice planned, CancellationToken cancellationToken)
    {
        for (var look = 0; look < Looks; look++)
        {
            var seen = await context.Attempts.ReadAsync(planned.Device.Id, cancellationToken).ConfigureAwait(false);
            if (seen.State.Claim is { } other && other.Lease != session.LeaseName && await IsAtWorkAsync(other.Lease, cancellationToken).ConfigureAwait(false))
            {
                return (null, $"Another run of the schedule ({other.Author}) has had it in hand since {other.Since:u}.");
            }

            if (seen.Number != (planned.Device.Attempts?.Number ?? 0) && !IsStillDue(planned, seen.State))
            {
                return (null, $"Another run of the schedule ({seen.State.Author}) has just done it.");
            }

            var claim = new AttemptClaim(session.LeaseName, context.Author, context.Clock.GetUtcNow());
            var next = seen.State with { Claim = claim, PostponedSince = seen.State.PostponedSince ?? planned.Device.PostponedSince };
            if (await context.Attempts.TryWriteAsync(seen, next, cancellationToken).ConfigureAwait(false) is { } claimed && claimed.State.Claim?.Lease == session.LeaseName)
            {
                return (claimed, null);
            }
        }

        return (null, "Other runs of the schedule have it in hand.");
    }

    public void Dispose() => gate.Dispose();

    private async Task<bool> IsAtWorkAsync(string lease, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!leases.TryGetValue(lease, out var known) || context.Clock.GetElapsedTime(known.Looked) > Remembered)
            {
                var looked = context.Clock.GetTimestamp();
                leases[lease] = known = (await context.Repository.IsAtWorkAsync(lease, cancellationToken).ConfigureAwait(false), looked);
            }

            return known.IsAtWork;
        }
        finally
        {
            gate.Release();
        }
    }

    private bool IsStillDue(PlannedDevice planned, AttemptState state)
    {
        var newest = state.LastSuccess is { } success && !(success <= planned.Device.LastBackup) ? success : planned.Device.LastBackup;
        var subject = planned.Subject! with { Newest = newest, NextTry = state.NextTry };
        return new DuePlanner(context.Clock.GetUtcNow(), spread: TimeSpan.Zero).Decide(subject).State == DueState.Due;
    }
}
