using System.Text;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>What a device sends, read record by record or as a stream that never takes more than it is asked for.</summary>
/// <param name="readMoreAsync">Fills a buffer; never returns 0, but throws at the end.</param>
internal sealed class RemoteReader(Func<Memory<byte>, CancellationToken, ValueTask<int>> readMoreAsync) : ForwardReadStream
{
    private readonly byte[] buffer = new byte[64 * 1024];
    private int start;
    private int end;

    /// <summary>Reads up to a delimiter, which is taken and not returned.</summary>
    /// <exception cref="InvalidDataException">It does not come within the limit.</exception>
    public async ValueTask<byte[]> ReadRecordAsync(byte delimiter, int limit, CancellationToken cancellationToken)
    {
        using var record = new MemoryStream();
        while (true)
        {
            var found = buffer.AsSpan(start, end - start).IndexOf(delimiter);
            var length = found < 0 ? end - start : found;
            if (record.Length + length > limit)
            {
                throw new InvalidDataException($"a record is longer than {limit} bytes");
            }

            record.Write(buffer, start, length);
            start += length;
            if (found >= 0)
            {
                start++;
                return record.ToArray();
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a record of text; what is no UTF-8 comes as replacement characters.</summary>
    public async ValueTask<string> ReadTextAsync(CancellationToken cancellationToken) =>
        Encoding.UTF8.GetString(await ReadRecordAsync(0, 1024 * 1024, cancellationToken).ConfigureAwait(false));

    /// <summary>Reads up to a mark, which is taken and not returned.</summary>
    /// <exception cref="InvalidDataException">It does not come within the limit.</exception>
    public async ValueTask<byte[]> ReadUntilAsync(byte[] mark, int limit, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        while (true)
        {
            var part = await ReadRecordAsync(mark[^1], limit, cancellationToken).ConfigureAwait(false);
            text.Write(part);
            if (text.Length > limit)
            {
                throw new InvalidDataException($"an answer is longer than {limit} bytes");
            }

            text.WriteByte(mark[^1]);
            if (text.GetBuffer().AsSpan(0, (int)text.Length).EndsWith(mark))
            {
                return text.GetBuffer().AsSpan(0, (int)text.Length - mark.Length).ToArray();
            }
        }
    }

    /// <summary>The next byte, which stays.</summary>
    public async ValueTask<byte> PeekAsync(CancellationToken cancellationToken)
    {
        if (start == end)
        {
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        return buffer[start];
    }

    /// <summary>Passes over zeros, with which a tar ends.</summary>
    public async ValueTask SkipZerosAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var other = buffer.AsSpan(start, end - start).IndexOfAnyExcept((byte)0);
            if (other >= 0)
            {
                start += other;
                return;
            }

            start = end;
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        if (destination.Length == 0)
        {
            return 0;
        }

        if (start == end)
        {
            if (destination.Length >= buffer.Length)
            {
                return await readMoreAsync(destination, cancellationToken).ConfigureAwait(false);
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        var count = Math.Min(destination.Length, end - start);
        buffer.AsMemory(start, count).CopyTo(destination);
        start += count;
        return count;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (start == end)
        {
            (start, end) = (0, 0);
        }
        else if (end == buffer.Length)
        {
            throw new InvalidOperationException("The buffer is filled only when it is empty.");
        }

        end += await readMoreAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
    }
}
