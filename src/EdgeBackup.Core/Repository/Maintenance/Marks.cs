using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>The body of <c>marks/&lt;id&gt;</c>: packs that will be removed once nobody can rely on them any more.</summary>
/// <param name="Created">UTC; for people.</param>
/// <param name="Packs">Hashes.</param>
/// <param name="Observed">Leases of other machines, with their counters at this time, by the clock of the observer.</param>
internal sealed record MarkBody(DateTimeOffset Created, IReadOnlyList<string> Packs, IReadOnlyDictionary<string, long> Observed);

/// <summary>Reads marks.</summary>
internal static class Marks
{
    public const string Folder = "marks/";

    /// <exception cref="ObjectDamagedException">A mark is altered: what it condemns is not known.</exception>
    public static async Task<Dictionary<string, MarkBody>> ReadAsync(RepositoryCore core, CancellationToken cancellationToken)
    {
        var marks = new Dictionary<string, MarkBody>();
        await foreach (var entry in core.Store.ListAsync(Folder, cancellationToken).ConfigureAwait(false))
        {
            if (await core.TryOpenAsync(entry.Name, RepositoryJson.Default.MarkBody, cancellationToken).ConfigureAwait(false) is { } mark)
            {
                marks[entry.Name] = mark;
            }
        }

        return marks;
    }
}
