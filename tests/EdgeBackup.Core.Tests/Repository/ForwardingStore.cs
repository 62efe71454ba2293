using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>Hands every call on to another store; what derives from it changes some.</summary>
internal abstract class ForwardingStore(IObjectStore inner) : IObjectStore
{
    public string Location => inner.Location;

    public virtual Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.PutAsync(name, content, cancellationToken);

    public virtual Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken) =>
        inner.PutManyAsync(objects, cancellationToken);

    public virtual Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.OverwriteAsync(name, content, cancellationToken);

    public virtual Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.ReplaceAsync(name, content, cancellationToken);

    public virtual Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken) => inner.GetAsync(name, cancellationToken);

    public virtual ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        inner.ReadAsync(name, offset, buffer, cancellationToken);

    public virtual IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    public virtual Task<bool> DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);
}
