using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

internal enum LeaseState
{
    Alive,

    /// <summary>Its process has ended, which is proved.</summary>
    Dead,

    /// <summary>It has stood still for so long that it is given up; its owner may wake up nevertheless.</summary>
    Asleep,

    /// <summary>A maintainer that has done its last step.</summary>
    Ended,
}

/// <summary>A lease of somebody else.</summary>
/// <param name="Name">The object's name.</param>
/// <param name="Body">Null when it cannot be read.</param>
/// <param name="State">As far as it can be told from here.</param>
internal sealed record ForeignLease(string Name, LeaseBody? Body, LeaseState State);

/// <summary>Reads the leases of others and judges which of them are alive.</summary>
/// <param name="core">The repository.</param>
/// <param name="own">The lease of who looks; null for none.</param>
internal sealed class LeaseBoard(RepositoryCore core, string? own)
{
    private LeaseSightings? sightings;

    /// <summary>Leases of others, those of earlier maintainers included.</summary>
    public List<ForeignLease> Leases { get; } = [];

    /// <summary>Leases that were given up and whose owners have not shown up since.</summary>
    public List<string> GivenUp { get; } = [];

    /// <summary>The highest number that a maintainer has had; 0 for none.</summary>
    public long HighestNumber { get; private set; }

    public IEnumerable<ForeignLease> Alive => Leases.Where(lease => lease.State == LeaseState.Alive);

    /// <summary>Whether somebody writes.</summary>
    public bool HasWriters => Alive.Any(lease => lease.Body is not { Kind: LeaseKind.Read });

    /// <param name="remember">Whether to write down what was seen, for the next one who looks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAsync(bool remember, CancellationToken cancellationToken)
    {
        sightings ??= await LeaseSightings.LoadAsync(core, cancellationToken).ConfigureAwait(false);
        sightings.Begin();
        Leases.Clear();
        GivenUp.Clear();
        await foreach (var entry in core.Store.ListAsync(LeaseNames.Folder, cancellationToken).ConfigureAwait(false))
        {
            HighestNumber = Math.Max(HighestNumber, LeaseNames.ToNumber(entry.Name) ?? 0);
            if (LeaseNames.FromGone(entry.Name) is { } gone)
            {
                // The number of one that was given up is not given again either.
                HighestNumber = Math.Max(HighestNumber, LeaseNames.ToNumber(gone) ?? 0);
                GivenUp.Add(gone);
            }
            else if (entry.Name != own && !LeaseNames.IsSeen(entry.Name) && await TryReadAsync(entry.Name, cancellationToken).ConfigureAwait(false) is { } content)
            {
                Leases.Add(Judge(entry.Name, content, sightings));
            }
        }

        if (remember)
        {
            await sightings.SaveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Removes the leases of the dead, and says of those that stand still that they are given up before it removes them:
    /// who wakes up finds that, whatever it was about to do.
    /// </summary>
    /// <param name="number">The number of the maintainer who does this: earlier ones are given up, awake or not; later ones are none of its business.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task BuryAsync(long number, CancellationToken cancellationToken)
    {
        foreach (var lease in Leases.Where(lease => !(LeaseNames.ToNumber(lease.Name) > number)).ToList())
        {
            var isOvertaken = LeaseNames.ToNumber(lease.Name) < number;
            if (lease.State == LeaseState.Asleep || (isOvertaken && lease.State == LeaseState.Alive))
            {
                var stone = LeaseNames.ToGone(lease.Name);
                var body = new GoneBody(core.Environment.Clock.GetUtcNow(), lease.Body?.Owner);
                await core.Store.PutAsync(stone, core.Seal(stone, body, RepositoryJson.Default.GoneBody), cancellationToken).ConfigureAwait(false);
                GivenUp.Add(lease.Name);
            }
            else if (lease.State == LeaseState.Alive)
            {
                continue;
            }

            await core.Store.DeleteAsync(lease.Name, cancellationToken).ConfigureAwait(false);
            Leases.Remove(lease);
        }

        foreach (var lease in GivenUp.Distinct().ToList())
        {
            if (await HasEndedAsync(LeaseNames.ToGone(lease), cancellationToken).ConfigureAwait(false))
            {
                await core.Store.DeleteAsync(LeaseNames.ToGone(lease), cancellationToken).ConfigureAwait(false);
                GivenUp.RemoveAll(name => name == lease);
            }
        }
    }

    /// <summary>Who maintains the repository now, in a sentence; null when nobody does.</summary>
    public string? FindOtherMaintenance() =>
        Alive.Where(lease => lease.Body is { Kind: LeaseKind.Maintain } || LeaseNames.ToNumber(lease.Name) is not null).Select(Describe).FirstOrDefault();

    /// <summary>One sentence for each lease that is alive.</summary>
    public IEnumerable<string> DescribeAlive() => Alive.Select(Describe);

    /// <summary>The packs that no living lease can count on: its owner reads nothing, and knows that they are condemned.</summary>
    /// <param name="packs">Condemned packs.</param>
    /// <param name="marks">By name.</param>
    /// <param name="obstacles">Gets a sentence for each lease that keeps some of them.</param>
    public HashSet<string> FindUnused(IEnumerable<string> packs, IReadOnlyDictionary<string, MarkBody> marks, ICollection<string> obstacles)
    {
        var unused = packs.ToHashSet();
        foreach (var lease in Alive)
        {
            var before = unused.Count;
            unused.IntersectWith(lease.Body is { Kind: LeaseKind.Write } body
                ? body.Marks.SelectMany(mark => marks.TryGetValue(mark, out var known) ? known.Packs : [])
                : []);
            if (unused.Count < before)
            {
                obstacles.Add(Describe(lease));
            }
        }

        return unused;
    }

    /// <returns>Null when it is gone meanwhile; nothing when it is there and cannot be read: as a torn one it stands still then.</returns>
    private async Task<byte[]?> TryReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            return [];
        }
    }

