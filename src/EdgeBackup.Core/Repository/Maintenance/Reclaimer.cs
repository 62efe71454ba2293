using System.Globalization;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// Frees space in two phases. First a mark condemns packs: nobody who begins to write from then on relies on them. Once
/// nobody is alive who may rely on them without knowing the mark, the records are read again, what is needed after all is
/// copied into new packs, and the rest goes: index, packs, mark. A crash anywhere leaves garbage or a mark, which the next
/// run takes up; a maintainer that wakes up after it was given up can only remove what the later one removes as well.
/// </summary>
internal sealed class Reclaimer(RepositoryCore core, ReclaimOptions options)
{
    /// <summary>So many index objects are left as they are.</summary>
    private const int MergeIndexesFrom = 16;

    private const int ParallelDeletions = 8;

    private readonly List<string> left = [];
    private ReclaimReport report = new();
    private long bytesWritten;

    public async Task<ReclaimReport> RunAsync(CancellationToken cancellationToken)
    {
        if (options.WhatIf)
        {
            return await PreviewAsync(cancellationToken).ConfigureAwait(false);
        }

        var (maintainer, other) = await Maintainer.TryBeginAsync(core, cancellationToken).ConfigureAwait(false);
        if (maintainer is null)
        {
            return report with { Left = [other!] };
        }

        await using (maintainer.ConfigureAwait(false))
        {
            await RunAsync(maintainer, cancellationToken).ConfigureAwait(false);
        }

        return report with { BytesFreed = Math.Max(0, report.BytesFreed - bytesWritten), Left = left };
    }

    private async Task<ReclaimReport> PreviewAsync(CancellationToken cancellationToken)
    {
        var board = new LeaseBoard(core, own: null);
        await board.ReadAsync(remember: false, cancellationToken).ConfigureAwait(false);
        var inventory = await PackInventory.ReadAsync(core, cancellationToken).ConfigureAwait(false);
        var needed = new NeededChunks(core);
        await needed.CollectAsync(cancellationToken).ConfigureAwait(false);
        if (needed.Unknown.Count > 0)
        {
            return new ReclaimReport { IsStoppedByDamage = true, Left = needed.Unknown };
        }

        var plan = ReclaimPlan.Make(inventory.Packs.Values, needed.Contains);
        return new ReclaimReport
        {
            BytesFreed = plan.BytesToFree,
            PacksDeleted = plan.Dead.Count,
            PacksRewritten = plan.Rewrite.Count,
            IndexObjectsMerged = plan.Dead.Count + plan.Rewrite.Count > 0 || inventory.Indexes.Count >= MergeIndexesFrom ? inventory.Indexes.Count : 0,
            Left = [.. board.DescribeAlive()],
        };
    }

    private async Task RunAsync(Maintainer maintainer, CancellationToken cancellationToken)
    {
        // After the number was taken: what an earlier maintainer may still remove is in a mark by now.
        var marks = await ReadMarksAsync(cancellationToken).ConfigureAwait(false);
        if (core.Chain is { } chain)
        {
            left.AddRange(await new ChainKeeper(core, chain).RunAsync(cancellationToken).ConfigureAwait(false));
        }

        report = report with { LeftoversRemoved = await core.Store.RemoveLeftoversAsync(cancellationToken).ConfigureAwait(false) };

        await core.Index.RefreshAsync(condemnedNow: null, force: true, cancellationToken).ConfigureAwait(false);
        var inventory = await PackInventory.ReadAsync(core, cancellationToken).ConfigureAwait(false);
        foreach (var hash in inventory.Unreadable.Concat(inventory.Torn.Select(pack => pack.Hash)))
        {
            left.Add($"The pack '{PackFormat.ToName(hash)}' is damaged; it was left for Repair and for people to look at.");
        }

        var needed = new NeededChunks(core);
        await needed.CollectAsync(cancellationToken).ConfigureAwait(false);
        if (IsStoppedBy(needed, marks))
        {
            return;
        }

        await maintainer.Board.ReadAsync(remember: true, cancellationToken).ConfigureAwait(false);
        await CondemnAsync(maintainer, marks, inventory, needed, cancellationToken).ConfigureAwait(false);

        // Only now: whoever took a lease after the mark knows the mark. And before the records are read again: whoever is
        // given up finds that out after it wrote a record.
        await maintainer.Board.ReadAsync(remember: true, cancellationToken).ConfigureAwait(false);
        await maintainer.Board.BuryAsync(maintainer.Number, cancellationToken).ConfigureAwait(false);
        await RemoveAsync(maintainer, marks, needed, cancellationToken).ConfigureAwait(false);
    }

