using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Notifications;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>An open repository with everything that operations need around it. Thread-safe; dispose to close.</summary>
public sealed class RepositoryContext : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Device, string Name), bool> namesBeingTaken = new();
    private readonly AsyncLocal<Deed?> deed = new();
    private readonly StrongBox<int> told = new();
    private ISecretSource? secretSource;

    /// <param name="repository">Closed with the context, and its store with it.</param>
    /// <param name="catalog">Closed with the context.</param>
    /// <param name="connections">Makes connections to devices.</param>
    /// <param name="author">Who acts: user@machine.</param>
    public RepositoryContext(EdgeRepository repository, BackupCatalog catalog, IConnectionFactory connections, string author)
    {
        Repository = repository;
        Catalog = catalog;
        repository.Core.Watch = new RecordWatch(repository.Core, catalog.LiveNames);
        Connections = connections;
        RunningRestores = connections.Running ?? new RunningRestores();
        Author = author;
        Devices = new DeviceRegistry(repository, author);
        Events = new EventLog(repository, author);
        Attempts = new AttemptBook(repository, author);
        Archives = new ArchiveBook(repository, author);
        Types = new DeviceTypeLibrary(new DeviceTypeBook(repository, author), () => TypesFolder);
    }

    public EdgeRepository Repository { get; }

    public BackupCatalog Catalog { get; }

    public DeviceRegistry Devices { get; }

    public EventLog Events { get; }

    public AttemptBook Attempts { get; }

    public ArchiveBook Archives { get; }

    /// <summary>The device types that are known here.</summary>
    public DeviceTypeLibrary Types { get; }

    public IConnectionFactory Connections { get; }

    /// <summary>Where secrets that are kept elsewhere come from, for this user of the context; null for nowhere.</summary>
    public ISecretSource? Secrets => secretSource;

    public string Author { get; }

    public TimeProvider Clock => Repository.Environment.Clock;

    public IRandomSource Random => Repository.Environment.Random;

    public IPlatform Platform => Repository.Environment.Platform;

    /// <summary>The folder or address of the repository.</summary>
    public string Location => Repository.Store.Location;

    /// <summary>
    /// What its user must be told once when the repository is used: that its store was taken back, or its chain is damaged
    /// (<see cref="EdgeRepository.Notice"/>). Null for nothing, or when it was told.
    /// </summary>
    public string? TakeNotice() => Repository.Notice is { } notice && Interlocked.Exchange(ref told.Value, 1) == 0
        ? $"The repository '{Location}' is read only until this is cleared up. {notice}. Bring its newest copy back; or, when the present state is meant to be, accept it with: Repair-EdgeRepository -AcceptRollback"
        : null;

    /// <summary>The key file that opened it; null for another key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The folder of the user's own device types; null for none.</summary>
    public string? TypesFolder { get; init; }

    /// <summary>Where messages of notifications wait on this machine; null where nobody is told of anything.</summary>
    public string? NotificationsFolder { get; init; }

    /// <summary>How patiently they are sent.</summary>
    public NotificationOptions Notifications { get; set; } = new();

    /// <summary>The system's event log.</summary>
    public ISystemLog SystemLog { get; set; } = SystemPlatform.CreateLog();

    /// <summary>Whether it is the user's embedded repository.</summary>
    public bool IsEmbedded { get; init; }

    /// <summary>This context, shared with its other users, for one who can fetch secrets. Only this one is disposed of.</summary>
    public RepositoryContext WithSecrets(ISecretSource secrets)
    {
        var shared = (RepositoryContext)MemberwiseClone();
        shared.secretSource = secrets;
        return shared;
    }

    /// <summary>
    /// Keeps the name of a manual backup for one command from the moment it is found free until the backup is recorded,
    /// so that two that run beside each other cannot both find it free.
    /// </summary>
    /// <returns>Dispose to give the name up.</returns>
    /// <exception cref="EdgeBackupException">BackupNameInUse: another command has it.</exception>
    public IDisposable ReserveBackupName(string device, string name)
    {
        var key = (device, name.ToUpperInvariant());
        return namesBeingTaken.TryAdd(key, true)
            ? new NameReservation(namesBeingTaken, key)
            : throw new EdgeBackupException(
                ErrorIds.BackupNameInUse,
                $"Another command is just taking a manual backup named '{name}' of the device '{device}'. Give another name.",
                name);
    }

    /// <summary>The restore sessions that commands of this process have open now.</summary>
    internal RunningRestores RunningRestores { get; }

    /// <summary>Says under what the caller, and whatever it calls from now on, acts; commands that run beside it in the same repository have their own.</summary>
    public void Act(Deed now) => deed.Value = now;

    /// <summary>
    /// Notes what has happened. It has happened whether or not that can be written down, so a failure to write is a
    /// warning, and nobody's Ctrl+C keeps it from being written. Whoever wants to know of it gets a message later: what is
    /// noted may be in the middle of something.
    /// </summary>
    public async Task NoteAsync(
        IOperationObserver observer,
        EdgeEventCategory category,
        string action,
        string message,
        string? device,
        string? backup = null,
        string? errorId = null,
        Items.BackupKind? kind = null)
    {
        try
        {
            var happened = await Events.AppendAsync(category, action, message, device, CancellationToken.None, backup, errorId, kind, deed.Value).ConfigureAwait(false);
            if (category is EdgeEventCategory.Restore or EdgeEventCategory.Switch)
            {
                await new Notifier(this, observer).PutEventAsync(happened).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Warning($"{device ?? "The repository"}: '{action}' could not be written to the events: {exception.Message}");
        }
    }

    /// <summary>Notes what was taken out of the repository. Whoever may only read it takes things out too, and it is no fault of theirs that nothing can be noted.</summary>
    public async Task NoteReadingAsync(IOperationObserver observer, EdgeEventCategory category, string action, string message, string device, string backup)
    {
        try
        {
            await Events.AppendAsync(category, action, message, device, CancellationToken.None, backup, deed: deed.Value).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            observer.Verbose($"{device}: '{action}' could not be written to the events: {exception.Message}");
        }
    }

    /// <summary>Notes what a check of the repository found.</summary>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, RepositoryDamaged.</exception>
    internal Task NoteVerificationAsync(string action, string message, VerificationNote verification) =>
        Events.AppendAsync(EdgeEventCategory.Repository, action, message, device: null, CancellationToken.None, deed: deed.Value, verification: verification);

    public async ValueTask DisposeAsync()
    {
        Catalog.Dispose();
        var store = Repository.Store;
        await Repository.DisposeAsync().ConfigureAwait(false);

        // The repository does not own its store; whoever made this context made the store for it.
        (store as IDisposable)?.Dispose();
    }

    private sealed class NameReservation(ConcurrentDictionary<(string Device, string Name), bool> names, (string Device, string Name) key) : IDisposable
    {
        public void Dispose() => names.TryRemove(key, out _);
    }
}
