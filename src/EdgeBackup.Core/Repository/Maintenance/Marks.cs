namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>The body of <c>marks/&lt;id&gt;</c>: packs that will be removed once nobody can rely on them any more.</summary>
/// <param name="Created">UTC; for people.</param>
/// <param name="Packs">Hashes.</param>
/// <param name="Fence">The number of the maintainer that wrote it.</param>
internal sealed record MarkBody(DateTimeOffset Created, IReadOnlyList<string> Packs, long Fence);

/// <summary>Reads and writes marks.</summary>
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

    /// <summary>Condemns packs; everybody who begins to write from now on knows.</summary>
    public static async Task<(string Name, MarkBody Body)> PutAsync(RepositoryCore core, IReadOnlyList<string> packs, long fence, CancellationToken cancellationToken)
    {
        var id = new byte[12];
        core.Environment.Random.Fill(id);
        var name = Folder + Convert.ToHexStringLower(id);
        var body = new MarkBody(core.Environment.Clock.GetUtcNow(), packs, fence);
        await core.Store.PutAsync(name, core.Seal(name, body, RepositoryJson.Default.MarkBody), cancellationToken).ConfigureAwait(false);
        return (name, body);
    }
}
