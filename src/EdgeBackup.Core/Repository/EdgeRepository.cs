using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Maintenance;
using EdgeBackup.Core.Repository.Maintenance.Repair;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository;

/// <summary>
/// An open repository. Thread-safe. Members that reach the store may throw RepositoryNotReadable when it cannot be read,
/// and RepositoryNotWritable when it cannot be written. Disposing does not dispose the store.
/// </summary>
public sealed class EdgeRepository : IAsyncDisposable
{
    private readonly RepositoryCore core;
    private readonly RecordLog log;
    private readonly BackupRecords backups;
    private readonly MissingRecords missing;

    private EdgeRepository(RepositoryCore core, OpenedKey key)
    {
        this.core = core;
        Keys = key.Keys;
        OpenedBy = key.Id;
        Keyring = new RepositoryKeyring(core);
        log = new RecordLog(core);
        backups = new BackupRecords(core);
        missing = new MissingRecords(core);
        Numbered = new NumberedRecords(core);
    }

    /// <summary>32 hex digits.</summary>
    public string Id => core.Header.Id;

    public int FormatVersion => core.Header.FormatVersion;

    /// <summary>UTC.</summary>
    public DateTimeOffset Created => core.Header.Created;

    /// <summary>See <see cref="RepositoryHeader.RedundancyPercent"/>.</summary>
    public int RedundancyPercent => core.Header.RedundancyPercent;

    public IObjectStore Store => core.Store.Inner;

    public RepositoryEnvironment Environment => core.Environment;

    /// <summary>The readable wrapped copies of the master key, as they were when this was opened.</summary>
    public IReadOnlyList<KeyInfo> Keys { get; }

    /// <summary>Lists, adds and removes keys.</summary>
    public RepositoryKeyring Keyring { get; }

    /// <summary>The id of the key that opened this.</summary>
    public string OpenedBy { get; }

    /// <summary>
    /// What speaks against the present state of the store, a sentence without a full stop: it was taken back, or its chain
    /// of records is damaged. It can be read, and nothing can be written until it is mended or accepted
    /// (<see cref="AcceptPresentStateAsync"/>). Null for nothing.
    /// </summary>
    public string? Notice => core.Chain?.Notice;

    internal RepositoryCore Core => core;

    /// <summary>Records that take each other's place.</summary>
    internal NumberedRecords Numbered { get; }

    /// <summary>Makes a repository in an empty store.</summary>
    /// <param name="store">Where its objects go.</param>
    /// <param name="secrets">At least one: passphrases, keys of key files; each will open the repository.</param>
    /// <param name="environment">Clock, randomness, platform.</param>
    /// <param name="cancellationToken">
    /// Leaves objects behind that no repository.json makes a repository of; not honoured any more once that is being written.
    /// </param>
    /// <exception cref="EdgeBackupException">RepositoryExists; RepositoryKeyWrong: an empty passphrase; RepositoryNotWritable; RepositoryDamaged: the store does not give back what was written.</exception>
    public static Task<CreatedRepository> CreateAsync(IObjectStore store, IReadOnlyList<RepositorySecret> secrets, RepositoryEnvironment environment, CancellationToken cancellationToken) =>
        CreateAsync(store, secrets, new RepositorySettings(), environment, cancellationToken);

    /// <summary>Makes a repository in an empty store.</summary>
    /// <param name="store">Where its objects go.</param>
    /// <param name="secrets">As for the shorter form.</param>
    /// <param name="settings">What is settled for good.</param>
    /// <param name="environment">Clock, randomness, platform.</param>
    /// <param name="cancellationToken">As for the shorter form.</param>
    /// <exception cref="EdgeBackupException">As for the shorter form.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A share of recovery data that cannot be had.</exception>
    public static async Task<CreatedRepository> CreateAsync(IObjectStore store, IReadOnlyList<RepositorySecret> secrets, RepositorySettings settings, RepositoryEnvironment environment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.RedundancyPercent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.RedundancyPercent, RepositorySettings.LargestRedundancyPercent);
        ArgumentOutOfRangeException.ThrowIfZero(secrets.Count);
        foreach (var secret in secrets)
        {
            KeyObject.CheckSecret(secret);
        }

