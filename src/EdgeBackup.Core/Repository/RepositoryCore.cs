using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository;

/// <summary>What all parts of an open repository share.</summary>
internal sealed class RepositoryCore : IDisposable
{
    private const int FirstFormatWithChain = 2;

    public RepositoryCore(IObjectStore store, RepositoryEnvironment environment, MasterKey master, RepositoryHeader header)
    {
        Header = header;
        Store = GuardedStore.Around(store);
        Environment = environment;
        Master = master;
        Sealer = new Sealer(master.SealedObjects, environment.Random);
        Chunker = new Chunker(master.Gear);
        Chunks = new ChunkReader(this);
        Index = new RepositoryIndex(this);
        Chain = header.FormatVersion >= FirstFormatWithChain ? new RecordChain(this) : null;
        Returns = Chain is null ? null : new ChainReturn(this, Chain);
    }

    public RepositoryHeader Header { get; }

    public GuardedStore Store { get; }

    public RepositoryEnvironment Environment { get; }

    public MasterKey Master { get; }

    public Sealer Sealer { get; }

    public Chunker Chunker { get; }

    public ChunkReader Chunks { get; }

    public RepositoryIndex Index { get; }

    /// <summary>The chain of records; null in a repository of format 1, which has none.</summary>
    public RecordChain? Chain { get; }

    /// <summary>Records that come back after their removal; null where there is no chain.</summary>
    public ChainReturn? Returns { get; }

    /// <summary>Notices missing records of devices and policies; null until a catalog is open, which keeps what that takes.</summary>
    public RecordWatch? Watch { get; set; }

    public byte[] Seal<T>(string name, T value, JsonTypeInfo<T> type) => Sealer.Seal(name, JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <exception cref="ObjectDamagedException">The object is missing or altered.</exception>
    public async Task<byte[]> OpenAsync(string name, CancellationToken cancellationToken) =>
        await TryOpenAsync(name, cancellationToken).ConfigureAwait(false) ?? throw new ObjectDamagedException(name, "it is missing");

    /// <returns>Null when there is no such object.</returns>
    /// <exception cref="ObjectDamagedException">The object is altered.</exception>
    public async Task<byte[]?> TryOpenAsync(string name, CancellationToken cancellationToken) =>
        await Store.GetAsync(name, cancellationToken).ConfigureAwait(false) is { } content ? Sealer.Open(name, name, content) : null;

    /// <returns>Null when there is no such object.</returns>
    /// <exception cref="ObjectDamagedException">The object is altered or is no such thing.</exception>
    public async Task<T?> TryOpenAsync<T>(string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        if (await TryOpenAsync(name, cancellationToken).ConfigureAwait(false) is not { } json)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new ObjectDamagedException(name, "it is empty");
        }
        catch (JsonException exception)
        {
            throw new ObjectDamagedException(name, "its text is not what belongs there", exception);
        }
    }

    public void Dispose()
    {
        Returns?.Dispose();
        Chain?.Dispose();
        Index.Dispose();
    }
}
