using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// A restore in the making: its files are gathered and proven on this machine, and the device hears of it when all of
/// them are there. A file that was cut or altered is so refused before the device is touched.
/// </summary>
internal sealed class BacnetRestoreSession(BacnetConversation link, BacnetRestore restore, RestorePlan plan, RestoreSpool spool) : IRestoreSession
{
    private readonly SortedDictionary<int, FileToRestore> files = [];
    private readonly HashSet<string> missing = new(plan.Items.Select(item => item.Saved.Item.Path), StringComparer.Ordinal);
    private bool isOver;

    public async Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(isOver, this);
        var path = item.Item.Path;
        var place = BacnetItemPath.TryParse(path) ?? throw new ArgumentException($"'{path}' is not in the plan.", nameof(item));
        var digest = item.Digest ?? throw new ArgumentException($"'{path}' has no digest.", nameof(item));
        try
        {
            var spooled = await spool.AddAsync(content, item.Item.Length, digest, cancellationToken).ConfigureAwait(false);
            if (place.Access == BacnetFileAccess.Record)
            {
                await RecordRows.CheckAsync(spooled, cancellationToken).ConfigureAwait(false);
            }

            files[place.Position] = new FileToRestore(place, path, spooled);
            missing.Remove(path);
        }
        catch (RestoreContentMismatchException exception)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"the item '{path}' was not restored, because {exception.Message}. Nothing was changed; check the backup with Test-EdgeBackup",
                exception);
        }
        catch (IOException exception)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"the item '{path}' cannot be kept on this machine until all are there ({exception.Message.TrimEnd('.')}). Nothing was changed; make room in the folder for temporary files, then try again",
                exception);
        }
    }

    public async Task<RestoreCommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(isOver, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (missing.Count > 0)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"{missing.Count} of the announced items were not sent, the first is '{missing.Order(StringComparer.Ordinal).First()}'. Nothing was changed; try again");
        }

        return await restore.RunAsync([.. files.Values], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The device knows of nothing: a commit that failed has taken it out of its restore already.</summary>
    public Task AbortAsync(CancellationToken cancellationToken)
    {
        isOver = true;
        spool.Dispose();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await AbortAsync(CancellationToken.None).ConfigureAwait(false);
}

/// <summary>A file that is written to a device.</summary>
/// <param name="Place">Where.</param>
/// <param name="Path">Its item's path.</param>
/// <param name="Content">Its bytes, proven.</param>
internal sealed record FileToRestore(BacnetItemPath Place, string Path, SpooledFile Content);
