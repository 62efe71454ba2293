using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Compare.Values;

namespace EdgeBackup.Core.Operations.Compare;

/// <summary>An item of one side.</summary>
/// <param name="Item">As it is listed.</param>
/// <param name="Saved">As a backup holds it; null for an item of a device.</param>
internal sealed record ComparedItem(Item Item, SavedItem? Saved)
{
    /// <summary>SHA-256; null where it is not known without reading.</summary>
    public string? Digest => Saved?.Digest;
}

/// <summary>One of the two sides of a comparison.</summary>
internal interface IComparedSide
{
    /// <summary>Items in ascending ordinal order of their paths, folders that hold others included.</summary>
    IAsyncEnumerable<ComparedItem> ListAsync(CancellationToken cancellationToken);

    /// <summary>Reads an item to its end; several at once.</summary>
    /// <returns>Null: it has vanished.</returns>
    Task<ItemBytes?> ReadAsync(ComparedItem item, CompareLimits limits, CancellationToken cancellationToken);

    /// <summary>Why this side does not hold what it knows to be there; null where there is nothing.</summary>
    string? FindNotSaved(string path);
}

/// <summary>A backup.</summary>
internal sealed class BackupSide(Repository.EdgeRepository repository, BackupRecord record) : IComparedSide
{
    private readonly Dictionary<string, string> notSaved = record.NotSaved.DistinctBy(item => item.Path).ToDictionary(item => item.Path, item => item.Reason, StringComparer.Ordinal);

    public async IAsyncEnumerable<ComparedItem> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var saved in repository.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            yield return new ComparedItem(saved.Item, saved);
        }
    }

    public async Task<ItemBytes?> ReadAsync(ComparedItem item, CompareLimits limits, CancellationToken cancellationToken)
    {
        var stream = repository.OpenItem(record, item.Saved!);
        await using var lease = stream.ConfigureAwait(false);
        return await ItemBytes.ReadAsync(stream, limits, cancellationToken).ConfigureAwait(false);
    }

    public string? FindNotSaved(string path) => notSaved.GetValueOrDefault(path);
}
