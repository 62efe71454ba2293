using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

/// <summary>A disk on which some sectors of one object cannot be read, until the object is written anew.</summary>
internal sealed class BrokenSectorStore(MemoryObjectStore inner, string name, int sector, int sectors) : IObjectStore
{
    private bool isMended;

    public string Location => inner.Location;

    public Task<bool> PutAsync(string objectName, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.PutAsync(objectName, content, cancellationToken);

    public Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken) =>
        inner.PutManyAsync(objects, cancellationToken);

    public Task OverwriteAsync(string objectName, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.OverwriteAsync(objectName, content, cancellationToken);

    public Task ReplaceAsync(string objectName, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        isMended |= objectName == name;
        return inner.ReplaceAsync(objectName, content, cancellationToken);
    }

    public Task<byte[]?> GetAsync(string objectName, CancellationToken cancellationToken) =>
        objectName == name && !isMended ? throw new IOException("The sector cannot be read.") : inner.GetAsync(objectName, cancellationToken);

    public ValueTask<int> ReadAsync(string objectName, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        objectName == name && !isMended && offset < (sector + sectors) * 4096L && offset + buffer.Length > sector * 4096L
            ? throw new IOException("The sector cannot be read.")
            : inner.ReadAsync(objectName, offset, buffer, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    public Task<bool> DeleteAsync(string objectName, CancellationToken cancellationToken) => inner.DeleteAsync(objectName, cancellationToken);
}