    private bool IsStoppedBy(NeededChunks needed, Dictionary<string, MarkBody> marks)
    {
        if (needed.Unknown.Count == 0)
        {
            return false;
        }

        // The marks stay for the next run, which does not hurt a backup.
        left.AddRange(needed.Unknown);
        report = report with { IsStoppedByDamage = true, PacksCondemned = marks.Values.SelectMany(mark => mark.Packs).Distinct().Count() };
        return true;
    }

    /// <summary>Phase one.</summary>
    private async Task CondemnAsync(
        Maintainer maintainer, Dictionary<string, MarkBody> marks, PackInventory inventory, NeededChunks needed, CancellationToken cancellationToken)
    {
        var already = marks.Values.SelectMany(mark => mark.Packs).ToHashSet();

        // A pack without an index object may be one that a live session is about to index.
        var candidates = inventory.Packs.Values.Where(pack => !already.Contains(pack.Hash) && !(maintainer.Board.HasWriters && inventory.Uncovered.Contains(pack.Hash)));
        var plan = ReclaimPlan.Make(candidates, needed.Contains);
        var condemned = plan.Dead.ConvertAll(pack => pack.Hash);
        if (!maintainer.Board.Alive.Any())
        {
            // Copying what is needed pays only when the old packs can go at once.
            condemned.AddRange(plan.Rewrite.Select(entry => entry.Pack.Hash));
        }

        // A sleeper may yet remove the marks of its time, so what they condemn is said again by one that it cannot know.
        condemned.AddRange(already.Except(SafelyMarked(maintainer, marks)));
        if (condemned.Count > 0)
        {
            var (name, body) = await Marks.PutAsync(core, condemned, maintainer.Number, cancellationToken).ConfigureAwait(false);
            marks.Add(name, body);
        }
    }

