using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// Remembers at which counter this machine has seen each lease, and since when by its own clock: neither the store's clock
/// nor another machine's has any say. What is remembered is an aid; losing it costs another hour of waiting.
/// </summary>
internal sealed class LeaseSightings
{
    /// <summary>
    /// A lease that has not moved for so long is given up, also when its process is there: it may be stopped for ever.
    /// Far longer than a renewal takes, and whoever did sleep through it finds out before it records or removes anything.
    /// </summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromHours(1);

    private readonly RepositoryCore core;
    private readonly string name;
    private readonly string scope;
    private Dictionary<string, Sighting> known;
    private Dictionary<string, Sighting> current = [];

    private LeaseSightings(RepositoryCore core, string scope, string name, IEnumerable<KeyValuePair<string, Sighting>> known)
    {
        this.core = core;
        this.scope = scope;
        this.name = name;
        this.known = new Dictionary<string, Sighting>(known);
    }

    public static async Task<LeaseSightings> LoadAsync(RepositoryCore core, CancellationToken cancellationToken)
    {
        // Of the machine, not of its start or a container: its clock runs on, and an hour need not pass between two starts.
        var scope = ProcessIdentity.ReadMachineScope();
        var name = LeaseNames.ToSeen(ProcessIdentity.Shorten(scope));
        SeenBody? body = null;
        try
        {
            body = await core.TryOpenAsync(name, RepositoryJson.Default.SeenBody, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // Torn, like any lease after a power failure, or on a bad sector: the hour begins anew.
        }

        return new LeaseSightings(core, scope, name, body is not null && body.Scope == scope ? body.Leases : new Dictionary<string, Sighting>());
    }

    /// <summary>Begins a look at all leases.</summary>
    public void Begin() => current = [];

    /// <summary>Notes a lease.</summary>
    /// <returns>Whether it has stood at this counter for so long that its owner may be given up.</returns>
    public bool Note(string lease, long counter)
    {
        var now = core.Environment.Clock.GetUtcNow();
        var sighting = known.TryGetValue(lease, out var before) && before.Counter == counter && before.Since <= now ? before : new Sighting(counter, now);
        current[lease] = sighting;
        return now - sighting.Since > LongEnough;
    }

    /// <summary>Writes down what is new; leases that are gone are forgotten.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        if (known.Count == current.Count && current.All(entry => known.TryGetValue(entry.Key, out var before) && before == entry.Value))
        {
            return;
        }

        known = current;
        if (known.Count == 0)
        {
            await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
            return;
        }

        var content = core.Seal(name, new SeenBody(scope, known), RepositoryJson.Default.SeenBody);
        await core.Store.OverwriteAsync(name, content, cancellationToken).ConfigureAwait(false);
    }
}
