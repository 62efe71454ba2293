using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>Objects as files below a folder, which is made when the first object is written.</summary>
public sealed class FileObjectStore : IObjectStore, IDisposable
{
    private readonly IPlatform platform;

    /// <param name="path">The repository's folder, absolute.</param>
    /// <param name="platform">For durability and access.</param>
    public FileObjectStore(string path, IPlatform platform)
    {
        Location = path;
        this.platform = platform;
    }

    public string Location { get; }

    public Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw new NotImplementedException(platform.ToString());

    public Task PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotImplementedException();

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken) => throw new NotImplementedException();

    public void Dispose()
    {
    }
}
