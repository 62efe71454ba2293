using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>A key that was added.</summary>
/// <param name="Key">What is known of it.</param>
/// <param name="RecoveryKey">The text of a new recovery key, which is stored nowhere; null for the other kinds.</param>
public sealed record AddedKey(KeyInfo Key, string? RecoveryKey)
{
    /// <summary>Never shows the recovery key.</summary>
    public override string ToString() => Key.Id;
}

/// <summary>Lists, adds, removes and rotates the keys of a repository.</summary>
public sealed class ChangeKeys
{
    private readonly RepositoryContext context;
    private readonly RepositoryLocations locations;
    private readonly IOperationObserver observer;

    public ChangeKeys(RepositoryContext context, RepositoryLocations locations, IOperationObserver observer)
    {
        this.context = context;
        this.locations = locations;
        this.observer = observer;
    }

    /// <summary>The keys that a user means.</summary>
    /// <param name="texts">Ids, literal or with wildcards; null for all.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>The keys, oldest first, each once; and for each literal that matches nothing its error (RepositoryKeyNotFound).</returns>
    public async Task<(IReadOnlyList<KeyInfo> Keys, IReadOnlyList<EdgeBackupException> Errors)> FindAsync(IReadOnlyList<string>? texts, CancellationToken cancellationToken)
    {
        var all = await context.Repository.Keyring.ListAsync(cancellationToken).ConfigureAwait(false);
        if (texts is null)
        {
            return (all, []);
        }

        var errors = texts
            .Where(text => !WildcardPattern.HasWildcard(text) && !all.Any(key => IsMatch(text, key)))
            .Select(text => new EdgeBackupException(
                ErrorIds.RepositoryKeyNotFound,
                $"The repository '{context.Location}' has no key '{text}'.{NearestNames.Suggest(text, all.Select(key => key.Id))} Get-EdgeRepositoryKey lists its keys.",
                text))
            .ToList();
        return ([.. all.Where(key => texts.Any(text => IsMatch(text, key)))], errors);

        static bool IsMatch(string text, KeyInfo key) => WildcardPattern.HasWildcard(text)
            ? new WildcardPattern(text).IsMatch(key.Id)
            : string.Equals(WildcardPattern.Unescape(text), key.Id, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Adds a key, and removes the one that it replaces once it is proved to open the repository.</summary>
    /// <param name="key">A passphrase or a key file (made where it does not exist); neither for a new recovery key.</param>
    /// <param name="replace">The id of a key that goes; null for none.</param>
    /// <param name="cancellationToken">Stops; the old key stays valid until the new one is.</param>
    /// <exception cref="EdgeBackupException">RepositoryKeyNotFound, RepositoryNotWritable, RepositoryDamaged.</exception>
    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: an empty passphrase, no key file, or one that opens the repository already.</exception>
    public async Task<AddedKey> AddAsync(RepositoryKeyOptions key, string? replace, CancellationToken cancellationToken)
    {
        KeyInfo? old = null;
        if (replace is not null)
        {
            var (found, errors) = await FindAsync([WildcardPattern.Escape(replace)], cancellationToken).ConfigureAwait(false);
            old = errors.Count > 0 ? throw errors[0] : found[0];
        }

        var isRemembered = old is not null && old.Id == await FindRememberedAsync(cancellationToken).ConfigureAwait(false);
        var added = await AddAsync(key, cancellationToken).ConfigureAwait(false);
        await NoteAsync("KeyAdded", $"The key {added.Key.Id} ({Describe(added.Key.Kind)}) was added.").ConfigureAwait(false);
        if (old is not null)
        {
            if (isRemembered && key.KeyFile is not null)
            {
                // First, so that commands find one that opens wherever this is interrupted.
                OpenRepository.RememberKeyFile(locations, context.Platform, context.Repository.Id, key.KeyFile);
            }

            await RemoveAsync([old]).ConfigureAwait(false);
            if (isRemembered)
            {
                await ForgetKeyFileAsync(keepPointer: key.KeyFile is not null).ConfigureAwait(false);
            }
        }

        return added;
    }

    /// <summary>Why a key must not be removed, or what its user should know before it is.</summary>
    /// <param name="keys">The keys that shall go.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>A sentence that belongs into the question; null for nothing.</returns>
    /// <exception cref="EdgeBackupException">RepositoryKeyNeeded: no key would be left, or the one by which this user's commands open the repository.</exception>
    public async Task<string?> CheckRemovalAsync(IReadOnlyCollection<KeyInfo> keys, CancellationToken cancellationToken)
    {
        var left = (await context.Repository.Keyring.ListAsync(cancellationToken).ConfigureAwait(false)).Except(keys).ToList();
        if (left.Count == 0)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryKeyNeeded,
                $"Nothing was removed: no key would be left that opens the repository '{context.Location}'. Add another one first: Add-EdgeRepositoryKey",
                keys.First().Id);
        }

        if (await FindRememberedAsync(cancellationToken).ConfigureAwait(false) is { } needed && keys.Any(key => key.Id == needed))
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryKeyNeeded,
                $"Nothing was removed: by the key {needed} this user's commands open the repository '{context.Location}' (key file '{OpenRepository.FindKeyFile(locations, context.Repository.Id)}'). Replace it instead: Add-EdgeRepositoryKey -Replace {needed} with -KeyFile or -Passphrase.",
                needed);
        }

        return keys.Any(key => key.Kind == KeyKind.Recovery) && !left.Exists(key => key.Kind == KeyKind.Recovery)
            ? "It is the last recovery key: when the others are lost, nothing opens the repository any more."
            : null;
    }

    /// <summary>Removes keys that <see cref="CheckRemovalAsync"/> lets go.</summary>
    /// <exception cref="EdgeBackupException">RepositoryKeyNotFound, RepositoryKeyNeeded, RepositoryNotWritable, RepositoryDamaged; nothing was removed.</exception>
    public async Task RemoveAsync(IReadOnlyCollection<KeyInfo> keys)
    {
        await context.Repository.Keyring.RemoveAsync([.. keys.Select(key => key.Id)], CancellationToken.None).ConfigureAwait(false);
        foreach (var key in keys)
        {
            await NoteAsync("KeyRemoved", $"The key {key.Id} ({Describe(key.Kind)}) was removed.").ConfigureAwait(false);
        }
    }

    private async Task<AddedKey> AddAsync(RepositoryKeyOptions key, CancellationToken cancellationToken)
    {
        var ring = context.Repository.Keyring;
        if (key.Passphrase is not null)
        {
            var secret = new PassphraseSecret(key.Passphrase);
            await CheckNewAsync(secret, "this passphrase", "another passphrase", cancellationToken).ConfigureAwait(false);
            return new AddedKey(await ring.AddAsync(secret, cancellationToken).ConfigureAwait(false), null);
        }

        if (key.KeyFile is not null)
        {
            KeyFileSecret secret;
            if (File.Exists(key.KeyFile))
            {
                secret = KeyFile.Read(key.KeyFile, context.Platform);
                await CheckNewAsync(secret, $"the key file '{key.KeyFile}'", "a path where no file is, and a new key file is made there", cancellationToken).ConfigureAwait(false);
            }
            else
            {
                secret = KeyFile.Create(key.KeyFile, context.Random, context.Platform);
            }

            return new AddedKey(await ring.AddAsync(secret, cancellationToken).ConfigureAwait(false), null);
        }

        var (info, text) = await ring.AddRecoveryKeyAsync(cancellationToken).ConfigureAwait(false);
        return new AddedKey(info, text);
    }

    /// <summary>A secret under a second id is no new key: whoever knows it would still open the repository when the first is removed.</summary>
    private async Task CheckNewAsync(RepositorySecret secret, string what, string instead, CancellationToken cancellationToken)
    {
        if (await context.Repository.Keyring.FindAsync(secret, cancellationToken).ConfigureAwait(false) is { } known)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryKeyWrong,
                $"Nothing was changed: {what} opens the repository '{context.Location}' already, as the key {known}. Give {instead}.",
                known);
        }
    }

    /// <summary>The key by which commands of this user open the repository without being told one.</summary>
    private async Task<string?> FindRememberedAsync(CancellationToken cancellationToken) =>
        OpenRepository.FindKeyFile(locations, context.Repository.Id) is { } path ? await FindHeldAsync(path, cancellationToken).ConfigureAwait(false) : null;

    /// <summary>The key that a key file holds; null where it opens nothing.</summary>
    private async Task<string?> FindHeldAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Repository.Keyring.FindAsync(KeyFile.Read(path, context.Platform), cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryKeyWrong)
        {
            // It opens nothing anyway.
            return null;
        }
    }

    /// <summary>A key file that opens nothing any more must not be tried by the next command; it is kept under another name.</summary>
    private async Task ForgetKeyFileAsync(bool keepPointer)
    {
        var id = context.Repository.Id;
        try
        {
            var own = locations.DefaultKeyFile(id);

            // The new one may have been made in this very place.
            if (File.Exists(own) && await FindHeldAsync(own, CancellationToken.None).ConfigureAwait(false) is null)
            {
                File.Move(own, $"{own}.{Guid.NewGuid():N}.old");
            }

            if (!keepPointer)
            {
                File.Delete(locations.KeyFilePointer(id));
                observer.Warning($"Commands of this user no longer open the repository '{context.Location}' by themselves: say Connect-EdgeRepository with one of its keys first.");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or EdgeBackupException)
        {
            observer.Warning($"The key was replaced, but the old key file of the repository '{context.Location}' could not be put aside: {exception.Message}");
        }
    }

    private Task NoteAsync(string action, string message) =>
        context.NoteAsync(observer, EdgeEventCategory.Repository, action, message, device: null);

    private static string Describe(KeyKind kind) => kind switch
    {
        KeyKind.Passphrase => "passphrase",
        KeyKind.KeyFile => "key file",
        _ => "recovery key",
    };
}
