using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Chain;

/// <summary>Keeps, between commands, which of the watched records are live, and up to where the chain was read for it.</summary>
internal interface ILiveNames
{
    /// <summary>Null for nothing yet.</summary>
    Task<ChainPosition?> ReadPositionAsync(CancellationToken cancellationToken);

    /// <param name="folder">With its final '/'; those in it count.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Null where nothing was taken in yet, or what was taken in is lost.</returns>
    Task<IReadOnlyCollection<string>?> ReadFolderAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Takes changes in, unless somebody else was faster.</summary>
    /// <param name="since">The position that they follow.</param>
    /// <param name="changes">Where they start over: all that are live.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    Task TakeAsync(ChainPosition? since, ChainDelta changes, CancellationToken cancellationToken);
}

/// <summary>
/// Notices that a record upon which commands decide (a fence, a protection, a policy, a device type), or an event that somebody may ask about, is not in the store any more. To hold
/// the store against the whole chain each time would cost more than the command; so what the chain says of just these
/// records is kept, and brought up to date by its new entries.
/// </summary>
internal sealed class RecordWatch(RepositoryCore core, ILiveNames kept)
{
    private static readonly string[] Watched = [RecordLog.ToFolder(RecordArea.Devices), RecordLog.ToFolder(RecordArea.Policies), RecordLog.ToFolder(RecordArea.Types), RecordLog.ToFolder(RecordArea.Notifications), RecordLog.ToFolder(RecordArea.Archives), RecordLog.ToFolder(RecordArea.Events)];

    /// <summary>Takes in what the chain says by now; once a command is enough.</summary>
    public async Task LearnAsync(CancellationToken cancellationToken)
    {
        if (core.Chain is not { } chain)
        {
            return;
        }

        var since = await kept.ReadPositionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await new ChainReader(chain).ReadLiveAsync(since, IsWatched, cancellationToken).ConfigureAwait(false) is { } changes
                && (changes.Head != since || changes.Added.Count > 0 || changes.Removed.Count > 0))
            {
                await kept.TakeAsync(since, changes, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (ObjectDamagedException.IsMeantBy(exception))
        {
            // Backups go on, held against what was known before; a verification names the entry.
        }
    }

    /// <summary>
    /// Live records that a listing lacks. They are durable before they are live, so one that cannot be read either was
    /// removed by somebody else.
    /// </summary>
    /// <param name="folder">What was listed, with all that is in it; with its final '/'.</param>
    /// <param name="listed">The names.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IReadOnlyList<string>> FindUnlistedAsync(string folder, IReadOnlyCollection<string> listed, CancellationToken cancellationToken)
    {
        // Of a store that was taken back, or whose chain is damaged, the user is told otherwise, and reads what is there.
        if (core.Chain is not { Notice: null } chain || (await LackingAsync().ConfigureAwait(false)).Count == 0)
        {
            return [];
        }

        // Somebody may have taken their loss for good since.
        await LearnAsync(cancellationToken).ConfigureAwait(false);
        return chain.Notice is null ? await LackingAsync().ConfigureAwait(false) : [];

        async Task<List<string>> LackingAsync()
        {
            var names = await kept.ReadFolderAsync(folder, cancellationToken).ConfigureAwait(false);
            if (names is null)
            {
                // Where these are kept is new, or was made anew in the middle of a command.
                await LearnAsync(cancellationToken).ConfigureAwait(false);
                names = await kept.ReadFolderAsync(folder, cancellationToken).ConfigureAwait(false) ?? [];
            }

            return names.Count == 0 ? [] : [.. names.Except(listed, StringComparer.Ordinal)];
        }
    }

    private static bool IsWatched(string name) => Array.Exists(Watched, folder => name.StartsWith(folder, StringComparison.Ordinal));
}
