using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Archives;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Records;

/// <summary>The runs that wrote archives, and the key that signs them.</summary>
public sealed class ArchiveBook
{
    /// <summary>No device's: ids hold no control characters.</summary>
    internal const string KeySubject = "\nkey";

    private readonly EdgeRepository repository;
    private readonly string author;

    /// <param name="repository">Where they are.</param>
    /// <param name="author">Who appends: user@machine.</param>
    public ArchiveBook(EdgeRepository repository, string author)
    {
        this.repository = repository;
        this.author = author;
    }

    /// <summary>The names of a device's runs, oldest first.</summary>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: somebody has removed one.</exception>
    public async Task<IReadOnlyList<string>> ListAsync(string device, CancellationToken cancellationToken)
    {
        var names = await repository.ListAsync(RecordArea.Archives, device, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        if (await repository.FindUnlistedAsync(RecordArea.Archives, device, names, cancellationToken).ConfigureAwait(false) is [var missing, ..])
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryDamaged,
                $"A record of the archives of '{device}' was removed from the repository: '{missing}'. Without it records would be archived twice, or not at all. Bring it back from a copy with Repair-EdgeRepository, or accept its loss with Repair-EdgeRepository -AcceptRollback.",
                missing);
        }

        return names;
    }

    /// <summary>The number of the run that stands under a name.</summary>
    public static long NumberOf(string name)
    {
        const int digits = 12;
        return long.Parse(name.AsSpan(name.LastIndexOf('/') + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) + 1;
    }

    /// <summary>Reads a run.</summary>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: it cannot be read.</exception>
    public async Task<ArchiveRun> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var json = await repository.ReadAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            return ArchiveRun.FromJson(json);
        }
        catch (JsonException exception)
        {
            throw NotReadable(name, exception);
        }
    }

    /// <summary>Appends a run behind the one that it followed upon; durable when it returns.</summary>
    /// <param name="last">The name of the run that it followed upon; null of the first.</param>
    /// <param name="run">The run.</param>
    /// <returns>False: another run of the device was first, and nothing was written.</returns>
    public async Task<bool> TryAppendAsync(string? last, ArchiveRun run)
    {
        if (await repository.TryAppendAfterAsync(RecordArea.Archives, run.Device, last, run.ToJson(), CancellationToken.None).ConfigureAwait(false) is not null)
        {
            return true;
        }

        // A share that was asked twice says that the name was taken, by ourselves.
        var names = await ListAsync(run.Device, CancellationToken.None).ConfigureAwait(false);
        foreach (var name in names.Where(name => string.CompareOrdinal(name, last) > 0).Take(1))
        {
            return (await ReadAsync(name, CancellationToken.None).ConfigureAwait(false)).Id == run.Id;
        }

        return false;
    }

    /// <summary>The key that signs archives.</summary>
    /// <returns>Null where none was made yet.</returns>
    /// <exception cref="EdgeBackupException">RepositoryDamaged: it cannot be read, or was removed.</exception>
    public async Task<ArchiveKey?> FindKeyAsync(CancellationToken cancellationToken)
    {
        var names = await repository.ListAsync(RecordArea.Archives, KeySubject, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        names.AddRange(await repository.FindUnlistedAsync(RecordArea.Archives, KeySubject, names, cancellationToken).ConfigureAwait(false));
        if (names.Min(StringComparer.Ordinal) is not { } first)
        {
            return null;
        }

        var json = await repository.ReadAsync(first, cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(json, RecordsJson.Default.ArchiveKey) ?? throw new JsonException("The key is null.");
        }
        catch (JsonException exception)
        {
            throw NotReadable(first, exception);
        }
    }

    /// <summary>The key that signs archives; made where there is none.</summary>
    public async Task<ArchiveKey> GetKeyAsync(CancellationToken cancellationToken)
    {
        if (await FindKeyAsync(cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        var privateKey = ArchiveSignature.CreateKey();
        var key = new ArchiveKey
        {
            PrivateKey = privateKey,
            PublicKey = ArchiveSignature.PublicKeyOf(privateKey),
            Time = repository.Environment.Clock.GetUtcNow(),
            Author = author,
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(key, RecordsJson.Default.ArchiveKey);
        await repository.TryAppendAfterAsync(RecordArea.Archives, KeySubject, last: null, json, cancellationToken).ConfigureAwait(false);

        // Somebody else's where they were first.
        return await FindKeyAsync(cancellationToken).ConfigureAwait(false) ?? key;
    }

    private static EdgeBackupException NotReadable(string name, JsonException exception) => new(
        ErrorIds.RepositoryDamaged,
        $"The record '{name}' was sealed with this repository's key but cannot be read: {exception.Message} A newer version of EdgeBackup may have written it.",
        name,
        exception);
}
