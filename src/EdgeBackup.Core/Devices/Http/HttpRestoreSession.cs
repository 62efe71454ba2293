using System.Net;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>An open restore on a device.</summary>
internal sealed class HttpRestoreSession(
    DeviceHttpClient client, ConnectionOptions options, RestorePlan plan, IRestoreJournal journal, string id) : IRestoreSession
{
    /// <summary>Items up to here are kept in memory while they are sent, so that they can be sent again.</summary>
    private const int RepeatableLength = 1024 * 1024;

    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> missing = new(plan.Items.Select(item => item.Saved.Item.Path), StringComparer.Ordinal);
    private bool isOver;
    private bool commitWasSent;

    public static string PathOf(string id) => $"restores/{DevicePath.Segment(id)}";

    public async Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
    {
        var path = item.Item.Path;
        var digest = item.Digest ?? throw new ArgumentException($"'{path}' has no digest.", nameof(item));
        var source = content;
        MemoryStream? kept = null;
        try
        {
            if (!content.CanSeek && item.Item.Length <= RepeatableLength)
            {
                source = kept = await KeepAsync(content, item.Item.Length, cancellationToken).ConfigureAwait(false);
            }

            var start = source.CanSeek ? source.Position : 0;
            using var answer = await client.CallAsync(
                HttpMethod.Put,
                $"{PathOf(id)}/items/{DevicePath.Item(path)}",
                cancellationToken,
                guard =>
                {
                    if (source.CanSeek)
                    {
                        source.Position = start;
                    }

                    return new RestoreItemContent(source, item.Item.Length, digest, guard);
                },
                once: !source.CanSeek).ConfigureAwait(false);
            if (!answer.IsSuccess)
            {
                throw client.Fault.Status($"PUT restores/items/{path}", answer, ErrorIds.RestoreFailed);
            }

            missing.Remove(path);
        }
        catch (RestoreContentException exception)
        {
            throw client.Fault.Create(
                ErrorIds.RestoreFailed,
                $"the item '{path}' was not restored, because {exception.Message}. Nothing was changed; check the backup with Test-EdgeBackup",
                exception);
        }
        finally
        {
            if (kept is not null)
            {
                await kept.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    public async Task<RestoreCommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (missing.Count > 0)
        {
            throw client.Fault.Create(
                ErrorIds.RestoreFailed,
                $"{missing.Count} of the announced items were not sent, the first is '{missing.Order(StringComparer.Ordinal).First()}'. Nothing was changed; try again");
        }

        commitWasSent = true;
        var commit = new HttpRestoreCommit(client, options, id);
        var end = await commit.RunAsync(cancellationToken).ConfigureAwait(false);
        isOver = true;
        await journal.ClosedAsync(id, CancellationToken.None).ConfigureAwait(false);
        return end.Outcome ?? throw client.Fault.Create(
            ErrorIds.RestoreFailed,
            $"it accepted the restore and could not perform it{end.Detail}. It says that nothing was changed; compare it with its last backup, then try again");
    }

    public async Task AbortAsync(CancellationToken cancellationToken)
    {
        if (isOver)
        {
            return;
        }

        // A cancelled command still owes the device the end of its session, but not a long wait for it.
        using var limit = new CancellationTokenSource(AbortLimit, client.Clock);
        try
        {
            using var answer = await client.CallAsync(HttpMethod.Delete, PathOf(id), limit.Token).ConfigureAwait(false);
            if (answer.IsSuccess || answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            {
                isOver = true;
                await journal.ClosedAsync(id, CancellationToken.None).ConfigureAwait(false);
                return;
            }

            client.Trace($"{client.Fault.Device}: dropping the restore '{id}' was answered with status {(int)answer.Status}{Remainder}.");
        }
        catch (Exception exception) when (exception is EdgeBackupException or OperationCanceledException)
        {
            client.Trace($"{client.Fault.Device}: the restore '{id}' could not be dropped ({exception.Message}){Remainder}.");
        }
    }

    public async ValueTask DisposeAsync() => await AbortAsync(CancellationToken.None).ConfigureAwait(false);

    private string Remainder => commitWasSent
        ? "; its commit was sent, so only reading the device tells what it holds"
        : "; it ends by itself, or with our next restore";

    private static async Task<MemoryStream> KeepAsync(Stream content, long length, CancellationToken cancellationToken)
    {
        // One byte more than announced is room enough to see that there is more.
        var bytes = new byte[length + 1];
        var read = await content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return new MemoryStream(bytes, 0, read, writable: false);
    }
}
