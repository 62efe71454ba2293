namespace EdgeBackup.Core.Devices.Bacnet;

public sealed partial class BacnetClient
{
    /// <summary>Reads a property, or one element of it.</summary>
    /// <param name="peer">Which device.</param>
    /// <param name="target">Which object.</param>
    /// <param name="property">Which property.</param>
    /// <param name="arrayIndex">Of an array: 0 for its length, from 1 for an element; null for the whole.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<IReadOnlyList<BacnetValue>> ReadPropertyAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, uint? arrayIndex, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(peer, BacnetServices.ReadProperty(target, property, arrayIndex), cancellationToken).ConfigureAwait(false);
        return BacnetServices.ReadPropertyAnswer(answer.Span, target, property, arrayIndex);
    }

    public async Task WritePropertyAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, uint? arrayIndex, BacnetValue value, CancellationToken cancellationToken) =>
        await ExchangeAsync(peer, BacnetServices.WriteProperty(target, property, arrayIndex, value), cancellationToken).ConfigureAwait(false);

    /// <summary>Creates an object with the given id.</summary>
    /// <returns>The id of what was created.</returns>
    public async Task<BacnetObjectId> CreateObjectAsync(BacnetPeer peer, BacnetObjectId target, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(peer, BacnetServices.CreateObject(target), cancellationToken).ConfigureAwait(false);
        return BacnetServices.CreateObjectAnswer(answer.Span);
    }

    /// <summary>Reads a file of stream access.</summary>
    /// <param name="peer">Which device.</param>
    /// <param name="file">Instance of the File object.</param>
    /// <param name="start">Position of the first byte.</param>
    /// <param name="count">Bytes; at most <see cref="LargestRead"/> can be answered.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<BacnetStreamPart> ReadFileStreamAsync(BacnetPeer peer, uint file, int start, uint count, CancellationToken cancellationToken) =>
        BacnetFileServices.ReadStreamAnswer(
            await ExchangeAsync(peer, BacnetFileServices.ReadStream(file, start, count), cancellationToken).ConfigureAwait(false));

    /// <summary>Reads a file of record access; <paramref name="start"/> and <paramref name="count"/> are records.</summary>
    public async Task<BacnetRecordPart> ReadFileRecordsAsync(BacnetPeer peer, uint file, int start, uint count, CancellationToken cancellationToken) =>
        BacnetFileServices.ReadRecordsAnswer(
            await ExchangeAsync(peer, BacnetFileServices.ReadRecords(file, start, count), cancellationToken).ConfigureAwait(false));

    /// <summary>Writes into a file of stream access. Repeated when no answer comes: at a position that does no harm, appending would.</summary>
    /// <returns>The position that the device wrote at.</returns>
    public async Task<int> WriteFileStreamAsync(BacnetPeer peer, uint file, int start, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(peer, BacnetFileServices.WriteStream(file, start, data.Span), cancellationToken).ConfigureAwait(false);
        return BacnetFileServices.WriteAnswer(answer.Span);
    }

    /// <summary>Writes records into a file of record access.</summary>
    /// <returns>The record that the device began to write at.</returns>
    public async Task<int> WriteFileRecordsAsync(
        BacnetPeer peer, uint file, int start, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(peer, BacnetFileServices.WriteRecords(file, start, records), cancellationToken).ConfigureAwait(false);
        return BacnetFileServices.WriteAnswer(answer.Span);
    }

    /// <param name="peer">Which device.</param>
    /// <param name="state">What it is to do.</param>
    /// <param name="password">Sent in clear; null: none.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task ReinitializeDeviceAsync(BacnetPeer peer, BacnetReinitializedState state, string? password, CancellationToken cancellationToken) =>
        await ExchangeAsync(peer, BacnetServices.Reinitialize(state, password), cancellationToken).ConfigureAwait(false);

    /// <summary>Reads a part of a list: a log's buffer.</summary>
    public async Task<BacnetRange> ReadRangeAsync(
        BacnetPeer peer, BacnetObjectId target, BacnetProperty property, BacnetRangeRequest range, CancellationToken cancellationToken)
    {
        var answer = await ExchangeAsync(peer, BacnetServices.ReadRange(target, property, range), cancellationToken).ConfigureAwait(false);
        return BacnetServices.ReadRangeAnswer(answer, target, property);
    }
}
