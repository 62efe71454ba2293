using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Reads the leases of others and judges which of them are alive.</summary>
internal sealed class LeaseBoard(RepositoryCore core, string? own)
{
    /// <summary>
    /// Between two observations of a lease of another machine that has not moved. Far longer than a renewal takes, and
    /// a writer that did sleep through it looks again before it records anything.
    /// </summary>
    private static readonly TimeSpan FarApart = TimeSpan.FromHours(1);

    /// <summary>Leases of processes that cannot be looked at from here, and their counters.</summary>
    public Dictionary<string, long> Elsewhere { get; } = [];

    /// <summary>Live leases of others.</summary>
    public List<(string Name, LeaseBody? Body)> Alive { get; } = [];

    /// <param name="marks">For the observations in them.</param>
    /// <param name="removeDead">Whether to remove dead leases.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAsync(IEnumerable<MarkBody> marks, bool removeDead, CancellationToken cancellationToken)
    {
        Alive.Clear();
        Elsewhere.Clear();
        var observations = marks.ToList();
        await foreach (var entry in core.Store.ListAsync(Lease.Folder, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Name == own || await core.Store.GetAsync(entry.Name, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                continue;
            }

            var (body, counter) = await OpenAsync(entry.Name, content, cancellationToken).ConfigureAwait(false);
            var state = body?.Owner.Look() ?? ProcessState.Elsewhere;
            if (state == ProcessState.Elsewhere && observations.Any(mark => HasNotMoved(mark, entry.Name, counter)))
            {
                state = ProcessState.Dead;
            }

            if (state == ProcessState.Dead)
            {
                if (removeDead)
                {
                    await core.Store.DeleteAsync(entry.Name, cancellationToken).ConfigureAwait(false);
                }

                continue;
            }

            if (state == ProcessState.Elsewhere)
            {
                Elsewhere[entry.Name] = counter;
            }

            Alive.Add((entry.Name, body));
        }
    }

    /// <summary>Why packs with these marks cannot be removed now, one sentence each.</summary>
    public IEnumerable<string> FindObstacles(IReadOnlyCollection<string> marks) =>
        Alive.Where(lease => lease.Body is not { Kind: LeaseKind.Write } body || !marks.All(body.Marks.Contains)).Select(Describe);

    /// <summary>Whether somebody writes.</summary>
    public bool HasWriters => Alive.Exists(lease => lease.Body is not { Kind: LeaseKind.Read });

    public string? FindOtherMaintenance() =>
        Alive.Where(lease => lease.Body is { Kind: LeaseKind.Maintain }).Select(Describe).FirstOrDefault();

    private bool HasNotMoved(MarkBody mark, string name, long counter) =>
        mark.Observed.TryGetValue(name, out var seen) && seen == counter && core.Environment.Clock.GetUtcNow() - mark.Created > FarApart;

    private async Task<(LeaseBody? Body, long Counter)> OpenAsync(string name, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            var body = await core.TryOpenAsync(name, RepositoryJson.Default.LeaseBody, cancellationToken).ConfigureAwait(false);
            if (body is not null)
            {
                return (body, body.Counter);
            }
        }
        catch (ObjectDamagedException)
        {
            // Somebody's lease, nobody knows whose: alive for as long as its bytes change.
        }

        return (null, BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(content)));
    }

    private static string Describe((string Name, LeaseBody? Body) lease)
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
