using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Validation;

/// <summary>Shows an inspector every byte that is read from another stream, which it leaves open.</summary>
internal sealed class InspectedStream(Stream inner, ContentInspector inspector) : ForwardReadStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read > 0)
        {
            Passed += read;
            await inspector.AddAsync(buffer[..read], cancellationToken).ConfigureAwait(false);
        }

        return read;
    }
}
