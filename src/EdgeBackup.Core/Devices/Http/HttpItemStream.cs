using System.Globalization;
using System.Net;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>
/// An item's bytes. A connection that breaks in the middle is taken up where it broke, as long as the ETag is the same;
/// the end is only reached when all announced bytes came and no more.
/// </summary>
internal sealed class HttpItemStream(DeviceHttpClient client, Item item, ItemExpectation expectation, DeviceAnswer answer, Stream body) : ForwardReadStream
{
    private const int ResumptionLimit = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    private DeviceAnswer answer = answer;
    private Stream body = body;
    private int resumptions;
    private bool ended;

    /// <summary>The item as it was read.</summary>
    /// <exception cref="InvalidOperationException">It was not read to its end.</exception>
    public Item Describe() => ended
        ? item with
        {
            Length = Passed,
            Stamp = expectation.Tag,
            Modified = expectation.IsAsListed ? item.Modified : expectation.Modified ?? item.Modified,
        }
        : throw new InvalidOperationException($"'{item.Path}' was not read to its end.");

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (ended || buffer.Length == 0)
        {
            return 0;
        }

        while (true)
        {
            int read;
            using (var guard = new SilenceGuard(client.SilenceLimit, client.Clock, cancellationToken))
            {
                try
                {
                    read = await body.ReadAsync(buffer, guard.Token).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (guard.HasExpired)
                    {
                        throw client.Fault.Unreachable(new NoAnswerException(
                            NoAnswerKind.Silent, $"it fell silent for {client.SilenceLimit.TotalSeconds:0} s within '{item.Path}'", exception));
                    }

                    await ResumeAsync(exception, cancellationToken).ConfigureAwait(false);
                    continue;
                }
            }

            Passed += read;
            if (Passed > expectation.Length)
            {
                throw Failed($"is longer than the {expectation.Length} bytes that were announced");
            }

            if (read == 0)
            {
                ended = expectation.Length is null || Passed == expectation.Length
                    ? true
                    : throw Failed($"ended after {Passed} of {expectation.Length} bytes");
            }

            return read;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
            answer.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task ResumeAsync(Exception cause, CancellationToken cancellationToken)
    {
        if (expectation.Tag is null || resumptions == ResumptionLimit)
        {
            throw Failed($"broke off after {Passed}{Total} bytes", cause);
        }

        resumptions++;
        client.Trace($"{client.Fault.Device}: '{item.Path}' broke off after {Passed}{Total} bytes; taking it up there.");
        await Task.Delay(FirstPause * resumptions, client.Clock, cancellationToken).ConfigureAwait(false);

        await body.DisposeAsync().ConfigureAwait(false);
        answer.Dispose();
        answer = await client.OpenAsync(
            ItemCall.Path(item),
            headers =>
            {
                ItemCall.WantIdentity(headers);
                if (Passed > 0)
                {
                    headers.TryAddWithoutValidation("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={Passed}-"));
                    headers.TryAddWithoutValidation("If-Range", expectation.Tag);
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (answer.Status is not (HttpStatusCode.OK or HttpStatusCode.PartialContent) || ItemCall.Tag(answer.Response) != expectation.Tag)
        {
            throw Failed($"broke off after {Passed}{Total} bytes and is another one now", cause);
        }

        body = await answer.Response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        if (answer.Status == HttpStatusCode.PartialContent)
        {
            var range = answer.Response.Content.Headers.ContentRange;
            if (range?.From != Passed || (range.Length is { } whole && expectation.Length is { } expected && whole != expected))
            {
                throw Failed($"broke off after {Passed}{Total} bytes, and the device sent another part than was asked for", cause);
            }
        }
        else
        {
            await SkipAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Passes over what was read before, for a device that sends the whole again.</summary>
    private async Task SkipAsync(CancellationToken cancellationToken)
    {
        var piece = new byte[64 * 1024];
        for (long skipped = 0; skipped < Passed;)
        {
            using var guard = new SilenceGuard(client.SilenceLimit, client.Clock, cancellationToken);
            int read;
            try
            {
                read = await body.ReadAsync(piece.AsMemory(0, (int)Math.Min(piece.Length, Passed - skipped)), guard.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Failed($"broke off again before byte {Passed}", exception);
            }

            skipped += read > 0 ? read : throw Failed($"ended before byte {Passed} when it was sent again");
        }
    }

    private string Total => expectation.Length is { } length ? $" of {length}" : "";

    private EdgeBackupException Failed(string what, Exception? inner = null) => client.Fault.Create(
        ErrorIds.CaptureFailed, $"the item '{item.Path}' {what}. Try again, and check the device and the network when it happens again", inner);
}
