using System.Runtime.CompilerServices;

namespace EdgeBackup.Core.Operations.Compare;

/// <summary>Two lists in the same order as one list of pairs, holding one item of each at a time.</summary>
internal static class ItemPairs
{
    /// <returns>By path; null on a side that does not hold the path.</returns>
    public static async IAsyncEnumerable<(ComparedItem? Reference, ComparedItem? Difference)> MergeAsync(
        IComparedSide reference,
        IComparedSide difference,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = reference.ListAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var firstLease = first.ConfigureAwait(false);
        var second = difference.ListAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var secondLease = second.ConfigureAwait(false);
        var (left, right) = (await NextAsync(first).ConfigureAwait(false), await NextAsync(second).ConfigureAwait(false));
        while (left is not null || right is not null)
        {
            var order = left is null ? 1 : right is null ? -1 : string.CompareOrdinal(left.Item.Path, right.Item.Path);
            yield return (order <= 0 ? left : null, order >= 0 ? right : null);
            left = order <= 0 ? await NextAsync(first).ConfigureAwait(false) : left;
            right = order >= 0 ? await NextAsync(second).ConfigureAwait(false) : right;
        }
    }

    private static async ValueTask<ComparedItem?> NextAsync(IAsyncEnumerator<ComparedItem> items) =>
        await items.MoveNextAsync().ConfigureAwait(false) ? items.Current : null;
}
