using System.Threading.Channels;

namespace EdgeBackup.Simulator.Bacnet.Link;

/// <summary>
/// One direction of a wire: brings each datagram to its end when its time has come. Always in real time: what a test moves
/// on by hand is the device's clock, not the network.
/// </summary>
/// <typeparam name="T">A datagram, and whatever belongs to it.</typeparam>
internal sealed class WireDirection<T> : IAsyncDisposable
{
    private readonly SimulatedWire wire;
    private readonly Action<T> deliver;
    private readonly Channel<(T Item, long Due)> queue = Channel.CreateUnbounded<(T, long)>();
    private readonly CancellationTokenSource end = new();
    private readonly Lock gate = new();
    private readonly Task pump;
    private int queued;
    private (T Item, int Ticket)? held;
    private int tickets;

    public WireDirection(SimulatedWire wire, Action<T> deliver)
    {
        this.wire = wire;
        this.deliver = deliver;
        pump = PumpAsync();
    }

    public void Send(T item, WireFate fate)
    {
        switch (fate)
        {
            case WireFate.Lose:
                return;
            case WireFate.Delay:
                _ = LaterAsync(item, wire.LateBy);
                return;
            case WireFate.Swap when Hold(item) is { } ticket:
                _ = ReleaseAsync(ticket);
                return;
            case WireFate.Repeat:
                Enqueue(item);
                break;
        }

        Enqueue(item);
        if (Release(null) is { } swapped)
        {
            Enqueue(swapped.Item);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await pump;
        end.Dispose();
    }

    private void Enqueue(T item)
    {
        if (wire.Latency <= TimeSpan.Zero && Volatile.Read(ref queued) == 0)
        {
            deliver(item);
            return;
        }

        Interlocked.Increment(ref queued);
        var due = TimeProvider.System.GetTimestamp() + (long)(wire.Latency.TotalSeconds * TimeProvider.System.TimestampFrequency);
        queue.Writer.TryWrite((item, due));
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var (item, due) in queue.Reader.ReadAllAsync(end.Token))
            {
                var left = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), due);
                if (left > TimeSpan.Zero)
                {
                    await Task.Delay(left, end.Token);
                }

                deliver(item);
                Interlocked.Decrement(ref queued);
            }
        }
        catch (OperationCanceledException)
        {
            // Switched off: what is on its way is lost.
        }
    }

    private async Task LaterAsync(T item, TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, end.Token);
            Enqueue(item);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // Switched off meanwhile.
        }
    }

    private int? Hold(T item)
    {
        lock (gate)
        {
            if (held is not null)
            {
                return null;
            }

            held = (item, ++tickets);
            return tickets;
        }
    }

    private async Task ReleaseAsync(int ticket)
    {
        try
        {
            await Task.Delay(wire.SwapPatience, end.Token);
            if (Release(ticket) is { } alone)
            {
                Enqueue(alone.Item);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // Switched off meanwhile.
        }
    }

    private (T Item, int Ticket)? Release(int? ticket)
    {
        lock (gate)
        {
            if (held is not { } waiting || (ticket is { } wanted && wanted != waiting.Ticket))
            {
                return null;
            }

            held = null;
            return waiting;
        }
    }
}
