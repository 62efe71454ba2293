using EdgeBackup.Core.Repository.Keys;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Brings back records, key objects and the header from a copy of this repository, and moves leases and marks away that
/// cannot be read. What cannot be brought back stays where it is, so that nobody takes it for gone on purpose.
/// </summary>
internal sealed class SmallObjectRepairer(RepositoryCore core, RepairJournal journal, Quarantine quarantine, RepositoryCore? copy)
{
    /// <param name="names">Damaged objects that are neither packs nor index objects.</param>
    /// <param name="cancellationToken">Stops between two objects.</param>
    public async Task RunAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            if (name.StartsWith(Marks.Folder, StringComparison.Ordinal))
            {
                // Without its mark nothing is condemned, which is safe.
                await MoveAwayAsync(name, cancellationToken).ConfigureAwait(false);
            }
            else if (Stores.ObjectName.IsValid(name) && await FindAsync(name, cancellationToken).ConfigureAwait(false) is { } found)
            {
                var raw = await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false);
                if (raw.Content is not null)
                {
                    await quarantine.KeepAsync(name, raw.Content, cancellationToken).ConfigureAwait(false);
                }

                await quarantine.ReplaceAsync(name, found.Good, cancellationToken).ConfigureAwait(false);
                journal.AddMended(name, found.Method);
            }
        }

        await MoveLeasesAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<(byte[] Good, RepairMethod Method)?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (name == RepositoryFile.Name && core.Header.FormatVersion == RepositoryFile.SupportedFormat)
        {
            // All it says was proved when the repository was opened.
            return (RepositoryFile.Serialize(core.Header, core.Master), RepairMethod.Rebuilt);
        }

        if (copy is null || (await RawObject.ReadAsync(copy, name, cancellationToken).ConfigureAwait(false)).Content is not { } content)
        {
            return null;
        }

        try
        {
            if (name == RepositoryFile.Name)
            {
                RepositoryFile.CheckMac(content, core.Master);
            }
            else if (name.StartsWith(KeyObject.Folder, StringComparison.Ordinal))
            {
                KeyObject.Parse(name, content);
            }
            else
            {
                core.Sealer.Open(name, name, content);
            }

            return (content, RepairMethod.SecondRepository);
        }
        catch (ObjectDamagedException exception)
        {
            journal.Left.Add($"'{name}' is damaged in '{copy.Store.Location}' too: {exception.Reason}.");
            return null;
        }
    }

    /// <summary>A lease that cannot be read holds up maintenance; its owner, if it lives, notices and looks again before it relies on anything.</summary>
    private async Task MoveLeasesAsync(CancellationToken cancellationToken)
    {
        await foreach (var entry in core.Store.ListAsync(LeaseNames.Folder, cancellationToken).ConfigureAwait(false))
        {
            // That a lease was given up is said by a name, and so is a maintainer's number: both have to stay said.
            if (LeaseNames.FromGone(entry.Name) is not null || LeaseNames.ToNumber(entry.Name) is not null || LeaseNames.IsSeen(entry.Name))
            {
                continue;
            }

            try
            {
                await core.TryOpenAsync(entry.Name, RepositoryJson.Default.LeaseBody, cancellationToken).ConfigureAwait(false);
            }
            catch (ObjectDamagedException)
            {
                await MoveAwayAsync(entry.Name, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task MoveAwayAsync(string name, CancellationToken cancellationToken)
    {
        if ((await RawObject.ReadAsync(core, name, cancellationToken).ConfigureAwait(false)).Content is { } content)
        {
            await quarantine.MoveAsync(name, content, cancellationToken).ConfigureAwait(false);
            journal.AddMended(name, RepairMethod.Rebuilt);
        }
    }
}
