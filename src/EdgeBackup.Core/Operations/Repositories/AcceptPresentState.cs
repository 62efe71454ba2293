using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>Takes a store that was taken back, whose chain is damaged, or which has lost records, for good: <c>Repair-EdgeRepository -AcceptRollback</c>.</summary>
public sealed class AcceptPresentState
{
    private const int NamesShown = 10;

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public AcceptPresentState(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Accepts what is there now where something speaks against it (<see cref="EdgeRepository.Notice"/>), puts on record what is missing, and says so.</summary>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Names of records that the chain had and the store has not; null where nothing speaks against the state, and nothing was written.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable.</exception>
    public async Task<IReadOnlyList<string>?> RunAsync(CancellationToken cancellationToken)
    {
        if (context.Repository.Notice is not { } notice)
        {
            return null;
        }

        var missing = await context.Repository.AcceptPresentStateAsync(cancellationToken).ConfigureAwait(false);
        observer.Warning($"The present state of the repository '{context.Location}' was accepted. Records that its chain still named and that are missing: {(missing.Count == 0 ? "none" : string.Join(", ", missing))}. Newer ones may be missing too.");
        await NoteAsync($"{notice}. The present state was accepted; {missing.Count} records that the chain still named are missing.").ConfigureAwait(false);
        return missing;
    }

    /// <summary>Accepts that records are lost, puts that on record, and says so.</summary>
    /// <param name="gone">What a repair could not bring back.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    /// <returns>Whether there was something to accept.</returns>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable, RepositoryDamaged.</exception>
    public async Task<bool> AcceptLostAsync(IEnumerable<Damage> gone, CancellationToken cancellationToken)
    {
        var lost = await context.Repository.AcceptMissingAsync(gone.Select(damage => damage.Object), cancellationToken).ConfigureAwait(false);
        if (lost.Count == 0)
        {
            return false;
        }

        observer.Warning($"It was accepted that these records of the repository '{context.Location}' are lost; they are not missed any more: {string.Join(", ", lost)}.");
        await NoteAsync($"It was accepted that {lost.Count} records are lost: {string.Join(", ", lost.Take(NamesShown))}{(lost.Count > NamesShown ? ", and more" : "")}.").ConfigureAwait(false);
        return true;
    }

    private Task NoteAsync(string message) =>
        context.NoteAsync(observer, EdgeEventCategory.Repository, "RollbackAccepted", message, device: null);
}
