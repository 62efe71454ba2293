using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

internal enum LeaseKind
{
    Read,
    Write,
    Maintain,
}

/// <summary>The body of a lease.</summary>
/// <param name="Kind">What its owner does.</param>
/// <param name="Taken">UTC; for people.</param>
/// <param name="Scope">See <see cref="ProcessIdentity"/>.</param>
/// <param name="Pid">See <see cref="ProcessIdentity"/>.</param>
/// <param name="Start">See <see cref="ProcessIdentity"/>.</param>
/// <param name="Counter">Grows with each renewal: the only sign of life of another machine.</param>
/// <param name="Marks">The marks that the owner of a write lease knows and keeps to.</param>
internal sealed record LeaseBody(LeaseKind Kind, DateTimeOffset Taken, string Scope, int Pid, string Start, long Counter, IReadOnlyList<string> Marks)
{
    /// <summary>True in the lease of a maintainer that has done its last step: the lease stays for the sake of its number.</summary>
    public bool? Ended { get; init; }

    [System.Text.Json.Serialization.JsonIgnore]
    public ProcessIdentity Owner => new(Scope, Pid, Start);
}

/// <summary>The body of <c>leases/gone-&lt;lease&gt;</c>: the owner of that lease stood still for so long that others went on without it.</summary>
/// <param name="Created">UTC; for people.</param>
/// <param name="Owner">Absent when the lease could not be read.</param>
internal sealed record GoneBody(DateTimeOffset Created, ProcessIdentity? Owner);

/// <summary>The body of <c>leases/seen-&lt;machine&gt;</c>: what the maintainers of one machine have seen of leases, by the clock of that machine.</summary>
/// <param name="Scope">Of the observers; others' clocks mean nothing.</param>
/// <param name="Leases">By name.</param>
internal sealed record SeenBody(string Scope, IReadOnlyDictionary<string, Sighting> Leases);

/// <param name="Counter">Of the lease when it was seen.</param>
/// <param name="Since">When it was first seen at this counter.</param>
internal sealed record Sighting(long Counter, DateTimeOffset Since);
