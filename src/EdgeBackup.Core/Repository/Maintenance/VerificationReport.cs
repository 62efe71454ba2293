using System.Diagnostics.CodeAnalysis;

namespace EdgeBackup.Core.Repository;

/// <summary>One thing that is wrong with an object, for one item that suffers from it.</summary>
/// <param name="Object">The object's name in the store.</param>
/// <param name="Device">The device of the affected backup; null when no backup suffers.</param>
/// <param name="Backup">The id of the affected backup; null when none suffers.</param>
/// <param name="Path">The affected item's path; null when the whole backup or none suffers.</param>
/// <param name="Reason">One sentence.</param>
[SuppressMessage("Naming", "CA1720", Justification = "Scripts know this property as Object: an object of the store.")]
public sealed record Damage(string Object, string? Device, string? Backup, string? Path, string Reason);

/// <summary>How deep to look.</summary>
/// <param name="ReadData">Read every byte of every object except leases; else only structure.</param>
public sealed record VerifyOptions(bool ReadData);

/// <summary>How far a verification has come.</summary>
/// <param name="ObjectsDone">Objects that have been looked at.</param>
/// <param name="ObjectsTotal">Objects to look at.</param>
/// <param name="BytesDone">Bytes of these objects.</param>
/// <param name="BytesTotal">Bytes of all of them.</param>
public sealed record VerifyProgress(long ObjectsDone, long ObjectsTotal, long BytesDone, long BytesTotal);

/// <summary>What a verification found.</summary>
public sealed record VerificationReport
{
    /// <summary>True when nothing is wrong.</summary>
    public bool Healthy => Damage.Count == 0;

    /// <summary>One row for each affected item; a row without a backup where none is affected.</summary>
    public required IReadOnlyList<Damage> Damage { get; init; }

    /// <summary>What is no damage and still worth knowing, one sentence each: a removal that was interrupted.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Backup records that were found.</summary>
    public required int Backups { get; init; }

    /// <summary>Packs that were found.</summary>
    public required int Packs { get; init; }

    /// <summary>Objects that were looked at, leases not counted.</summary>
    public required long Objects { get; init; }

    /// <summary>Bytes of these objects.</summary>
    public required long Bytes { get; init; }

    /// <summary>Objects under <c>quarantine/</c>, which repairs have put there: no damage, and nothing reads them.</summary>
    public IReadOnlyList<string> Quarantined { get; init; } = [];

    /// <summary>Devices whose newest backup was read whole and found intact; none where not every byte was read.</summary>
    public IReadOnlyList<string> VerifiedDevices { get; init; } = [];

    /// <summary>Intact packs that no backup needs: no damage, only space that Reclaim can free.</summary>
    public required int OrphanedPacks { get; init; }
}
