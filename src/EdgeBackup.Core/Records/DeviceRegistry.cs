using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Records;

/// <summary>The logs of all devices in a repository.</summary>
public sealed class DeviceRegistry
{
    private readonly EdgeRepository repository;
    private readonly string author;

    /// <param name="repository">Where the logs are.</param>
    /// <param name="author">Who appends: user@machine.</param>
    public DeviceRegistry(EdgeRepository repository, string author)
    {
        this.repository = repository;
        this.author = author;
    }

    /// <summary>Reads a device's log; a device that nobody ever registered has an empty state.</summary>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: an entry cannot be read, or was removed.</exception>
    public async Task<DeviceState> GetAsync(string device, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var name in repository.ListAsync(RecordArea.Devices, device, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        // A fence or a protection that somebody has removed must not pass for one that never was: reading it fails.
        names.AddRange(await repository.FindUnlistedAsync(RecordArea.Devices, device, names, cancellationToken).ConfigureAwait(false));
        names.Sort(StringComparer.Ordinal);
        var state = new DeviceState(device);
        foreach (var name in names)
        {
            state.Apply(await ReadAsync(name, cancellationToken).ConfigureAwait(false));
            state.LastEntry = name;
        }

        return state;
    }

    /// <summary>Reads one entry.</summary>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: it cannot be read.</exception>
    public async Task<DeviceLogEntry> ReadAsync(string objectName, CancellationToken cancellationToken)
    {
        var json = await repository.ReadAsync(objectName, cancellationToken).ConfigureAwait(false);
        try
        {
            return DeviceLogEntry.FromJson(json);
        }
        catch (JsonException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryDamaged,
                $"The device record '{objectName}' was sealed with this repository's key but is not a device record: {exception.Message} A newer version of EdgeBackup may have written it.",
                objectName,
                exception);
        }
    }

    /// <summary>Appends an entry; durable when it returns.</summary>
    /// <param name="device">The device's id.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="fill">Adds what the kind needs.</param>
    /// <param name="cancellationToken">Stops before the entry is written.</param>
    /// <returns>The entry as it was written.</returns>
    public async Task<DeviceLogEntry> AppendAsync(
        string device,
        DeviceLogEntryKind kind,
        Func<DeviceLogEntry, DeviceLogEntry> fill,
        CancellationToken cancellationToken)
    {
        var entry = fill(NewEntry(device, kind));
        await repository.AppendAsync(RecordArea.Devices, device, entry.ToJson(), cancellationToken).ConfigureAwait(false);
        return entry;
    }

    /// <summary>Appends an entry that was decided upon a state, unless another such entry came first; durable when it returns.</summary>
    /// <param name="state">The device's state as it was read.</param>
    /// <param name="kind">What happened.</param>
    /// <param name="fill">Adds what the kind needs.</param>
    /// <param name="cancellationToken">Stops before the entry is written.</param>
    /// <returns>The entry as it was written; null when somebody else decided first: read the state again.</returns>
    public async Task<DeviceLogEntry?> TryAppendAsync(
        DeviceState state,
        DeviceLogEntryKind kind,
        Func<DeviceLogEntry, DeviceLogEntry> fill,
        CancellationToken cancellationToken)
    {
        var entry = fill(NewEntry(state.Id, kind));
        return await repository.TryAppendAfterAsync(RecordArea.Devices, state.Id, state.LastEntry, entry.ToJson(), cancellationToken).ConfigureAwait(false) is null ? null : entry;
    }

    private DeviceLogEntry NewEntry(string device, DeviceLogEntryKind kind) => new()
    {
        Kind = kind,
        Device = device,
        Time = repository.Environment.Clock.GetUtcNow(),
        Author = author,
    };
}
