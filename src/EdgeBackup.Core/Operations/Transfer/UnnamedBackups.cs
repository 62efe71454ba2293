using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>
/// Records that a command wrote and could not name in the chain any more, or that somebody was about to remove: whoever
/// wants that backup in the repository names them.
/// </summary>
internal static class UnnamedBackups
{
    /// <summary>Of some records, those that the chain does not have as live.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(EdgeRepository repository, IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        repository.Core.Returns is { } returns ? await returns.FindAsync(names, state => state != ChainedState.Live, cancellationToken).ConfigureAwait(false) : [];

    /// <summary>Names those of some records that are whole.</summary>
    /// <param name="repository">Where they are.</param>
    /// <param name="names">Records that the chain does not have as live.</param>
    /// <param name="cancellationToken">Stops before any is named.</param>
    /// <returns>Those that stay as they are, each with the reason.</returns>
    public static async Task<IReadOnlyList<(string Name, string Reason)>> NameAsync(EdgeRepository repository, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var whole = new List<string>();
        var left = new List<(string, string)>();
        foreach (var name in names)
        {
            if (await FindDamageAsync(repository, name, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                left.Add((name, $"its record is there without all that it needs: {reason}"));
            }
            else
            {
                whole.Add(name);
            }
        }

        await repository.NameAgainAsync(whole).ConfigureAwait(false);

        // Who was about to remove them may have done so just before.
        foreach (var name in repository.Core.Returns is { } returns ? await returns.TakeBackMissingAsync(whole).ConfigureAwait(false) : [])
        {
            left.Add((name, "it was removed at this very moment; run the command again"));
        }

        return left;
    }

    private static async Task<string?> FindDamageAsync(EdgeRepository repository, string name, CancellationToken cancellationToken)
    {
        try
        {
            var record = await repository.ReadBackupAsync(name, cancellationToken).ConfigureAwait(false);
            return await repository.VerifyBackupAsync(record, cancellationToken).ConfigureAwait(false) is [var damage, ..] ? $"'{damage.Object}': {damage.Reason}" : null;
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.BackupDamaged or ErrorIds.RepositoryNotReadable)
        {
            return exception.Message;
        }
    }
}
