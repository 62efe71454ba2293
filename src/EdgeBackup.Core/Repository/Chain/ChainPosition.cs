namespace EdgeBackup.Core.Repository;

/// <summary>A place in a repository's chain of records; two histories never share one (docs/format.md, Chain).</summary>
/// <param name="Sequence">The entry's number, from 1.</param>
/// <param name="Hash">SHA-256 of the entry's bytes, 64 hex digits.</param>
public sealed record ChainPosition(long Sequence, string Hash);

/// <summary>
/// Where a client keeps, outside the store, the newest place in each repository's chain that it has seen: what shows
/// that a store was taken back. Best effort; no member throws because the place cannot be read or written.
/// </summary>
public interface IChainMemory
{
    /// <summary>The newest position seen; null where none is known.</summary>
    /// <param name="repositoryId">32 hex digits.</param>
    ChainPosition? Read(string repositoryId);

    /// <summary>Remembers a position instead of the one known.</summary>
    /// <param name="repositoryId">32 hex digits.</param>
    /// <param name="position">What was seen.</param>
    void Write(string repositoryId, ChainPosition position);
}
