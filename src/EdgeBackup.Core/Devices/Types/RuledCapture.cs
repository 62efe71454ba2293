using System.Runtime.CompilerServices;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>A capture whose items are what the type's rules say they are.</summary>
internal sealed class RuledCapture(ICapture inner, ItemRuleSet rules, BackupContent content) : ICapture
{
    public IReadOnlyList<NotSavedItem> NotSaved => [.. inner.NotSaved.Where(item => rules.Find(item.Path) is not { Exclude: true })];

    public IReadOnlyList<string> Unwritten => [.. inner.Unwritten.Where(path => rules.Find(path) is not { Exclude: true })];

    /// <summary>The capture itself where a type has no rules.</summary>
    public static ICapture Wrap(ICapture capture, ItemRuleSet rules, BackupContent content) =>
        rules.IsEmpty ? capture : new RuledCapture(capture, rules, content);

    public async IAsyncEnumerable<Item> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var listed in inner.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            // R10: what is not asked for is not taken.
            if (rules.Apply(listed) is { } item && (content == BackupContent.All || item.Kind != ItemKind.History))
            {
                yield return item;
            }
        }
    }

    public Task<CapturedItem?> OpenReadAsync(Item item, CancellationToken cancellationToken) => inner.OpenReadAsync(item, cancellationToken);

    public Task CompleteAsync(CancellationToken cancellationToken) => inner.CompleteAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
