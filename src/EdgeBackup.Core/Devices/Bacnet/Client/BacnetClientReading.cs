using System.Collections.Concurrent;

namespace EdgeBackup.Core.Devices.Bacnet;

public sealed partial class BacnetClient
{
    /// <summary>Longer than any list that a device has, and short enough to be held.</summary>
    private const uint MostElements = 1_000_000;

    private readonly ConcurrentDictionary<BacnetStation, bool> singleReaders = new();

    /// <summary>
    /// Reads many properties in few requests: ReadPropertyMultiple, in smaller portions where the answer does not fit, and
    /// ReadProperty where the device has no other.
    /// </summary>
    /// <returns>One result for each that was wanted, in their order. What the device refuses is an error of that property.</returns>
    /// <exception cref="BacnetException">No answer, no way there, or the exchange could not be carried out.</exception>
    public async Task<IReadOnlyList<BacnetPropertyResult>> ReadPropertiesAsync(
        BacnetPeer peer, IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)> wanted, CancellationToken cancellationToken)
    {
        var results = new List<BacnetPropertyResult>(wanted.Count);
        var portions = new Stack<IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)>>();
        if (wanted.Count > 0)
        {
            portions.Push(wanted);
        }

        while (portions.TryPop(out var portion))
        {
            var request = BacnetServices.ReadProperties(portion);
            var isSingle = portion.Count == 1 || singleReaders.ContainsKey(new BacnetStation(peer.EndPoint, peer.Routed));
            if (!isSingle && request.Payload.Length + BacnetLimits.RequestHeader > BacnetLimits.RequestLength(peer))
            {
                Halve(portion, portions);
                continue;
            }

            try
            {
                if (!isSingle)
                {
                    var answer = await ExchangeAsync(peer, request, cancellationToken).ConfigureAwait(false);
                    results.AddRange(InOrder(portion, BacnetServices.ReadPropertiesAnswer(answer.Span)));
                    continue;
                }
            }
            catch (BacnetAbortException exception) when (IsTooLong(exception))
            {
                Halve(portion, portions);
                continue;
            }
            catch (BacnetException exception) when (exception is BacnetRejectException or BacnetErrorException or BacnetAnswerException)
            {
                // Answered one by one, each says for itself what it can do.
                if (exception is BacnetRejectException { Reason: BacnetRejectReason.UnrecognizedService })
                {
                    singleReaders[new BacnetStation(peer.EndPoint, peer.Routed)] = true;
                }
            }

            foreach (var (target, property) in portion)
            {
                results.Add(await ReadOneAsync(peer, target, property, cancellationToken).ConfigureAwait(false));
            }
        }

        return results;
    }

    /// <summary>Reads an array or list whole, and element by element where it does not fit one answer.</summary>
    /// <exception cref="BacnetException">As <see cref="ReadPropertyAsync"/>.</exception>
    public async Task<IReadOnlyList<BacnetValue>> ReadArrayAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadPropertyAsync(peer, target, property, arrayIndex: null, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetAbortException exception) when (IsTooLong(exception))
        {
            // Below.
        }

        var length = await ReadPropertyAsync(peer, target, property, arrayIndex: 0, cancellationToken).ConfigureAwait(false);
        if (length is not [{ AsUnsigned: { } count and <= MostElements }])
        {
            throw new BacnetAnswerException($"{peer} does not say how many elements {target} {property} has");
        }

        var values = new List<BacnetValue>();
        for (var index = 1u; index <= count; index++)
        {
            values.AddRange(await ReadPropertyAsync(peer, target, property, index, cancellationToken).ConfigureAwait(false));
        }

        return values;
    }

    private static bool IsTooLong(BacnetAbortException exception) => exception.Reason is BacnetAbortReason.SegmentationNotSupported
        or BacnetAbortReason.BufferOverflow or BacnetAbortReason.OutOfResources or BacnetAbortReason.ApduTooLong;

    /// <summary>The first half is read first.</summary>
    private static void Halve(
        IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)> portion, Stack<IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)>> portions)
    {
        portions.Push([.. portion.Skip(portion.Count / 2)]);
        portions.Push([.. portion.Take(portion.Count / 2)]);
    }

    private static IEnumerable<BacnetPropertyResult> InOrder(
        IReadOnlyList<(BacnetObjectId Target, BacnetProperty Property)> wanted, IEnumerable<BacnetPropertyResult> answered)
    {
        var found = new Dictionary<(BacnetObjectId, BacnetProperty), BacnetPropertyResult>();
        foreach (var result in answered)
        {
            found.TryAdd((result.Target, result.Property), result);
        }

        return wanted.Select(one => found.GetValueOrDefault(one)
            ?? new BacnetPropertyResult(one.Target, one.Property, [], new BacnetAnswerException($"the answer to ReadPropertyMultiple has no {one.Target} {one.Property}")));
    }

    private async Task<BacnetPropertyResult> ReadOneAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, CancellationToken cancellationToken)
    {
        try
        {
            var values = await ReadPropertyAsync(peer, target, property, arrayIndex: null, cancellationToken).ConfigureAwait(false);
            return new BacnetPropertyResult(target, property, values, Error: null);
        }
        catch (BacnetException exception) when (exception is not (BacnetTimeoutException or BacnetUnreachableException))
        {
            return new BacnetPropertyResult(target, property, [], exception);
        }
    }
}
