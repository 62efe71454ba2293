using System.Globalization;
using EdgeBackup.Core.Repository.Backups;
using EdgeBackup.Core.Repository.Chain;
using EdgeBackup.Core.Repository.Index;
using EdgeBackup.Core.Repository.Packs;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>
/// Frees space in two phases. First a mark condemns packs; once nobody is alive who may rely on them without knowing
/// the mark, the records are read again, what is needed after all is spared, and the rest goes: index, packs, mark.
/// A crash anywhere leaves garbage or a mark, which the next run takes up.
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

        var lease = await Lease.TakeAsync(core, LeaseKind.Maintain, cancellationToken).ConfigureAwait(false);
        await using (lease.ConfigureAwait(false))
        {
            await RunAsync(new LeaseBoard(core, lease.Name), cancellationToken).ConfigureAwait(false);
        }

        return report with { BytesFreed = Math.Max(0, report.BytesFreed - bytesWritten), Left = left };
    }

    private async Task<ReclaimReport> PreviewAsync(CancellationToken cancellationToken)
    {
        var board = new LeaseBoard(core, own: null);
        await board.ReadAsync([], removeDead: false, cancellationToken).ConfigureAwait(false);
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
            Left = [.. board.FindObstacles(["-"])],
        };
    }

    private async Task RunAsync(LeaseBoard board, CancellationToken cancellationToken)
    {
        var marks = await ReadMarksAsync(cancellationToken).ConfigureAwait(false);
        await board.ReadAsync(marks.Values, removeDead: true, cancellationToken).ConfigureAwait(false);
        if (board.FindOtherMaintenance() is { } other)
        {
            left.Add(other);
            return;
        }

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
        if (IsStoppedBy(needed))
        {
            return;
        }

        await CondemnAsync(board, marks, inventory, needed, cancellationToken).ConfigureAwait(false);

        // Only now: whoever took a lease after the mark knows the mark.
        await board.ReadAsync(marks.Values, removeDead: true, cancellationToken).ConfigureAwait(false);
        var obstacles = board.FindObstacles(marks.Keys).ToList();
        if (marks.Count > 0 && obstacles.Count > 0)
        {
            left.AddRange(obstacles);
            report = report with { PacksCondemned = marks.Values.SelectMany(mark => mark.Packs).Distinct().Count(), PacksRewritten = 0 };
            return;
        }

        await RemoveAsync(marks, needed, cancellationToken).ConfigureAwait(false);
    }

    private bool IsStoppedBy(NeededChunks needed)
    {
        if (needed.Unknown.Count == 0)
        {
            return false;
        }

        left.AddRange(needed.Unknown);
        report = report with { IsStoppedByDamage = true };
        return true;
    }

    /// <summary>Phase one.</summary>
    private async Task CondemnAsync(
        LeaseBoard board, Dictionary<string, MarkBody> marks, PackInventory inventory, NeededChunks needed, CancellationToken cancellationToken)
    {
        var already = marks.Values.SelectMany(mark => mark.Packs).ToHashSet();

        // A pack without an index object may be one that a live session is about to index.
        var candidates = inventory.Packs.Values.Where(pack => !already.Contains(pack.Hash) && !(board.HasWriters && inventory.Uncovered.Contains(pack.Hash)));
        var plan = ReclaimPlan.Make(candidates, needed.Contains);
        var condemned = plan.Dead.ConvertAll(pack => pack.Hash);

        // Copying what is needed pays only when the old packs can go at once.
        if (plan.Rewrite.Count > 0 && !board.FindObstacles(["-"]).Any())
        {
            var rewritten = await RewriteAsync(plan, cancellationToken).ConfigureAwait(false);
            condemned.AddRange(rewritten);
            report = report with { PacksRewritten = rewritten.Count };
        }

        var isObserved = board.Elsewhere.All(lease => marks.Values.Any(mark => mark.Observed.TryGetValue(lease.Key, out var counter) && counter == lease.Value));
        if (condemned.Count == 0 && (marks.Count == 0 || isObserved))
        {
            return;
        }

        var id = new byte[12];
        core.Environment.Random.Fill(id);
        var name = Marks.Folder + Convert.ToHexStringLower(id);
        var body = new MarkBody(core.Environment.Clock.GetUtcNow(), condemned, board.Elsewhere.ToDictionary());
        await core.Store.PutAsync(name, core.Seal(name, body, RepositoryJson.Default.MarkBody), cancellationToken).ConfigureAwait(false);
        marks.Add(name, body);
    }

    /// <returns>The packs that are not needed any more.</returns>
    private async Task<List<string>> RewriteAsync(ReclaimPlan plan, CancellationToken cancellationToken)
    {
        var done = new List<string>();
        using var writer = new PackWriter(core, () => { });
        foreach (var (pack, needed) in plan.Rewrite)
        {
            try
            {
                foreach (var entry in needed)
                {
                    var stored = await core.Chunks.ReadStoredAsync(pack.Hash, entry, cancellationToken).ConfigureAwait(false);
                    await writer.AppendAsync(entry.Id, entry.RawLength, entry.Codec, stored).ConfigureAwait(false);
                }

                done.Add(pack.Hash);
            }
            catch (ObjectDamagedException exception)
            {
                left.Add($"The pack '{exception.ObjectName}' is damaged ({exception.Reason}); it was left as it is.");
            }
        }

        var written = await Task.WhenAll(await writer.TakeWrittenAsync(closeCurrent: true).ConfigureAwait(false)).ConfigureAwait(false);
        if (written.Length > 0)
        {
            bytesWritten += written.Sum(pack => (long)pack.Length);
            bytesWritten += await core.Index.PublishAsync(written, _ => { }).ConfigureAwait(false);
        }

        return done;
    }

    /// <summary>Phase two: nobody alive relies on condemned packs unless by a record that exists by now.</summary>
    private async Task RemoveAsync(Dictionary<string, MarkBody> marks, NeededChunks needed, CancellationToken cancellationToken)
    {
        await needed.CollectAsync(cancellationToken).ConfigureAwait(false);
        if (IsStoppedBy(needed))
        {
            // The marks stay for the next run, and so does what was copied: neither hurts a backup.
            report = report with { PacksCondemned = marks.Values.SelectMany(mark => mark.Packs).Distinct().Count(), PacksRewritten = 0 };
            return;
        }

        var inventory = await PackInventory.ReadAsync(core, cancellationToken).ConfigureAwait(false);
        var condemned = marks.Values.SelectMany(mark => mark.Packs).Where(inventory.Packs.ContainsKey).ToHashSet();
        var elsewhere = inventory.Packs.Values.Where(pack => !condemned.Contains(pack.Hash)).SelectMany(pack => pack.Entries).Select(entry => entry.Id).ToHashSet();
        var removed = condemned.Where(hash => inventory.Packs[hash].Entries.All(entry => !needed.Contains(entry.Id) || elsewhere.Contains(entry.Id))).ToList();
        foreach (var hash in condemned.Except(removed))
        {
            left.Add($"The pack '{PackFormat.ToName(hash)}' is needed again by a backup that was taken meanwhile.");
        }

        if (removed.Count > 0 || inventory.IsIndexStale || inventory.Indexes.Count >= MergeIndexesFrom)
        {
            await MergeIndexesAsync(inventory, removed.ToHashSet(), cancellationToken).ConfigureAwait(false);
        }

        await DeleteAsync(removed.ConvertAll(PackFormat.ToName), cancellationToken).ConfigureAwait(false);
        report = report with { BytesFreed = report.BytesFreed + removed.Sum(hash => (long)inventory.Packs[hash].Length) };

        report = report with { PacksDeleted = Math.Max(0, removed.Count - report.PacksRewritten) };
        foreach (var mark in marks.Keys)
        {
            await core.Store.DeleteAsync(mark, cancellationToken).ConfigureAwait(false);
        }

        await core.Index.RefreshAsync(new HashSet<string>(), force: true, cancellationToken).ConfigureAwait(false);
    }

    private async Task MergeIndexesAsync(PackInventory inventory, HashSet<string> removed, CancellationToken cancellationToken)
    {
        var packs = inventory.Packs.Values.Where(pack => !removed.Contains(pack.Hash)).Concat(inventory.Torn);
        var written = await IndexObject.PutAsync(core, packs, cancellationToken).ConfigureAwait(false);
        bytesWritten += written.Values.Sum(length => (long)length);

        // Only those that were read: what a session has added since then stays.
        var merged = inventory.Indexes.Where(index => !written.ContainsKey(index.Name)).ToList();
        await DeleteAsync(merged.ConvertAll(index => index.Name), cancellationToken).ConfigureAwait(false);
        report = report with { BytesFreed = report.BytesFreed + merged.Sum(index => index.Length), IndexObjectsMerged = report.IndexObjectsMerged + merged.Count };
    }

    /// <summary>Side by side: their flushes share the file system's journal commits.</summary>
    private async Task DeleteAsync(List<string> names, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletions, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(names, options, async (name, token) => await core.Store.DeleteAsync(name, token).ConfigureAwait(false)).ConfigureAwait(false);
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
                // Without its mark nothing is condemned: that is safe, and only this run would act upon it.
                left.Add(string.Create(CultureInfo.InvariantCulture, $"The mark '{exception.ObjectName}' was damaged and was removed; nothing else depends on it."));
                await core.Store.DeleteAsync(exception.ObjectName, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
