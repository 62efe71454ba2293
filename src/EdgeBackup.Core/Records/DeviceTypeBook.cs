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

    /// <summary>Adds a version of a type, unless the newest one has the same bytes; durable when it returns.</summary>
    /// <returns>False: it is there already.</returns>
    public async Task<bool> AddAsync(DeviceTypeEntry entry, CancellationToken cancellationToken)
    {
        var id = entry.Type.Id;
        var (types, _) = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (types.Any(type => type.Type.Id == id && type.Json.Span.SequenceEqual(entry.Json.Span)))
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
