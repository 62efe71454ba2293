using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>Finds the policy of one device after another in a listing; remembers the last, since listings go by device.</summary>
internal sealed class PolicyResolver
{
    private readonly RepositoryContext context;
    private readonly PolicyBook policies;
    private (string Device, EffectivePolicy Policy)? last;

    public PolicyResolver(RepositoryContext context, PolicyBook policies)
    {
        this.context = context;
        this.policies = policies;
    }

    public async ValueTask<EffectivePolicy> ForAsync(string device, string? type, CancellationToken cancellationToken)
    {
        if (last is { } known && known.Device == device)
        {
            return known.Policy;
        }

        var registration = policies.NeedsRegistration
            ? (await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false)).LastRegistration
            : null;
        var policy = policies.For(device, type, registration?.Tags ?? [], registration?.Site);
        last = (device, policy);
        return policy;
    }
}
