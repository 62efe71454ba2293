using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Devices.Types.Reading;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Records;

/// <summary>A version of a device type as it was put into a repository.</summary>
public sealed record DeviceTypeRecord
{
    public required string Id { get; init; }

    /// <summary>The file, as it was.</summary>
    public required string Json { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required string Author { get; init; }
}

/// <summary>The device types in a repository: of each the newest version counts. Thread-safe.</summary>
public sealed class DeviceTypeBook
{
    private readonly EdgeRepository repository;
    private readonly string author;

    /// <summary>What was read, by the object's name: a record never changes.</summary>
    private readonly ConcurrentDictionary<string, DeviceTypeEntry> read = new(StringComparer.Ordinal);

    /// <param name="repository">Where they are.</param>
    /// <param name="author">Who adds: user@machine.</param>
    public DeviceTypeBook(EdgeRepository repository, string author)
    {
        this.repository = repository;
        this.author = author;
    }

    /// <summary>Reads the newest version of each type.</summary>
    /// <returns>The types, and what is wrong with those that cannot be read, by the folder of the type's records.</returns>
    public async Task<(IReadOnlyList<DeviceTypeEntry> Types, IReadOnlyDictionary<string, EdgeBackupException> Damaged)> ReadAsync(CancellationToken cancellationToken)
    {
        var newest = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var name in repository.ListAsync(RecordArea.Types, subject: null, cancellationToken).ConfigureAwait(false))
        {
            newest[name.Split('/')[^2]] = name;
        }

        var types = new List<DeviceTypeEntry>();
        var damaged = new Dictionary<string, EdgeBackupException>(StringComparer.Ordinal);
        foreach (var (folder, name) in newest)
        {
            try
            {
                types.Add(read.TryGetValue(name, out var known) ? known : read[name] = await ReadOneAsync(name, cancellationToken).ConfigureAwait(false));
            }
            catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.RepositoryDamaged or ErrorIds.RepositoryFormatUnsupported)
            {
                damaged[folder] = exception;
            }
        }

        return (types, damaged);
    }

    /// <summary>Reads the newest version of one type.</summary>
    /// <returns>Null where the repository does not have the type.</returns>
    /// <exception cref="EdgeBackupException">
    /// RepositoryDamaged: it cannot be read, or was removed by somebody; RepositoryFormatUnsupported: it says more than this
    /// version understands. Without a type's rules the wrong things would be saved.
    /// </exception>
    public async Task<DeviceTypeEntry?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var name in repository.ListAsync(RecordArea.Types, id, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        names.AddRange(await repository.FindUnlistedAsync(RecordArea.Types, id, names, cancellationToken).ConfigureAwait(false));
        return names.Max(StringComparer.Ordinal) is not { } newest ? null
            : read.TryGetValue(newest, out var known) ? known
            : read[newest] = await ReadOneAsync(newest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds a version of a type, unless the newest one has the same bytes; durable when it returns.</summary>
    /// <returns>False: it is there already.</returns>
    public async Task<bool> AddAsync(DeviceTypeEntry entry, CancellationToken cancellationToken)
    {
        var id = entry.Type.Id;
        if ((await FindNewestAsync(id, cancellationToken).ConfigureAwait(false))?.Json.Span.SequenceEqual(entry.Json.Span) == true)
        {
            return false;
        }

        var record = new DeviceTypeRecord
        {
            Id = id,
            Json = Encoding.UTF8.GetString(entry.Json.Span),
            Time = repository.Environment.Clock.GetUtcNow(),
            Author = author,
        };
        await repository.AppendAsync(RecordArea.Types, id, JsonSerializer.SerializeToUtf8Bytes(record, RecordsJson.Default.DeviceTypeRecord), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>The id in a record.</summary>
    /// <exception cref="JsonException">It is no such record.</exception>
    internal static string IdOf(byte[] json) => Deserialize(json).Id;

    private static DeviceTypeRecord Deserialize(byte[] json) =>
        JsonSerializer.Deserialize(json, RecordsJson.Default.DeviceTypeRecord) ?? throw new JsonException("The record is null.");

    /// <summary>One that cannot be read is no obstacle to a new version.</summary>
    private async Task<DeviceTypeEntry?> FindNewestAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.RepositoryDamaged or ErrorIds.RepositoryFormatUnsupported)
        {
            return null;
        }
    }

    private async Task<DeviceTypeEntry> ReadOneAsync(string name, CancellationToken cancellationToken)
    {
        var sealedJson = await repository.ReadAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            var json = Encoding.UTF8.GetBytes(Deserialize(sealedJson).Json);
            return new DeviceTypeEntry(DeviceTypeReader.ReadGood(json, name), DeviceTypeSource.Repository, Location: null, json);
        }
        catch (JsonException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryDamaged,
                $"The device type record '{name}' was sealed with this repository's key but is not a device type: {exception.Message} A newer version of EdgeBackup may have written it.",
                name,
                exception);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.DeviceTypeInvalid)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryFormatUnsupported,
                $"A device type in the repository says more than this version of EdgeBackup understands. {exception.Message} Update EdgeBackup on this machine.",
                name,
                exception);
        }
    }
}
