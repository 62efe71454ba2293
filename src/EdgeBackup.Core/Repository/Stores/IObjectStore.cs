namespace EdgeBackup.Core.Repository.Stores;

/// <summary>An object's name and size.</summary>
/// <param name="Name">Lower-case segments of [a-z0-9._-] with '/' between them.</param>
/// <param name="Length">Bytes.</param>
public sealed record ObjectInfo(string Name, long Length);

/// <summary>
/// Where a repository's write-once objects are. An object appears whole or not at all, is durable when
/// <see cref="PutAsync"/> returns, and never changes. Every member may throw <see cref="IOException"/>.
/// Implementations pass the store conformance suite.
/// </summary>
public interface IObjectStore
{
    /// <summary>For messages: a path or an address.</summary>
    string Location { get; }

    /// <summary>Writes an object, durably, with its folder entry.</summary>
    /// <returns>False when an object of this name exists already; it is left as it is.</returns>
    Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Writes several small objects; cheaper than one by one. One that cannot be written does not hold up the others.</summary>
    /// <returns>For each object, in their order: null when it is durable or its name exists already, else why it is not.</returns>
    Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken);

    /// <summary>Replaces or makes an object that is not write-once (leases only).</summary>
    Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>
    /// Puts what an object should be in the place of a damaged one, durably: readers find either, never none. Only for
    /// mending, and only when what was there has been put elsewhere.
    /// </summary>
    Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Reads a whole object.</summary>
    /// <returns>Null when there is none of this name.</returns>
    Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Fills the buffer from an offset.</summary>
    /// <returns>Bytes read; fewer than asked for only at the end of the object; -1 when there is none of this name.</returns>
    ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Lists the objects below a prefix that ends with '/', in no particular order; nothing when there is none.</summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Removes an object, durably.</summary>
    /// <returns>False when there was none.</returns>
    Task<bool> DeleteAsync(string name, CancellationToken cancellationToken);
}
