using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// The one who may remove things. Maintainers have numbers, one more each time, taken by writing an object of that name
/// exclusively; one that finds a higher number stops. It may have slept between that look and a removal, so a number alone
/// makes nothing safe: what makes it so is that a removal is prepared by objects which the later one finds and keeps to
/// (docs/format.md, Removing).
/// </summary>
internal sealed class Maintainer : IAsyncDisposable
{
    private readonly RepositoryCore core;
    private readonly Lease lease;
    private bool isOvertaken;

    private Maintainer(RepositoryCore core, Lease lease, long number)
    {
        this.core = core;
        this.lease = lease;
        Number = number;
        Board = new LeaseBoard(core, lease.Name);
    }

    public long Number { get; }

    /// <summary>The others; to be read anew before anything is concluded from it.</summary>
    public LeaseBoard Board { get; }

    /// <summary>
    /// The highest number of an earlier maintainer that was given up without proof that it has ended; 0 for none. It may
    /// wake up and go on with what it had prepared: remove packs that a mark of its time names, and those marks.
    /// </summary>
    public long LastSleeper => Board.GivenUp.Select(name => LeaseNames.ToNumber(name) ?? 0).DefaultIfEmpty(0).Max();

    /// <summary>Whether a later maintainer was found.</summary>
    public bool WasOvertaken => isOvertaken;

    /// <summary>Begins maintenance, unless somebody is at it.</summary>
    /// <returns>The maintainer; or null and a sentence that says who is at it.</returns>
    public static async Task<(Maintainer? Maintainer, string? Other)> TryBeginAsync(RepositoryCore core, CancellationToken cancellationToken)
    {
        var before = new LeaseBoard(core, own: null);
        await before.ReadAsync(remember: true, cancellationToken).ConfigureAwait(false);
        if (before.FindOtherMaintenance() is { } other)
        {
            return (null, other);
        }

        const string JustNow = "Another process has begun to maintain the repository at this moment.";
        var number = before.HighestNumber + 1;
        if (await Lease.TryTakeNumberAsync(core, number, cancellationToken).ConfigureAwait(false) is not { } lease)
        {
            return (null, JustNow);
        }

        var maintainer = new Maintainer(core, lease, number);
        try
        {
            // This number may be an old one by now, if that took long.
            await maintainer.Board.ReadAsync(remember: true, cancellationToken).ConfigureAwait(false);
            if (!await maintainer.IsOvertakenAsync(cancellationToken).ConfigureAwait(false))
            {
                await maintainer.Board.BuryAsync(number, cancellationToken).ConfigureAwait(false);
                return (maintainer, null);
            }
        }
        catch
        {
            await maintainer.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await maintainer.DisposeAsync().ConfigureAwait(false);
        return (null, JustNow);
    }

    /// <summary>Looks whether there is a later maintainer.</summary>
    public async Task<bool> IsOvertakenAsync(CancellationToken cancellationToken)
    {
        await foreach (var entry in core.Store.ListAsync(LeaseNames.Folder, cancellationToken).ConfigureAwait(false))
        {
            var gone = LeaseNames.FromGone(entry.Name);
            isOvertaken |= gone == lease.Name || LeaseNames.ToNumber(gone ?? entry.Name) > Number;
        }

        return isOvertaken;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await IsOvertakenAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException)
        {
            // What was known before has to do.
        }

        if (isOvertaken)
        {
            // The later one need not reckon with this one any more.
            await lease.DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            // The object of the highest number stays: without it an earlier maintainer would not find out.
            await lease.EndAsync().ConfigureAwait(false);
        }
    }
}
