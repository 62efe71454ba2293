using System.Buffers;
using System.Threading.Channels;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// A large file on its way from the device: a bounded number of pieces waits for the reader. Its end is told only when the
/// look after the reading has proven that the bytes are whole.
/// </summary>
internal sealed class SshItemStream : ForwardReadStream
{
    private const int Pieces = 8;

    private readonly Channel<ArraySegment<byte>> pieces = Channel.CreateBounded<ArraySegment<byte>>(
        new BoundedChannelOptions(Pieces) { SingleReader = true, SingleWriter = true });

    private ArraySegment<byte> current;
    private volatile bool isDisposed;

    /// <summary>Whether nobody reads any more.</summary>
    public bool IsAbandoned => isDisposed;

    /// <summary>Hands over a piece from the shared pool, waiting until there is room.</summary>
    /// <returns>False when there was no room within the limit; the piece is still the caller's.</returns>
    public async ValueTask<bool> OfferAsync(ArraySegment<byte> piece, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (isDisposed)
        {
            ArrayPool<byte>.Shared.Return(piece.Array!);
            return true;
        }

        if (pieces.Writer.TryWrite(piece))
        {
            return true;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            if (!await pieces.Writer.WaitToWriteAsync(timeout.Token).ConfigureAwait(false))
            {
                ArrayPool<byte>.Shared.Return(piece.Array!);
                return true;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        return pieces.Writer.TryWrite(piece);
    }

    /// <summary>The bytes are whole, or why they are not.</summary>
    public void Complete(Exception? fault) => pieces.Writer.TryComplete(fault);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
        {
            return 0;
        }

        while (current.Count == 0)
        {
            Return();
            if (!await pieces.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }

            pieces.Reader.TryRead(out current);
        }

        var count = Math.Min(buffer.Length, current.Count);
        current.AsMemory(0, count).CopyTo(buffer);
        current = current[count..];
        Passed += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !isDisposed)
        {
            isDisposed = true;
            pieces.Writer.TryComplete();
            current = default;
            while (pieces.Reader.TryRead(out var piece))
            {
                ArrayPool<byte>.Shared.Return(piece.Array!);
            }
        }

        base.Dispose(disposing);
    }

    private void Return()
    {
        if (current.Array is { } array)
        {
            current = default;
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