    /// <summary>Phase two: nobody alive relies on condemned packs unless by a record that exists by now.</summary>
    private async Task RemoveAsync(Maintainer maintainer, Dictionary<string, MarkBody> marks, NeededChunks needed, CancellationToken cancellationToken)
    {
        await needed.CollectAsync(cancellationToken).ConfigureAwait(false);
        if (IsStoppedBy(needed, marks))
        {
            return;
        }

        var inventory = await PackInventory.ReadAsync(core, cancellationToken).ConfigureAwait(false);
        var marked = marks.Values.SelectMany(mark => mark.Packs).ToHashSet();
        var going = maintainer.Board.FindUnused(SafelyMarked(maintainer, marks).Where(inventory.Packs.ContainsKey), marks, left);
        var spared = Spare(maintainer, inventory, marks, going, needed);
        var rescue = new ChunkRescue(core);
        var kept = FindKept(inventory, hash => !marked.Contains(hash) || spared.Contains(hash), going, needed);
        foreach (var hash in going)
        {
            rescue.Add(inventory.Packs[hash], id => needed.Contains(id) && !kept.Contains(id));
        }

        await rescue.RunAsync(cancellationToken).ConfigureAwait(false);
        bytesWritten += rescue.BytesWritten;
        foreach (var (hash, reason) in rescue.Failed)
        {
            left.Add($"The pack '{PackFormat.ToName(hash)}' is damaged ({reason}); it was left as it is.");
            going.Remove(hash);
        }

        // The last look. All that makes the removals safe is written by now, and every later maintainer finds it.
        if (await maintainer.IsOvertakenAsync(cancellationToken).ConfigureAwait(false))
        {
            await StopAsync(rescue).ConfigureAwait(false);
            return;
        }

        if (rescue.Rescued.Count > 0)
        {
            inventory = await PackInventory.ReadAsync(core, cancellationToken).ConfigureAwait(false);
            going.IntersectWith(inventory.Packs.Keys);
        }

        if (!await RemoveAsync(maintainer, inventory, going, rescue.Rescued, cancellationToken).ConfigureAwait(false))
        {
            await StopAsync(rescue).ConfigureAwait(false);
            return;
        }

        var remaining = marked.Where(hash => !going.Contains(hash) && !spared.Contains(hash) && inventory.Has(hash)).ToHashSet();
        foreach (var mark in marks.Where(mark => !mark.Value.Packs.Any(remaining.Contains)))
        {
            await core.Store.DeleteAsync(mark.Key, cancellationToken).ConfigureAwait(false);
        }

        report = report with { PacksCondemned = remaining.Count };
        await core.Index.RefreshAsync(remaining, force: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The later maintainer may have removed packs that nobody had told it of yet.</summary>
    private async Task StopAsync(ChunkRescue rescue)
    {
        left.Add("Another process took this maintenance over while this one stood still; it finishes the work.");
        await IndexCleaner.ForgetGoneAsync(core, rescue.Written, new HashSet<string>(), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Index, then packs.</summary>
    /// <returns>False when a later maintainer came in between; then nothing was removed.</returns>
    private async Task<bool> RemoveAsync(Maintainer maintainer, PackInventory inventory, HashSet<string> going, HashSet<string> rescued, CancellationToken cancellationToken)
    {
        var merged = new HashSet<string>();

        // Those who read go through the index objects that they have listed.
        var isRead = maintainer.Board.Alive.Any(lease => lease.Body is not { Kind: LeaseKind.Write });
        if (going.Count > 0 || (!isRead && (inventory.IsIndexStale || inventory.Indexes.Count >= MergeIndexesFrom)))
        {
            var merger = new IndexMerger(core, inventory);
            await merger.WriteAsync(going, cancellationToken).ConfigureAwait(false);
            if (await maintainer.IsOvertakenAsync(cancellationToken).ConfigureAwait(false))
            {
                // It may name packs that the later one has removed.
                await merger.TakeBackAsync(cancellationToken).ConfigureAwait(false);
                return false;
            }

            merged.UnionWith(merger.Written);
            await merger.RemoveOldAsync(cancellationToken).ConfigureAwait(false);
            bytesWritten += merger.BytesWritten;
            report = report with { BytesFreed = report.BytesFreed + merger.BytesFreed, IndexObjectsMerged = merger.Removed };
        }

        await IndexMerger.DeleteAsync(core, going.Select(PackFormat.ToName), cancellationToken).ConfigureAwait(false);
        report = report with
        {
            BytesFreed = report.BytesFreed + going.Sum(hash => (long)inventory.Packs[hash].Length),
            PacksRewritten = going.Count(rescued.Contains),
            PacksDeleted = going.Count(hash => !rescued.Contains(hash)),
        };

        if (going.Count > 0)
        {
            // A sleeper may have told the index of them meanwhile.
            await IndexCleaner.ForgetGoneAsync(core, going, merged, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>What marks condemn that no sleeper can remove.</summary>
    private static HashSet<string> SafelyMarked(Maintainer maintainer, Dictionary<string, MarkBody> marks) =>
        marks.Values.Where(mark => mark.Fence > maintainer.LastSleeper).SelectMany(mark => mark.Packs).ToHashSet();

    /// <summary>
    /// Lets condemned packs live that are mostly needed again, where no earlier maintainer can remove them any more. Takes
    /// them out of those that go.
    /// </summary>
    private HashSet<string> Spare(Maintainer maintainer, PackInventory inventory, Dictionary<string, MarkBody> marks, HashSet<string> going, NeededChunks needed)
    {
        var marked = marks.Values.SelectMany(mark => mark.Packs).ToHashSet();
        var unsafely = marks.Values.Where(mark => mark.Fence <= maintainer.LastSleeper).SelectMany(mark => mark.Packs).ToHashSet();
        var kept = FindKept(inventory, hash => !marked.Contains(hash), going, needed);
        var plan = ReclaimPlan.Make(going.Where(hash => !unsafely.Contains(hash)).Select(hash => inventory.Packs[hash]), id => needed.Contains(id) && !kept.Contains(id));
        foreach (var pack in plan.Keep)
        {
            left.Add($"The pack '{pack.Name}' is needed again by a backup that was taken meanwhile.");
            going.Remove(pack.Hash);
        }

        return plan.Keep.Select(pack => pack.Hash).ToHashSet();
    }

    /// <summary>Those chunks of the packs that go which also stand in a pack that stays.</summary>
    private static HashSet<ChunkId> FindKept(PackInventory inventory, Predicate<string> stays, HashSet<string> going, NeededChunks needed)
    {
        var sought = going.SelectMany(hash => inventory.Packs[hash].Entries).Select(entry => entry.Id).Where(needed.Contains).ToHashSet();
        return sought.Count == 0 ? sought : inventory.Packs.Values.Where(pack => stays(pack.Hash)).SelectMany(pack => pack.Entries).Select(entry => entry.Id).Where(sought.Contains).ToHashSet();
    }

    private async Task<Dictionary<string, MarkBody>> ReadMarksAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await Marks.ReadAsync(core, cancellationToken).ConfigureAwait(false);
            }
            catch (ObjectDamagedException exception) when (exception.ObjectName.StartsWith(Marks.Folder, StringComparison.Ordinal))
            {
                // Without its mark nothing is condemned: that is safe unless a sleeper wakes up that was about to act upon it.
                left.Add(string.Create(CultureInfo.InvariantCulture, $"The mark '{exception.ObjectName}' was damaged and was removed; nothing else depends on it."));
                await core.Store.DeleteAsync(exception.ObjectName, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
