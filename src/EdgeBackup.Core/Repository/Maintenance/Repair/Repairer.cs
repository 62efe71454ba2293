using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>
/// Mends what can be mended (docs/format.md, Repairing). Each step leaves the repository at least as good as it was, so
/// that a repair that is killed anywhere is simply run again.
/// </summary>
internal sealed class Repairer : IDisposable
{
    private readonly RepositoryCore core;
    private readonly RepairOptions options;
    private readonly RepositoryCore? from;
    private readonly RepositoryCore? copy;
    private readonly IProgress<VerifyProgress>? progress;
    private readonly RepairJournal journal = new();
    private readonly Quarantine quarantine;
    private readonly ChunkMender chunks;

    /// <param name="core">The repository.</param>
    /// <param name="from">The core of the second repository of the options.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Of the verification that comes first.</param>
    public Repairer(RepositoryCore core, RepositoryCore? from, RepairOptions options, IProgress<VerifyProgress>? progress)
    {
        this.core = core;
        this.from = from;
        this.options = options;
        this.progress = progress;

        // The same id alone could be a forgery or an accident; with the same keys it is a copy.
        copy = from is not null && from.Header.Id == core.Header.Id ? from : null;
        quarantine = new Quarantine(core, options.WhatIf);
        chunks = new ChunkMender(core, options.WhatIf);
    }

