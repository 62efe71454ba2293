using System.Net;
using System.Security.Cryptography;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>
/// An item's bytes on their way to the device: exactly as many as announced, hashed as they go. A stream that holds
/// something else breaks the call, so that the device never gets a whole item that is wrong.
/// </summary>
internal sealed class RestoreItemContent : HttpContent
{
    private readonly Stream source;
    private readonly long length;
    private readonly string digest;
    private readonly SilenceGuard guard;

    /// <param name="source">Read from its present position; not disposed.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="digest">SHA-256, 64 lower-case hex digits.</param>
    /// <param name="guard">Touched as bytes leave.</param>
    public RestoreItemContent(Stream source, long length, string digest, SilenceGuard guard)
    {
        this.source = source;
        this.length = length;
        this.digest = digest;
        this.guard = guard;
        Headers.ContentLength = length;
        Headers.TryAddWithoutValidation("Content-Type", "application/octet-stream");

        // RFC 9530, section 2: a byte sequence of structured fields stands between colons.
        Headers.TryAddWithoutValidation("Content-Digest", $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(digest))}:");
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var piece = new byte[64 * 1024];
        var sent = 0L;
        var held = 0;
        while (true)
        {
            var read = await source.ReadAsync(piece.AsMemory(held), cancellationToken).ConfigureAwait(false);
            guard.Touch();
            hash.AppendData(piece, held, read);
            held += read;
            if (sent + held > length)
            {
                throw new RestoreContentException($"the bytes to restore are more than the {length} of the backup's list");
            }

            // The last piece waits until the digest is known to be right: a wrong item stays incomplete on the device.
            if (read == 0 || sent + held == length)
            {
                break;
            }

            if (held == piece.Length)
            {
                await SendAsync().ConfigureAwait(false);
            }
        }

        if (sent + held < length)
        {
            throw new RestoreContentException($"the bytes to restore are {sent + held} instead of the {length} of the backup's list");
        }

        if (await source.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) > 0)
        {
            throw new RestoreContentException($"the bytes to restore are more than the {length} of the backup's list");
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != digest)
        {
            throw new RestoreContentException("the bytes to restore do not have the digest of the backup's list");
        }

        await SendAsync().ConfigureAwait(false);

        async Task SendAsync()
        {
            await stream.WriteAsync(piece.AsMemory(0, held), cancellationToken).ConfigureAwait(false);
            guard.Touch();
            sent += held;
            held = 0;
        }
    }
}

/// <summary>What was to be sent is not what the backup's list says; the device is not to blame.</summary>
internal sealed class RestoreContentException(string message) : Exception(message);
