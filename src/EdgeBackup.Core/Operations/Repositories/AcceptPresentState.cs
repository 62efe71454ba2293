using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>Takes a store that was taken back, or whose chain is damaged, for good: <c>Repair-EdgeRepository -AcceptRollback</c>.</summary>
public sealed class AcceptPresentState
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public AcceptPresentState(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>What there is to accept, a sentence without a full stop; null for nothing.</summary>
    public async Task<string?> FindReasonAsync(CancellationToken cancellationToken)
    {
        if (context.Repository.Notice is { } notice)
        {
            return notice;
        }

        var missing = await context.Repository.FindMissingRecordsAsync(cancellationToken).ConfigureAwait(false);
        return missing.Count == 0 ? null : $"Records are missing that its chain of records has ({missing.Count})";
    }

    /// <summary>Accepts what is there now, and puts on record what is missing.</summary>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Names of records that the chain had and the store has not; empty also where nothing spoke against the state, and then nothing was written.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        if (await FindReasonAsync(cancellationToken).ConfigureAwait(false) is not { } notice)
        {
            observer.Verbose($"Nothing speaks against the state of the repository '{context.Location}'.");
            return [];
        }

        var missing = await context.Repository.AcceptPresentStateAsync(cancellationToken).ConfigureAwait(false);
        await context.NoteAsync(
            observer,
            EdgeEventCategory.Repository,
            "RollbackAccepted",
            $"{notice}. The present state was accepted; {missing.Count} records that the chain still names are missing.",
            device: null).ConfigureAwait(false);
        return missing;
    }
}
