using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>
/// What a device holds before a restore, held against what it is sent: that decides between restored and unchanged, and
/// names what goes.
/// </summary>
internal sealed class RestoreComparison(RepositoryContext context, IOperationObserver observer)
{
    /// <summary>What a restore does to each item, by path.</summary>
    public static List<RestoreStep> MakeSteps(RestoreSelection selection, Dictionary<string, SavedItem> sent, DeviceComparison now, RestoreOptions options)
    {
        var different = now.Differences.Select(difference => difference.Path).ToHashSet(StringComparer.Ordinal);
        var steps = selection.Items
            .Where(item => !item.Item.IsContainer)
            .Select(item => new RestoreStep(item.Item.Path, different.Contains(item.Item.Path) ? RestoreAction.Restore : RestoreAction.Unchanged, item.Item.Length))
            .Concat(selection.NotRestored.Select(item => new RestoreStep(item.Path, RestoreAction.NotRestored, 0, item.Reason)));
        if (!options.IsOverlay)
        {
            steps = steps.Concat(now.Surplus(sent).Select(path => new RestoreStep(path, RestoreAction.Remove, 0)));
        }

        return [.. steps.OrderBy(step => step.Path, StringComparer.Ordinal)];
    }

    public static List<string> Paths(IEnumerable<RestoreStep> steps, RestoreAction action) =>
        steps.Where(step => step.Action == action).Select(step => step.Path).ToList();

    /// <summary>The safety backup has just read every byte; it need not be read again.</summary>
    public async Task<DeviceComparison> WithSafetyAsync(CatalogBackup safety, Dictionary<string, SavedItem> sent, CancellationToken cancellationToken)
    {
        var record = await context.Repository.ReadBackupAsync(safety.ObjectName, cancellationToken).ConfigureAwait(false);
        var same = new HashSet<string>(StringComparer.Ordinal);
        var listed = new List<Item>();
        await foreach (var now in context.Repository.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
        {
            listed.Add(now.Item);
            if (sent.TryGetValue(now.Item.Path, out var wanted)
                && wanted.Item.Type == now.Item.Type && wanted.Digest == now.Digest && wanted.Item.LinkTarget == now.Item.LinkTarget)
            {
                same.Add(now.Item.Path);
            }
        }

        return new DeviceComparison(listed, sent.Keys.Where(path => !same.Contains(path)).Select(path => new NotSavedItem(path, "differs")).ToList());
    }

    /// <summary>What the device holds decides nothing but the words of the result: one that cannot be read can be restored all the same.</summary>
    /// <returns>Null where it cannot be read.</returns>
    public async Task<DeviceComparison?> TryWithDeviceAsync(DeviceContact contact, Dictionary<string, SavedItem> sent, CancellationToken cancellationToken)
    {
        try
        {
            return await new DeviceReader(contact.Connection).CompareAsync(sent, BackupContent.All, onCompared: null, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.CaptureFailed or ErrorIds.DeviceResponseInvalid)
        {
            observer.Warning($"{contact.Id}: what it holds now cannot be read, so that everything is written and nothing is known of what was there: {exception.Message}");
            return null;
        }
    }
}
