using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A configuration file's bytes, from the first read on in its turn: nothing is asked for before, and nothing ahead.</summary>
internal sealed class BacnetItemStream(FilePartReader reader, ReadingOrder order, ConfigurationFile file) : ForwardReadStream
{
    private IDisposable? turn;
    private ReadOnlyMemory<byte> held;
    private bool isOver;

    /// <summary>The item as it was read.</summary>
    public Item Describe() => file.ToItem() with { Length = Passed, IsLengthUnknown = false };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (buffer.Length == 0)
        {
            return 0;
        }

        ObjectDisposedException.ThrowIf(isOver && !reader.IsAtEnd, this);
        try
        {
            while (held.Length == 0 && !reader.IsAtEnd)
            {
                turn ??= await order.EnterAsync(file.Place.Position, cancellationToken).ConfigureAwait(false);
                held = await reader.ReadNextAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            End();
            throw;
        }

        if (reader.IsAtEnd)
        {
            End();
        }

        var count = Math.Min(buffer.Length, held.Length);
        held[..count].CopyTo(buffer);
        held = held[count..];
        Passed += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            End();
        }

        base.Dispose(disposing);
    }

    /// <summary>The next file may be read.</summary>
    private void End()
    {
        isOver = true;
        turn?.Dispose();
        turn = null;
    }
}
