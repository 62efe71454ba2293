using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Whom an APDU comes from or goes to: the station before us, and the one behind it.</summary>
internal readonly record struct BacnetStation(IPEndPoint EndPoint, BacnetAddress? Routed);

/// <summary>
/// The invoke ids of one peer. An id that was answered comes to its turn again after all others; one whose request was sent
/// twice or given up rests, because an answer to it may still be under way and must not be taken for that of another request.
/// </summary>
internal sealed class BacnetLine(TimeProvider clock, TimeSpan longestRest)
{
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private readonly BacnetExchange?[] exchanges = new BacnetExchange?[256];
    private readonly Past[] pasts = new Past[256];
    private byte next;

    /// <summary>How long every id rests, since an answer came that nobody waited for any more.</summary>
    private TimeSpan rest;

    /// <summary>Takes an id, waiting while none is to be had.</summary>
    public async Task<byte> EnterAsync(BacnetExchange exchange, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryEnter(exchange, out var id))
            {
                return id;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <param name="id">As <see cref="EnterAsync"/> gave it.</param>
    /// <param name="isClean">One request, one answer: nothing more can come but a doubled datagram.</param>
    /// <param name="lastAck">The last acknowledgement of an answer in parts, which its sender may ask for again.</param>
    public void Leave(byte id, bool isClean, Apdu? lastAck)
    {
        lock (gate)
        {
            exchanges[id] = null;
            pasts[id] = new Past(clock.GetTimestamp(), isClean ? rest : longestRest, lastAck, HasBeen: true);
        }
    }

    /// <summary>Brings what arrived to the exchange that waits for it.</summary>
    /// <returns>What is to be sent back where nobody waits: the last acknowledgement again, or null.</returns>
    public Apdu? Take(in Apdu apdu)
    {
        lock (gate)
        {
            if (exchanges[apdu.InvokeId] is { } exchange)
            {
                exchange.Take(apdu);
                return null;
            }

            ref var past = ref pasts[apdu.InvokeId];
            if (!past.HasBeen)
            {
                return null;
            }

            if (apdu.Kind == ApduKind.ComplexAck && apdu.IsSegmented && past.LastAck is { } last)
            {
                return last;
            }

            // How late answers come here decides how long ids rest here from now on.
            var late = clock.GetElapsedTime(past.Left) * 4;
            rest = TimeSpan.FromTicks(Math.Clamp(Math.Max(late.Ticks, rest.Ticks), ShortestRest.Ticks, longestRest.Ticks));
            return null;
        }
    }

    /// <summary>Ends every exchange that waits, with a reason.</summary>
    public void Fail(Exception reason)
    {
        lock (gate)
        {
            foreach (var exchange in exchanges)
            {
                exchange?.Fail(reason);
            }
        }
    }

    private bool TryEnter(BacnetExchange exchange, out byte id)
    {
        lock (gate)
        {
            for (var tried = 0; tried < 256; tried++)
            {
                id = next++;
                ref var past = ref pasts[id];
                if (exchanges[id] is null && (!past.HasBeen || clock.GetElapsedTime(past.Left) >= past.Rest))
                {
                    past = default;
                    exchanges[id] = exchange;
                    return true;
                }
            }
        }

        id = 0;
        return false;
    }

    private readonly record struct Past(long Left, TimeSpan Rest, Apdu? LastAck, bool HasBeen);
}
