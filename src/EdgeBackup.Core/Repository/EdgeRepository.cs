using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository;

/// <summary>An open repository. Thread-safe.</summary>
public sealed class EdgeRepository : IAsyncDisposable
{
    private EdgeRepository(IObjectStore store, RepositoryEnvironment environment)
    {
        Store = store;
        Environment = environment;
    }

    /// <summary>32 hex digits.</summary>
    public string Id => throw new NotImplementedException();

    public int FormatVersion => throw new NotImplementedException();

    public DateTimeOffset Created => throw new NotImplementedException();

    public IObjectStore Store { get; }

    public RepositoryEnvironment Environment { get; }

    /// <summary>The readable wrapped copies of the master key.</summary>
    public IReadOnlyList<KeyInfo> Keys => throw new NotImplementedException();

    public static Task<CreatedRepository> CreateAsync(IObjectStore store, RepositorySecret secret, RepositoryEnvironment environment, CancellationToken cancellationToken) => throw new NotImplementedException();

    public static Task<EdgeRepository> OpenAsync(IObjectStore store, RepositorySecret secret, RepositoryEnvironment environment, CancellationToken cancellationToken) => throw new NotImplementedException();

    public static Task<RepositoryHeader?> PeekAsync(IObjectStore store, CancellationToken cancellationToken) => throw new NotImplementedException();

    public string SubjectFolder(string subject) => throw new NotImplementedException();

    public Task<string> AppendAsync(RecordArea area, string subject, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) => throw new NotImplementedException();

    public IAsyncEnumerable<string> ListAsync(RecordArea area, string? subject, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<byte[]> ReadAsync(string objectName, CancellationToken cancellationToken) => throw new NotImplementedException();

    public IAsyncEnumerable<string> ListBackupsAsync(string? device, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<BackupRecord> ReadBackupAsync(string objectName, CancellationToken cancellationToken) => throw new NotImplementedException();

    public string BackupObjectName(string device, string backupId) => throw new NotImplementedException();

    public Task DeleteBackupsAsync(IReadOnlyList<string> objectNames, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<WriteSession> BeginWriteAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    public IAsyncEnumerable<SavedItem> ReadItemsAsync(BackupRecord record, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Stream OpenItem(BackupRecord record, SavedItem item) => throw new NotImplementedException();

    public Task<IAsyncDisposable> BeginReadAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<VerificationReport> VerifyAsync(VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<Damage>> VerifyBackupAsync(BackupRecord record, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<ReclaimReport> ReclaimAsync(ReclaimOptions options, CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
