using System.Net;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>A capture: one listing, then items in any order. The device keeps nothing for it, so giving up costs nothing.</summary>
internal sealed class HttpCapture(DeviceHttpClient client, BackupContent content) : ICapture
{
    /// <summary>Always empty: everything that such a device lists is an item.</summary>
    public IReadOnlyList<NotSavedItem> NotSaved => [];

    public async IAsyncEnumerable<Item> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<Item> items;
        var path = content == BackupContent.All ? "items?content=all" : "items?content=configuration";
        using (var answer = await client.GetAsync(path, cancellationToken, DeviceHttpClient.ListBodyLimit).ConfigureAwait(false))
        {
            items = answer.Status == HttpStatusCode.OK
                ? DeviceAnswers.ReadItems(client.Fault, "GET items", answer.Body)
                : throw client.Fault.Status("GET items", answer, ErrorIds.CaptureFailed);
        }

        foreach (var item in items)
        {
            // R10: what is not asked for is not taken, even when a device lists it.
            if (content == BackupContent.All || item.Kind != ItemKind.History)
            {
                yield return item;
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
