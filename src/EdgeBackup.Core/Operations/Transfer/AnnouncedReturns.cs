using System.Collections.Concurrent;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>
/// The records that a command brings back under names that were removed once. Each is announced when all that it needs is
/// durable, so that the announcement stands alone for a moment only, and ended where the record was not written after all:
/// else whoever puts the old record back would pass for this command. Thread-safe.
/// </summary>
internal sealed class AnnouncedReturns(EdgeRepository repository)
{
    private readonly ConcurrentDictionary<string, bool> open = new(StringComparer.Ordinal);

    /// <summary>Says that a record is about to be written, where it was removed once; durable on return.</summary>
    public async Task AnnounceIfRemovedAsync(string name, CancellationToken cancellationToken)
    {
        if (repository.Core.Returns is { } returns && await returns.FindAsync([name], ChainReturn.IsReturn, cancellationToken).ConfigureAwait(false) is { Count: > 0 })
        {
            await AnnounceAsync(name).ConfigureAwait(false);
        }
    }

    /// <summary>Says that a record which was removed once is about to be written; durable on return.</summary>
    public Task AnnounceAsync(string name)
    {
        // Before, since the entry may be there although writing it fails.
        open[name] = true;
        return repository.Core.Returns?.AnnounceAsync([name]) ?? Task.CompletedTask;
    }

    /// <summary>The record is written and named.</summary>
    public void Ended(string name) => open.TryRemove(name, out _);

    /// <summary>Ends the announcements of records that are not there. Called when nothing of the command is being written any more.</summary>
    public async Task EndAsync()
    {
        if (open.IsEmpty || repository.Core.Returns is not { } returns)
        {
            return;
        }

        try
        {
            await returns.TakeBackMissingAsync(open.Keys).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or ObjectDamagedException)
        {
            // The command says why it failed. What stays announced is held against its data before maintenance takes it in.
        }
    }
}
