using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Groups;

/// <summary>
/// Who stands in whose place since devices were replaced (R8). What stood below a broken server stands below the one that
/// replaced it, and a replacement that was registered without a parent stands where the broken device stood.
/// </summary>
internal sealed class ReplacementRow
{
    private readonly Dictionary<string, (string? Parent, string? ReplacedBy)> places;
    private readonly ILookup<string, string> predecessors;

    private ReplacementRow(Dictionary<string, (string? Parent, string? ReplacedBy)> places)
    {
        this.places = places;
        predecessors = places.Where(pair => pair.Value.ReplacedBy is not null)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .ToLookup(pair => pair.Value.ReplacedBy!, pair => pair.Key, StringComparer.Ordinal);
    }

    /// <summary>Reads what the devices' own logs tell of parents that are not registered any more.</summary>
    /// <param name="context">The repository.</param>
    /// <param name="registered">All registered devices.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<ReplacementRow> ReadAsync(RepositoryContext context, IEnumerable<CatalogDevice> registered, CancellationToken cancellationToken)
    {
        var places = registered.ToDictionary(device => device.Id, device => (device.Parent, device.ReplacedBy), StringComparer.Ordinal);
        var open = new Queue<string>(places.Values.SelectMany(place => (string?[])[place.Parent, place.ReplacedBy]).OfType<string>().Distinct(StringComparer.Ordinal));
        while (open.TryDequeue(out var id))
        {
            if (!places.ContainsKey(id))
            {
                var next = (await context.Devices.GetAsync(id, cancellationToken).ConfigureAwait(false)).Fence?.ReplacedBy;
                places.Add(id, (null, next));
                if (next is not null)
                {
                    open.Enqueue(next);
                }
            }
        }

        return new ReplacementRow(places);
    }

    /// <summary>The device that is in service in the place of one: itself where it was not replaced.</summary>
    public string Last(string device)
    {
        var passed = new HashSet<string>(StringComparer.Ordinal) { device };
        while (places.TryGetValue(device, out var place) && place.ReplacedBy is { } next && passed.Add(next))
        {
            device = next;
        }

        return device;
    }

    /// <summary>The device in service that one stands below.</summary>
    /// <returns>Null for one that stands below none.</returns>
    public string? FindParent(string device)
    {
        var passed = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([device]);
        while (open.TryDequeue(out var id))
        {
            if (!passed.Add(id))
            {
                continue;
            }

            // A spare is often registered below the very server that it is to replace.
            if (places.GetValueOrDefault(id).Parent is { } parent && Last(parent) is var above && above != device)
            {
                return above;
            }

            foreach (var predecessor in predecessors[id])
            {
                open.Enqueue(predecessor);
            }
        }

        return null;
    }
}
