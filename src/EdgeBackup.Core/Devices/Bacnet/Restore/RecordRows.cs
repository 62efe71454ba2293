namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Reads records back from the bytes that a backup has of them (<see cref="RecordFraming"/>).</summary>
internal static class RecordRows
{
    /// <summary>Walks over all records.</summary>
    /// <exception cref="RestoreContentMismatchException">The bytes are not such records.</exception>
    public static async Task CheckAsync(SpooledFile content, CancellationToken cancellationToken)
    {
        long position = 0;
        while (position < content.Length)
        {
            position = await ReadEndAsync(content, position, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads records until they are as many bytes as fit; at least one.</summary>
    /// <param name="content">The records.</param>
    /// <param name="position">Where the first one begins, in bytes.</param>
    /// <param name="room">Bytes.</param>
    /// <param name="overhead">What each record costs beside its bytes.</param>
    /// <param name="most">No more records than this.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records, and where the next one begins.</returns>
    public static async Task<(IReadOnlyList<ReadOnlyMemory<byte>> Records, long Next)> ReadAsync(
        SpooledFile content, long position, int room, int overhead, int most, CancellationToken cancellationToken)
    {
        var records = new List<ReadOnlyMemory<byte>>();
        while (position < content.Length && records.Count < most)
        {
            var end = await ReadEndAsync(content, position, cancellationToken).ConfigureAwait(false);
            var length = (int)(end - position - RecordFraming.HeaderLength);
            room -= length + overhead;
            if (room < 0 && records.Count > 0)
            {
                break;
            }

            var record = new byte[length];
            await content.ReadAsync(position + RecordFraming.HeaderLength, record, cancellationToken).ConfigureAwait(false);
            records.Add(record);
            position = end;
        }

        return (records, position);
    }

    private static async Task<long> ReadEndAsync(SpooledFile content, long position, CancellationToken cancellationToken)
    {
        var header = new byte[RecordFraming.HeaderLength];
        if (content.Length - position < header.Length)
        {
            throw Broken(position);
        }

        await content.ReadAsync(position, header, cancellationToken).ConfigureAwait(false);
        var length = RecordFraming.ReadLength(header);
        return length < 0 || length > content.Length - position - header.Length ? throw Broken(position) : position + header.Length + length;
    }

    private static RestoreContentMismatchException Broken(long position) => new($"it is not made of whole records (see byte {position})");
}