        var (core, key, recoveryKey) = await RepositoryCreation.RunAsync(GuardedStore.Around(store), secrets, settings, environment, cancellationToken).ConfigureAwait(false);
        return new CreatedRepository(new EdgeRepository(core, key), recoveryKey);
    }

    /// <summary>Opens a repository.</summary>
    /// <exception cref="EdgeBackupException">
    /// RepositoryNotFound; RepositoryFormatUnsupported: made by a newer version; RepositoryKeyWrong: the secret is not one
    /// of its own; RepositoryDamaged: repository.json, or the key object that might have opened it, is not what was written.
    /// </exception>
    public static async Task<EdgeRepository> OpenAsync(IObjectStore store, RepositorySecret secret, RepositoryEnvironment environment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(environment);
        var (core, key) = await RepositoryOpening.RunAsync(GuardedStore.Around(store), secret, environment, cancellationToken).ConfigureAwait(false);
        return new EdgeRepository(core, key);
    }

    /// <summary>Looks whether there is a repository, without a key.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="EdgeBackupException">RepositoryFormatUnsupported, RepositoryDamaged.</exception>
    public static Task<RepositoryHeader?> PeekAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return RepositoryOpening.PeekAsync(GuardedStore.Around(store), cancellationToken);
    }

    /// <summary>The folder that stands for a subject: 32 hex digits of a keyed hash, so that no name is told or can be steered.</summary>
    public string SubjectFolder(string subject) => core.Master.ToFolder(subject);

    /// <summary>
    /// Appends a sealed record; durable on return. Names in a folder sort in the order of appending. Events belong to no
    /// subject: their folders are months, and their names sort in the order in which this object appends them.
    /// </summary>
    /// <returns>The object's name.</returns>
    public Task<string> AppendAsync(RecordArea area, string subject, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        log.AppendAsync(area, subject, json, cancellationToken);

    /// <summary>Appends a sealed record only while no other writer has done so behind the same record; durable on return.</summary>
    /// <param name="area">Which records.</param>
    /// <param name="subject">Whose.</param>
    /// <param name="last">The name of the last record that the writer has seen; null for none.</param>
    /// <param name="json">The record.</param>
    /// <param name="cancellationToken">Stops before it is written.</param>
    /// <returns>The object's name; null when another writer was first.</returns>
    public Task<string?> TryAppendAfterAsync(RecordArea area, string subject, string? last, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        log.TryAppendAfterAsync(area, subject, last, json, cancellationToken);

    /// <summary>Appends a sealed record under the name that it has in another repository; durable on return.</summary>
    /// <returns>False: it is there already.</returns>
    internal Task<bool> TryAppendAsAsync(RecordArea area, string subject, string entry, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        log.TryAppendAsAsync(area, subject, entry, json, cancellationToken);

    /// <summary>The names of a subject's records, or of all, in ordinal order; of events always all.</summary>
    public IAsyncEnumerable<string> ListAsync(RecordArea area, string? subject, CancellationToken cancellationToken) =>
        log.ListAsync(area, subject, cancellationToken);

    /// <summary>Records of a subject, or of all, that the chain has and a listing lacks, as far as <see cref="FollowRecordsAsync"/> has followed it.</summary>
    internal Task<IReadOnlyList<string>> FindUnlistedAsync(RecordArea area, string? subject, IReadOnlyCollection<string> listed, CancellationToken cancellationToken) =>
        core.Watch?.FindUnlistedAsync(subject is null ? RecordLog.ToFolder(area) : $"{RecordLog.ToFolder(area)}{SubjectFolder(subject)}/", listed, cancellationToken) ?? Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>Takes in which records of devices and policies there must be by now: before something is decided upon them.</summary>
    internal Task FollowRecordsAsync(CancellationToken cancellationToken) => core.Watch?.LearnAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Reads a sealed record.</summary>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: it is missing, torn, altered or stands at another's place.</exception>
    public async Task<byte[]> ReadAsync(string objectName, CancellationToken cancellationToken)
    {
        try
        {
            return await core.OpenAsync(objectName, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(Store.Location);
        }
    }

    /// <summary>The names of the backup records of a device, or of all, in no particular order.</summary>
    public IAsyncEnumerable<string> ListBackupsAsync(string? device, CancellationToken cancellationToken) => backups.ListAsync(device, cancellationToken);

    /// <summary>The folders of the backups of all devices, or of other records, where the store keeps folders; null where it does not.</summary>
    /// <param name="area">Null for backups.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal async Task<IReadOnlyList<FolderInfo>?> ListFoldersAsync(RecordArea? area, CancellationToken cancellationToken) =>
        Store is IFolderStore folders
            ? await folders.ListFoldersAsync(area is { } records ? RecordLog.ToFolder(records) : BackupRecords.Folder, cancellationToken).ConfigureAwait(false)
            : null;

    /// <summary>The names of the records in a folder of <see cref="ListFoldersAsync"/>, in ordinal order.</summary>
    internal async Task<IReadOnlyList<string>> ListFolderAsync(string folder, CancellationToken cancellationToken)
    {
        var names = (await ((IFolderStore)Store).ListNamesAsync(folder, cancellationToken).ConfigureAwait(false)).ToList();
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Reads a backup record.</summary>
    /// <exception cref="EdgeBackupException">BackupDamaged: it is missing, torn, altered or stands at another's place.</exception>
    public Task<BackupRecord> ReadBackupAsync(string objectName, CancellationToken cancellationToken) => backups.ReadAsync(objectName, cancellationToken);

    /// <summary>Where a backup's record is.</summary>
    public string BackupObjectName(string device, string backupId) => BackupRecords.ToName(core, device, backupId);

    /// <summary>Removes backup records; the space that only they needed is freed by <see cref="ReclaimAsync"/>.</summary>
    /// <exception cref="ArgumentException">A name that is no backup record's; nothing was removed.</exception>
    public Task DeleteBackupsAsync(IReadOnlyList<string> objectNames, CancellationToken cancellationToken) =>
        DeleteBackupsAsync(objectNames, onRemoved: null, cancellationToken);

    /// <summary>Removes backup records as the shorter form does, and tells of each: a run that fails or is stopped has removed some.</summary>
    /// <param name="objectNames">Their names.</param>
    /// <param name="onRemoved">Called with a record's name once it is durably gone; from any thread, several at once.</param>
    /// <param name="cancellationToken">Stops between two records.</param>
    internal Task DeleteBackupsAsync(IReadOnlyList<string> objectNames, Action<string>? onRemoved, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(objectNames);
        return backups.DeleteAsync(objectNames, onRemoved, cancellationToken);
    }

    /// <summary>
    /// Takes the present state of the store for good, whatever speaks against it (<see cref="Notice"/>): writes an entry of
    /// the chain that names what is missing, and from which the chain goes on.
    /// </summary>
    /// <returns>Names of records that were in the chain and are not in the store.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable.</exception>
    public Task<IReadOnlyList<string>> AcceptPresentStateAsync(CancellationToken cancellationToken) =>
        core.Chain is null ? Task.FromResult<IReadOnlyList<string>>([]) : new ChainAcceptance(core, core.Chain, OpenedBy).RunAsync(cancellationToken);

    /// <inheritdoc cref="MissingRecords.IsBeingRemovedAsync"/>
    internal Task<bool> IsBeingRemovedAsync(string objectName, CancellationToken cancellationToken) => missing.IsBeingRemovedAsync(objectName, cancellationToken);

    /// <inheritdoc cref="MissingRecords.AcceptAsync"/>
    internal Task<IReadOnlyList<string>> AcceptMissingAsync(IEnumerable<string> names, CancellationToken cancellationToken) => missing.AcceptAsync(names, cancellationToken);

    /// <inheritdoc cref="MissingRecords.FindAsync"/>
    internal Task<IReadOnlyList<string>> FindMissingAsync(IEnumerable<string> names, CancellationToken cancellationToken) => missing.FindAsync(names, cancellationToken);

    /// <inheritdoc cref="MissingRecords.NameAgainAsync"/>
    internal Task NameAgainAsync(IReadOnlyList<string> names) => missing.NameAgainAsync(names);

    /// <summary>What was added and removed since a position in the chain.</summary>
    /// <returns>Null where it cannot be told: list everything.</returns>
    internal Task<ChainDelta?> ReadChangesAsync(ChainPosition? since, CancellationToken cancellationToken) =>
        core.Chain is null ? Task.FromResult<ChainDelta?>(null) : new ChainReader(core.Chain).ReadAsync(since, cancellationToken);

    /// <summary>Begins to write backups; takes a lease that is renewed until the session is disposed.</summary>
    public async Task<WriteSession> BeginWriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await WriteSession.BeginAsync(core, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDamagedException exception)
        {
            throw exception.ToError(Store.Location);
        }
    }

    /// <summary>The items of a backup in ascending ordinal order of their paths, containers included.</summary>
    /// <exception cref="EdgeBackupException">BackupDamaged: part of the list is missing or altered.</exception>
    public IAsyncEnumerable<SavedItem> ReadItemsAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        return backups.ReadItemsAsync(record, cancellationToken);
    }

    /// <summary>
    /// Opens an item's bytes: a forward-only stream with asynchronous reads. It throws BackupDamaged, naming backup and
    /// path, when a chunk is missing or altered, and at the end when length or SHA-256 are not those of the item.
    /// </summary>
    public Stream OpenItem(BackupRecord record, SavedItem item) => new ItemStream(core, record, item);

    /// <summary>
    /// Takes a read lease: no pack is removed until it is disposed. On a read-only repository there is nobody to hold
    /// off, and none is taken.
    /// </summary>
    public async Task<IAsyncDisposable> BeginReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Lease.TakeAsync(core, LeaseKind.Read, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryNotWritable)
        {
            return NoLease.Instance;
        }
    }

    /// <summary>Whether the owner of a lease is still at work, as far as can be told; what is seen is written down, so that a lease that stands still is given up in time.</summary>
    /// <param name="lease">The lease's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<bool> IsAtWorkAsync(string lease, CancellationToken cancellationToken)
    {
        var board = new LeaseBoard(core, own: null);
        await board.ReadAsync(remember: true, cancellationToken).ConfigureAwait(false);
        return board.Alive.Any(alive => alive.Name == lease) && !board.GivenUp.Contains(lease);
    }

    /// <summary>Bytes that the contents of all backups take in the store: its packs, without index and records.</summary>
    /// <exception cref="EdgeBackupException">RepositoryNotReadable.</exception>
    public async Task<long> MeasurePacksAsync(CancellationToken cancellationToken)
    {
        long bytes = 0;
        await foreach (var pack in core.Store.ListAsync(PackFormat.Folder, cancellationToken).ConfigureAwait(false))
        {
            bytes += pack.Length;
        }

        return bytes;
    }

    /// <summary>Checks the repository; never throws for damage.</summary>
    public async Task<VerificationReport> VerifyAsync(VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellationToken)
    {
        var lease = await BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            return await new Verifier(core, options, progress).RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads every byte of one backup; never throws for damage.</summary>
    public async Task<IReadOnlyList<Damage>> VerifyBackupAsync(BackupRecord record, CancellationToken cancellationToken)
    {
        var lease = await BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            return await BackupVerifier.RunAsync(core, record, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Frees the space that no backup needs, in two phases (docs/format.md, Removing). Never throws for damage: where a
    /// record or an item list cannot be read, nothing is removed, and the report names it.
    /// </summary>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable.</exception>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: see <see cref="Notice"/>.</exception>
    public Task<ReclaimReport> ReclaimAsync(ReclaimOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.WhatIf)
        {
            core.Chain?.ThrowIfRefused();
        }

        return new Reclaimer(core, options).RunAsync(cancellationToken);
    }

    /// <summary>
    /// Mends what is damaged, from recovery data, from another repository and from whatever the options name; never
    /// deletes what it cannot mend. Never throws for damage. A repair that was killed can be run again.
    /// </summary>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable: the store cannot be written, or somebody else maintains the repository.</exception>
    public async Task<RepairReport> RepairAsync(RepairOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var repairer = new Repairer(core, options.From?.core, options, progress);
        return await repairer.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the repository; its store stays open, since it belongs to who made it.</summary>
    public ValueTask DisposeAsync()
    {
        log.Dispose();
        core.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed class NoLease : IAsyncDisposable
    {
        public static readonly NoLease Instance = new();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
