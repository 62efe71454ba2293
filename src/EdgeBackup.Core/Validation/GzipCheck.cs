using System.IO.Compression;
using System.IO.Pipelines;

namespace EdgeBackup.Core.Validation;

/// <summary>
/// Whether a gzip content unpacks to its end, trailer and checksum included. What is unpacked is thrown away; above a limit
/// the rest is taken on trust, so that no content costs any amount of work.
/// </summary>
internal sealed class GzipCheck : ContentCheck
{
    private const long Limit = 1L << 30;

    /// <summary>
    /// An empty member, sent behind the content. Unpacking stops silently where only the trailer is missing; with this
    /// behind it, these bytes are taken for the trailer, and do not fit.
    /// </summary>
    private static readonly byte[] EmptyMember = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 1 << 18, resumeWriterThreshold: 1 << 17, useSynchronizationContext: false));
    private readonly Task<string?> unpacking;
    private bool done;

    public GzipCheck()
    {
        unpacking = Task.Run(UnpackAsync);
    }

    public override async ValueTask AddAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!done)
        {
            done = (await pipe.Writer.WriteAsync(bytes, cancellationToken).ConfigureAwait(false)).IsCompleted;
        }
    }

    public override async ValueTask<string?> FinishAsync(long length)
    {
        await AddAsync(EmptyMember, CancellationToken.None).ConfigureAwait(false);
        await pipe.Writer.CompleteAsync().ConfigureAwait(false);
        return await unpacking.ConfigureAwait(false);
    }

    /// <summary>Given up: the unpacking ends by itself, and nobody asks what it found.</summary>
    public override void Dispose()
    {
        pipe.Writer.Complete();
        base.Dispose();
    }

    private async Task<string?> UnpackAsync()
    {
        var buffer = new byte[1 << 16];
        try
        {
            var unpacked = new GZipStream(pipe.Reader.AsStream(leaveOpen: true), CompressionMode.Decompress);
            await using var lease = unpacked.ConfigureAwait(false);
            for (var total = 0L; total < Limit;)
            {
                var read = await unpacked.ReadAsync(buffer).ConfigureAwait(false);
                if (read == 0)
                {
                    return null;
                }

                total += read;
            }

            return null;
        }
        catch (InvalidDataException)
        {
            return "the gzip content cannot be unpacked to its end";
        }
        finally
        {
            await pipe.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }
}
