using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>A record that was not named.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ErrorId">What it is for the user.</param>
/// <param name="Reason">Why.</param>
internal sealed record UnnamedBackup(string Name, string ErrorId, string Reason)
{
    /// <summary>Whether it is not there: somebody removed it since it was found.</summary>
    public bool IsGone { get; init; }
}

/// <summary>Records that a command wrote and could not name in the chain any more: whoever wants that backup in the repository names them.</summary>
internal static class UnnamedBackups
{
    /// <summary>Of some records, those that the chain does not have as live.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(EdgeRepository repository, IReadOnlyCollection<string> names, CancellationToken cancellationToken) =>
        repository.Core.Returns is { } returns ? await returns.FindAsync(names, state => state != ChainedState.Live, cancellationToken).ConfigureAwait(false) : [];

    /// <summary>Names those of some records that are whole and that nobody is removing.</summary>
    /// <param name="context">Where they are.</param>
    /// <param name="observer">Is told of those that somebody has put back.</param>
    /// <param name="names">Records that the chain does not have as live.</param>
    /// <param name="cancellationToken">Stops before any is named.</param>
    /// <returns>Those that stay as they are, each with the reason.</returns>
    public static async Task<IReadOnlyList<UnnamedBackup>> NameAsync(
        RepositoryContext context, IOperationObserver observer, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        var repository = context.Repository;
        if (names.Count == 0 || repository.Core.Returns is not { } returns)
        {
            return [];
        }

        var left = new List<UnnamedBackup>();
        var whole = new List<string>();
        foreach (var name in await LeaveRemovingAsync(names).ConfigureAwait(false))
        {
            if (await FindDamageAsync(repository, name, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                var isGone = (await repository.FindMissingAsync([name], cancellationToken).ConfigureAwait(false)).Count > 0;
                left.Add(isGone ? Gone(name) : new UnnamedBackup(name, ErrorIds.BackupDamaged, $"its record is there without all that it needs: {reason}"));
            }
            else
            {
                whole.Add(name);
            }
        }

        // Once more, since reading them may have taken long.
        whole = await LeaveRemovingAsync(whole).ConfigureAwait(false);
        var putBack = await returns.FindAsync(whole, state => state == ChainedState.Removed, cancellationToken).ConfigureAwait(false);
        await repository.NameAgainAsync(whole).ConfigureAwait(false);

        // Who was about to remove them may have done so just before.
        var gone = await returns.TakeBackMissingAsync(whole).ConfigureAwait(false);
        left.AddRange(gone.Select(Gone));
        foreach (var name in putBack.Except(gone, StringComparer.Ordinal))
        {
            await TellAsync(context, observer, name).ConfigureAwait(false);
        }

        return left;

        async Task<List<string>> LeaveRemovingAsync(IReadOnlyCollection<string> those)
        {
            // To promise that it is there would be wrong: whoever removes it may be past the last look.
            var removing = await returns.FindAsync(those, state => state == ChainedState.Removing, cancellationToken).ConfigureAwait(false);
            left.AddRange(removing.Select(name => new UnnamedBackup(
                name,
                ErrorIds.BackupNotFound,
                "its removal has begun and was interrupted, or is going on; Optimize-EdgeRepository finishes it, run the command again after that")));
            return [.. those.Except(removing, StringComparer.Ordinal)];
        }
    }

    private static UnnamedBackup Gone(string name) =>
        new(name, ErrorIds.BackupNotFound, "it was removed at this very moment; run the command again") { IsGone = true };

    /// <summary>No command of ours leaves a record so: the user learns of it, and it stays on record.</summary>
    private static async Task TellAsync(RepositoryContext context, IOperationObserver observer, string name)
    {
        var id = name[(name.LastIndexOf('/') + 1)..];
        var text = $"The backup '{id}' had been removed, and somebody has put its record back. It is whole, and was kept, since it was wanted again.";
        observer.Warning(text);
        await context.NoteAsync(observer, EdgeEventCategory.Repository, "PutBack", text, device: null, backup: id).ConfigureAwait(false);
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
