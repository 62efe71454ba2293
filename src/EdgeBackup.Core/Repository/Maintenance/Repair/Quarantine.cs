using System.Globalization;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Keeps what a repair replaces, in a folder for each repair. Nothing takes an object's place, and none is removed,
/// before its copy here is durable.
/// </summary>
internal sealed class Quarantine
{
    public const string Folder = "quarantine/";

    private readonly RepositoryCore core;
    private readonly bool whatIf;
    private readonly string folder;
    private readonly List<string> kept = [];

    /// <param name="core">The repository.</param>
    /// <param name="whatIf">Write nothing.</param>
    public Quarantine(RepositoryCore core, bool whatIf)
    {
        this.core = core;
        this.whatIf = whatIf;
        Span<byte> random = stackalloc byte[3];
        core.Environment.Random.Fill(random);
        var time = core.Environment.Clock.GetUtcNow().UtcDateTime;
        folder = string.Create(CultureInfo.InvariantCulture, $"{Folder}{time:yyyyMMdd}t{time:HHmmss}z-{Convert.ToHexStringLower(random)}/");
    }

    /// <summary>Names of the copies.</summary>
    public IReadOnlyList<string> Kept => kept;

    /// <summary>Keeps a copy.</summary>
    /// <returns>The copy's name.</returns>
    public async Task<string> KeepAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!kept.Contains(folder + name))
        {
            if (!whatIf)
            {
                await core.Store.PutAsync(folder + name, content, cancellationToken).ConfigureAwait(false);
            }

            kept.Add(folder + name);
        }

        return folder + name;
    }

    /// <summary>Keeps a copy of an object and removes it from its place.</summary>
    public async Task MoveAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await KeepAsync(name, content, cancellationToken).ConfigureAwait(false);
        if (!whatIf)
        {
            await core.Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Puts good bytes in the place of an object whose copy is kept, or that is missing.</summary>
    public Task ReplaceAsync(string name, ReadOnlyMemory<byte> good, CancellationToken cancellationToken) =>
        whatIf ? Task.CompletedTask : core.Store.ReplaceAsync(name, good, cancellationToken);
}
