using System.Diagnostics.CodeAnalysis;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository;

/// <summary>Where a mended object's bytes came from.</summary>
public enum RepairMethod
{
    /// <summary>From the recovery data in the pack itself; its name proves the result.</summary>
    RecoveryData,

    /// <summary>From another repository.</summary>
    SecondRepository,

    /// <summary>From the device, which still had the same bytes.</summary>
    Device,

    /// <summary>What was whole in a damaged pack was copied into a new one.</summary>
    Salvaged,

    /// <summary>Made anew from objects that say the same.</summary>
    Rebuilt,

    /// <summary>It stood under another object's name.</summary>
    Misplaced,
}

/// <summary>How to repair.</summary>
public sealed record RepairOptions
{
    /// <summary>Tell what would happen; write nothing, and ask no device.</summary>
    public bool WhatIf { get; init; }

    /// <summary>Another repository with the same backups: a copy of this one, or one with keys of its own; open. Only read.</summary>
    public EdgeRepository? From { get; init; }

    /// <summary>Names of records that are missing although the chain does not miss them any more; a copy may still have them.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Gives bytes of lost items from elsewhere; null for nobody.</summary>
    public IRepairSource? Source { get; init; }
}

/// <summary>One thing that was mended.</summary>
/// <param name="Object">The damaged object, or the chunk that had none.</param>
/// <param name="Method">Where its bytes came from.</param>
/// <param name="Device">Of the item that was brought back; null for whole objects.</param>
/// <param name="Backup">The id of its backup; null for whole objects.</param>
/// <param name="Path">Its path; null for whole objects.</param>
[SuppressMessage("Naming", "CA1720", Justification = "Scripts know this property as Object: an object of the store.")]
public sealed record MendedObject(string Object, RepairMethod Method, string? Device, string? Backup, string? Path);

/// <summary>What a repair did, or would do.</summary>
public sealed record RepairReport
{
    /// <summary>What was damaged and no longer is.</summary>
    public IReadOnlyList<MendedObject> Mended { get; init; } = [];

    /// <summary>The objects under <c>quarantine/</c> that hold what was replaced.</summary>
    public IReadOnlyList<string> Quarantined { get; init; } = [];

    /// <summary>What is still damaged or lost, a row for each item that suffers.</summary>
    public IReadOnlyList<Damage> Gone { get; init; } = [];

    /// <summary>What was left and why, one sentence each; to be told as warnings.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    /// <summary>Whether nothing is damaged any more.</summary>
    public bool Healthy => Gone.Count == 0;
}

/// <summary>An item, or the item list of a backup, some of whose bytes are in no pack.</summary>
/// <param name="Device">Whose backup it is in.</param>
/// <param name="Backup">The backup's id.</param>
/// <param name="Content">What the backup covers.</param>
/// <param name="Path">The item; null for the item list.</param>
public sealed record LostItem(string Device, string Backup, BackupContent Content, string? Path);

/// <summary>A content that was offered.</summary>
/// <param name="Digest">SHA-256 of its bytes, 64 hex digits.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Chunks">Its chunks, wanted or not.</param>
public sealed record OfferedContent(string Digest, long Length, IReadOnlyList<ChunkId> Chunks);

/// <summary>Takes bytes that may be lost ones. What they are is proved by the ids of their chunks, whatever they are offered as.</summary>
public interface IRepairSink
{
    /// <summary>Bytes that were offered, are of use, and are not accepted yet.</summary>
    long StagedBytes { get; }

    /// <summary>Reads a content to its end and keeps the chunks that are lost.</summary>
    Task<OfferedContent> OfferAsync(Stream content, CancellationToken cancellationToken);

    /// <summary>Writes the item list that a backup of these items would have, and keeps the chunks of it that are lost.</summary>
    /// <param name="items">In ascending ordinal order of their paths.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task OfferListAsync(IAsyncEnumerable<SavedItem> items, CancellationToken cancellationToken);

    /// <summary>Stores what was offered.</summary>
    Task AcceptAsync();

    /// <summary>Forgets what was offered since the last acceptance.</summary>
    void Discard();
}

/// <summary>Offers bytes of lost items.</summary>
public interface IRepairSource
{
    /// <param name="lost">What is wanted.</param>
    /// <param name="sink">Takes contents.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task OfferAsync(IReadOnlyList<LostItem> lost, IRepairSink sink, CancellationToken cancellationToken);
}
