using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Compare.Values;

namespace EdgeBackup.Core.Operations.Compare;

/// <summary>A device, read as a capture would, of which nothing is kept.</summary>
internal sealed class DeviceSide(ICapture capture, RepeatedReading reading) : IComparedSide
{
    public async IAsyncEnumerable<ComparedItem> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in capture.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return new ComparedItem(item, Saved: null);
        }
    }

    public Task<ItemBytes?> ReadAsync(ComparedItem item, CompareLimits limits, CancellationToken cancellationToken) =>
        reading.RunAsync(
            item.Item.Path,
            async () =>
            {
                var captured = await capture.OpenReadAsync(item.Item, cancellationToken).ConfigureAwait(false);
                if (captured is null)
                {
                    return null;
                }

                await using var lease = captured.Stream.ConfigureAwait(false);
                return await ItemBytes.ReadAsync(captured.Stream, limits, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken);

    public string? FindNotSaved(string path) => capture.NotSaved.FirstOrDefault(item => item.Path == path)?.Reason;
}