    private ForeignLease Judge(string name, byte[] content, LeaseSightings seen)
    {
        LeaseBody? body = null;
        try
        {
            body = System.Text.Json.JsonSerializer.Deserialize(core.Sealer.Open(name, name, content), RepositoryJson.Default.LeaseBody);
        }
        catch (Exception exception) when (exception is ObjectDamagedException or System.Text.Json.JsonException)
        {
            // Somebody's lease, nobody knows whose: alive for as long as its bytes change.
        }

        if (body?.Ended == true)
        {
            return new ForeignLease(name, body, LeaseState.Ended);
        }

        var stands = seen.Note(name, body?.Counter ?? BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(content)));
        var state = body?.Owner.Look() == ProcessState.Dead ? LeaseState.Dead : stands ? LeaseState.Asleep : LeaseState.Alive;
        return new ForeignLease(name, body, state);
    }

    private async Task<bool> HasEndedAsync(string stone, CancellationToken cancellationToken)
    {
        try
        {
            var body = await core.TryOpenAsync(stone, RepositoryJson.Default.GoneBody, cancellationToken).ConfigureAwait(false);
            return body?.Owner?.Look() == ProcessState.Dead;
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // It says what it has to say by its name.
            return false;
        }
    }

    private static string Describe(ForeignLease lease)
    {
        if (lease.Body is not { } body)
        {
            return $"The lease '{lease.Name}' cannot be read; it counts as alive until it has not changed for an hour.";
        }

        var does = body.Kind switch { LeaseKind.Read => "reads", LeaseKind.Write => "writes backups", _ => "maintains the repository" };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Process {body.Pid} on {body.Scope.Split(' ')[0]} {does} since {body.Taken:yyyy-MM-dd HH:mm:ss}Z; what it may rely on stays until it has ended.");
    }
}
