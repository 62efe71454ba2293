namespace EdgeBackup.Core.Repository;

/// <summary>How to free space.</summary>
/// <param name="WhatIf">Tell what would happen; write and delete nothing.</param>
public sealed record ReclaimOptions(bool WhatIf);

/// <summary>What was freed, and what had to stay.</summary>
public sealed record ReclaimReport
{
    /// <summary>Bytes of removed objects less the bytes of those written instead.</summary>
    public long BytesFreed { get; init; }

    /// <summary>Packs that held nothing that is needed.</summary>
    public int PacksDeleted { get; init; }

    /// <summary>Packs whose needed part was written anew.</summary>
    public int PacksRewritten { get; init; }

    /// <summary>Index objects that were replaced by fewer.</summary>
    public int IndexObjectsMerged { get; init; }

    /// <summary>Packs that are marked and will go in a later run.</summary>
    public int PacksCondemned { get; init; }

    /// <summary>Temporary files of dead processes that were removed.</summary>
    public int LeftoversRemoved { get; init; }

    /// <summary>
    /// A backup record or an item list cannot be read, so that it is not known what is needed: nothing was freed.
    /// <see cref="Left"/> names each. To be told to the user as a warning, since the run did not do what it was for.
    /// </summary>
    public bool IsStoppedByDamage { get; init; }

    /// <summary>What was left and why, one sentence each (a live writer's lease, damage).</summary>
    public IReadOnlyList<string> Left { get; init; } = [];
}