    public async Task<RepairReport> RunAsync(CancellationToken cancellationToken)
    {
        if (options.WhatIf)
        {
            return await RepairAsync(maintainer: null, cancellationToken).ConfigureAwait(false);
        }

        var (maintainer, other) = await Maintainer.TryBeginAsync(core, cancellationToken).ConfigureAwait(false);
        if (maintainer is null)
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The repository '{core.Store.Location}' was not repaired, because it is being maintained already: {other} Run the repair again afterwards.",
                core.Store.Location);
        }

        await using (maintainer.ConfigureAwait(false))
        {
            RepairReport report;
            try
            {
                report = await RepairAsync(maintainer, cancellationToken).ConfigureAwait(false);
                await maintainer.IsOvertakenAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (EdgeBackupException) when (maintainer.WasOvertaken)
            {
                await ForgetGoneAsync().ConfigureAwait(false);
                throw;
            }

            if (maintainer.WasOvertaken)
            {
                await ForgetGoneAsync().ConfigureAwait(false);
            }

            return report;
        }
    }

    /// <summary>To be called before something is removed.</summary>
    /// <exception cref="EdgeBackupException">RepositoryNotWritable: another process has taken the maintenance over.</exception>
    public static async Task CheckAsync(RepositoryCore core, Maintainer? maintainer, CancellationToken cancellationToken)
    {
        if (maintainer is not null && await maintainer.IsOvertakenAsync(cancellationToken).ConfigureAwait(false))
        {
            throw new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The repair of '{core.Store.Location}' stood still so long that another process has taken over the maintenance. What was mended stays mended; run the repair again.",
                core.Store.Location);
        }
    }

    public void Dispose() => chunks.Dispose();

    /// <summary>Whoever took over may have removed new packs of this repair before the index was told of them.</summary>
    private Task ForgetGoneAsync() => IndexCleaner.ForgetGoneAsync(core, chunks.Written, new HashSet<string>(), CancellationToken.None);

    private async Task<RepairReport> RepairAsync(Maintainer? maintainer, CancellationToken cancellationToken)
    {
        var before = await new Verifier(core, new VerifyOptions(ReadData: true), progress).RunAsync(cancellationToken).ConfigureAwait(false);
        var names = before.Damage.Select(damage => damage.Object).Concat(options.Missing).Distinct(StringComparer.Ordinal).ToList();
        var isPack = names.ToLookup(name => name.StartsWith(PackFormat.Folder, StringComparison.Ordinal));
        var isIndex = isPack[false].ToLookup(name => name.StartsWith(IndexObject.Folder, StringComparison.Ordinal));
        await new SmallObjectRepairer(core, journal, quarantine, copy).RunAsync([.. isIndex[false]], cancellationToken).ConfigureAwait(false);

        var index = new IndexRepairer(core, journal, quarantine);
        await index.ReadAsync(isIndex[true].ToHashSet(), cancellationToken).ConfigureAwait(false);
        var damaged = isPack[true].Select(PackFormat.ToHash).OfType<string>().ToHashSet();
        foreach (var pack in await index.ListPacksAsync(damaged, cancellationToken).ConfigureAwait(false))
        {
            chunks.AddWhole(pack);
        }

        var packs = new PackRepairer(core, journal, quarantine, chunks, copy);
        var doomed = await FindDoomedAsync(maintainer, cancellationToken).ConfigureAwait(false);
        await packs.RunAsync([.. isPack[true]], index.Indexed, doomed, cancellationToken).ConfigureAwait(false);

        // Before anything lets go of them: whoever takes over while this sleeps mends none of them in its place, and
        // relies on none.
        var mark = maintainer is not null && packs.Unusable.Count > 0
            ? (await Marks.PutAsync(core, [.. packs.Unusable], maintainer.Number, cancellationToken).ConfigureAwait(false)).Name
            : null;
        await index.RunAsync(packs.Unusable, names.Contains(IndexObject.Folder.TrimEnd('/')), maintainer, cancellationToken).ConfigureAwait(false);
        if (!options.WhatIf)
        {
            await CheckAsync(core, maintainer, cancellationToken).ConfigureAwait(false);
            await packs.RemoveAsync(cancellationToken).ConfigureAwait(false);
            await (mark is null ? Task.CompletedTask : core.Store.DeleteAsync(mark, cancellationToken)).ConfigureAwait(false);
            await core.Index.RefreshAsync(condemnedNow: null, force: true, cancellationToken).ConfigureAwait(false);
        }

        var touched = before.Damage.Where(damage => damage is { Backup: not null, Device: not null }).Select(damage => (damage.Device!, damage.Backup!)).Distinct().ToList();
        var lost = await RefillAsync(touched, cancellationToken).ConfigureAwait(false);
        return new RepairReport
        {
            Mended = journal.Mended,
            Quarantined = quarantine.Kept,
            Left = journal.Left,
            Gone = options.WhatIf
                ? PredictGone(before.Damage, lost, packs.LeftDamaged)
                : (await new Verifier(core, new VerifyOptions(ReadData: packs.LeftDamaged.Count > 0), progress: null).RunAsync(cancellationToken).ConfigureAwait(false)).Damage,
        };
    }

    /// <summary>
    /// A repair that was given up may wake up and remove the packs that its marks name: mended in their places they would
    /// be lost after all.
    /// </summary>
    private async Task<HashSet<string>> FindDoomedAsync(Maintainer? maintainer, CancellationToken cancellationToken)
    {
        if (maintainer is not { LastSleeper: > 0 and var last })
        {
            return [];
        }

        var marks = await Marks.ReadAsync(core, cancellationToken).ConfigureAwait(false);
        return marks.Values.Where(mark => mark.Fence <= last).SelectMany(mark => mark.Packs).ToHashSet();
    }

    /// <summary>Looks for lost chunks elsewhere; where that brings back an item list, it tells what else is lost.</summary>
    private async Task<List<LostContent>> RefillAsync(List<(string Device, string Backup)> touched, CancellationToken cancellationToken)
    {
        var offers = new List<(RepairMethod Method, Func<IReadOnlyList<LostContent>, Task> Offer)>();
        if (from is not null)
        {
            var source = new SecondRepositorySource(core, options.From!, from);
            offers.Add((RepairMethod.SecondRepository, lost => source.OfferAsync(lost, chunks, cancellationToken)));
        }

        if (options.Source is { } other && !options.WhatIf)
        {
            offers.Add((RepairMethod.Device, lost => OfferAsync(other, lost, cancellationToken)));
        }

        var left = await LostContents.FindAsync(core, touched, chunks, cancellationToken).ConfigureAwait(false);
        foreach (var (method, offer) in offers)
        {
            for (var isBetter = true; isBetter && left.Count > 0;)
            {
                chunks.Want(left.SelectMany(item => item.Lost));
                await offer(left).ConfigureAwait(false);
                await chunks.FlushAsync().ConfigureAwait(false);
                var back = left.Where(item => item.Lost.All(chunks.IsWhole)).ToList();
                back.ForEach(item => journal.AddMended(item, method));
                isBetter = back.Exists(item => item.Path is null);
                left = await LostContents.FindAsync(core, touched, chunks, cancellationToken).ConfigureAwait(false);
            }
        }

        return left;
    }

    private async Task OfferAsync(IRepairSource source, IReadOnlyList<LostContent> lost, CancellationToken cancellationToken)
    {
        await source.OfferAsync([.. lost.Select(item => new LostItem(item.Device, item.Backup, item.Content, item.Path))], chunks, cancellationToken).ConfigureAwait(false);
        chunks.Discard();
    }

    /// <summary>
    /// What would still be lost: of rows that name no mended object, those of items that still lack chunks, those of whole
    /// objects, and those of packs that stay damaged in their places. The index lets go of every other pack.
    /// </summary>
    private List<Damage> PredictGone(IReadOnlyList<Damage> found, List<LostContent> lost, HashSet<string> leftDamaged)
    {
        var mended = journal.Mended.Where(row => row.Path is null).Select(row => row.Object).ToHashSet();
        var whole = journal.Mended.Where(row => row.Path is null && row.Method != RepairMethod.Salvaged).Select(row => row.Object).ToHashSet();
        var missing = lost.Select(item => (item.Device, item.Backup, item.Path)).ToHashSet();
        return [.. found.Where(row => row switch
        {
            { Path: not null, Device: not null, Backup: not null } =>
                missing.Contains((row.Device, row.Backup, row.Path)) || (!whole.Contains(row.Object) && missing.Contains((row.Device, row.Backup, null))),
            { Backup: not null } => !whole.Contains(row.Object),
            _ when row.Object.StartsWith(PackFormat.Folder, StringComparison.Ordinal) => leftDamaged.Contains(row.Object),
            _ => !mended.Contains(row.Object),
        })];
    }
}
