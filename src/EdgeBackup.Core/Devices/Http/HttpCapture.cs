using System.Net;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>A capture: one listing, then items in any order. The device keeps nothing for it, so giving up costs nothing.</summary>
internal sealed class HttpCapture(DeviceHttpClient client, BackupContent content) : ICapture
{
    private readonly List<NotSavedItem> notSaved = [];
    private readonly List<string> unwritten = [];

    public IReadOnlyList<NotSavedItem> NotSaved => notSaved;

    public IReadOnlyList<string> Unwritten => unwritten;

    public async IAsyncEnumerable<Item> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<ListedItem> items;
        var path = content == BackupContent.All ? "items?content=all" : "items?content=configuration";
        using (var answer = await client.GetAsync(path, cancellationToken, DeviceHttpClient.ListBodyLimit).ConfigureAwait(false))
        {
            items = answer.Status == HttpStatusCode.OK
                ? DeviceAnswers.ReadItems(client.Fault, "GET items", answer.Body)
                : throw client.Fault.Status("GET items", answer, ErrorIds.CaptureFailed);
        }

        // R10: what is not asked for is not taken, even when a device lists it.
        foreach (var (item, isUnwritten) in items.Where(listed => content == BackupContent.All || listed.Item.Kind != ItemKind.History))
        {
            if (!isUnwritten || item.Retain == RetainLevel.None)
            {
                yield return item;
                continue;
            }

            notSaved.Add(new NotSavedItem(item.Path, $"An application of the device has written it at level {item.Retain}, and the device has not written it down: it stands in its memory only (R12)."));
            if (item.Retain == RetainLevel.Cold)
            {
                unwritten.Add(item.Path);
            }
        }
    }

    public async Task<CapturedItem?> OpenReadAsync(Item item, CancellationToken cancellationToken)
    {
        if (item.Retain == RetainLevel.None)
        {
            throw new ArgumentException($"'{item.Path}' has retain level None and is never read (R12).", nameof(item));
        }

        var answer = await client.OpenAsync(ItemCall.Path(item), ItemCall.WantIdentity, cancellationToken).ConfigureAwait(false);
        try
        {
            switch (answer.Status)
            {
                case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                    answer.Dispose();
                    return null;
                case HttpStatusCode.OK:
                    var expectation = ItemCall.Expect(client.Fault, item, answer.Response);
                    var body = await answer.Response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                    var stream = new HttpItemStream(client, item, expectation, answer, body);
                    return new CapturedItem(stream, stream.Describe);
                default:
                    throw client.Fault.Status($"GET items/{item.Path}", answer, ErrorIds.CaptureFailed);
            }
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    public Task CompleteAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
