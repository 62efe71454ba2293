using System.Buffers;
using System.Formats.Tar;
using System.Globalization;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// One tar from the device: a look at the files, their bytes, and a look again. Small files are delivered when the second
/// look has proven them; a large one is delivered while it comes, and its end is told after the second look.
/// </summary>
internal sealed class SshBatch
{
    private const int PieceLength = 256 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SshTarget target;
    private readonly SshShell shell;
    private readonly Dictionary<string, SshItemRequest> requests;
    private readonly Action onUnread;
    private readonly Dictionary<string, byte[]> contents = new(StringComparer.Ordinal);
    private SshItemStream? stream;
    private string? streamed;
    private long streamedLength;
    private ReadingVerdict? streamedVerdict;

    /// <param name="target">The device.</param>
    /// <param name="shell">Free for this batch.</param>
    /// <param name="batch">Several small items, or one of any length.</param>
    /// <param name="onUnread">Called when a large item lies unread.</param>
    public SshBatch(SshTarget target, SshShell shell, IReadOnlyList<SshItemRequest> batch, Action onUnread)
    {
        this.target = target;
        this.shell = shell;
        this.onUnread = onUnread;
        requests = batch.ToDictionary(request => request.Item.Path, StringComparer.Ordinal);
    }

    /// <summary>Those of which nothing can be said before the next second.</summary>
    public List<SshItemRequest> Unproven { get; } = [];

    /// <summary>The paths of those that failed.</summary>
    public List<string> Failed { get; } = [];

    /// <summary>Whether the shell can serve another batch.</summary>
    public bool IsShellUsable { get; private set; } = true;

    /// <exception cref="EdgeBackupException">The conversation broke: nothing of the batch was delivered whole.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException exception)
        {
            var fault = SshReading.Unreadable(target, requests.Keys.First(), $"{exception.Message}; {shell.Words}", exception);
            stream?.Complete(fault);
            throw fault;
        }
        catch (Exception exception)
        {
            // A connection that breaks within an item is that item's failure, and it is begun again on a new one.
            var fault = exception is EdgeBackupException { ErrorId: ErrorIds.DeviceUnreachable }
                ? new EdgeBackupException(ErrorIds.CaptureFailed, exception.Message, requests.Keys.First(), exception)
                : exception;
            stream?.Complete(fault);
            if (ReferenceEquals(fault, exception))
            {
                throw;
            }

            throw fault;
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await shell.SendAsync("deliver", [.. requests.Keys.Select(RemoteListing.Name)], cancellationToken).ConfigureAwait(false);
        var before = await RemoteListing.ReadLooksAsync(shell, hasLinks: false, cancellationToken).ConfigureAwait(false);
        var count = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var time = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            throw new InvalidDataException($"'{time}' is no time");
        }

        var startedAt = DateTimeOffset.FromUnixTimeSeconds(seconds);
        foreach (var (path, request) in requests.Where(request => !before.ContainsKey(request.Key)).ToList())
        {
            requests.Remove(path);
            request.Deliver(null);
        }

        if (count != "0" && await HasTarAsync(cancellationToken).ConfigureAwait(false))
        {
            await ReadTarAsync(before, startedAt, cancellationToken).ConfigureAwait(false);
            await shell.Reader.SkipZerosAsync(cancellationToken).ConfigureAwait(false);
        }

        var end = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        if (end != shell.Token)
        {
            throw new InvalidDataException("the tar of the device ended in its middle");
        }

        var code = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        var after = await RemoteListing.ReadLooksAsync(shell, hasLinks: false, cancellationToken).ConfigureAwait(false);

        // GNU tar says 1 where a file changed, which the looks tell more exactly.
        var isTarWell = code == "0" || (code == "1" && shell.Greeting.HasGnuTar);
        IsShellUsable = isTarWell;
        Deliver(before, after, startedAt, isTarWell ? null : words.Length > 0 ? words : $"tar ended with exit code {code}");
    }

    /// <summary>The names that we give begin with './', and so does every header; the token begins with a hex digit.</summary>
    private async Task<bool> HasTarAsync(CancellationToken cancellationToken) => !char.IsAsciiHexDigit((char)await shell.Reader.PeekAsync(cancellationToken).ConfigureAwait(false));

    private async Task ReadTarAsync(Dictionary<string, RemoteEntry> before, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var tar = new TarReader(shell.Reader, leaveOpen: true);
        await using var lease = tar.ConfigureAwait(false);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            var path = RemoteEntry.Plain(entry.Name);
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)
                || !requests.TryGetValue(path, out var request)
                || !before.TryGetValue(path, out var look))
            {
                continue;
            }

            if (entry.Length <= SshItemQueue.SmallLimit)
            {
                contents[path] = await ReadSmallAsync(entry, cancellationToken).ConfigureAwait(false);
            }
            else if (requests.Count == 1)
            {
                await StreamAsync(path, request, look, startedAt, entry, cancellationToken).ConfigureAwait(false);
            }

            // One that was small when it was listed and travels in company is asked for again, alone.
        }
    }

    private static async Task<byte[]> ReadSmallAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        var bytes = new byte[entry.Length];
        if (entry.DataStream is { } data)
        {
            await data.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        }

        return bytes;
    }

    private async Task StreamAsync(string path, SshItemRequest request, RemoteEntry look, DateTimeOffset startedAt, TarEntry entry, CancellationToken cancellationToken)
    {
        var opened = new SshItemStream();
        stream = opened;
        streamed = path;
        request.Deliver(new CapturedItem(opened, () => streamedVerdict is { IsWhole: true } verdict
            ? SshReading.Describe(request.Item, look, streamedLength, verdict.State, startedAt - target.Settings.StampMargin)
            : throw new InvalidOperationException("An item is described after its stream was read to the end.")));
        var data = entry.DataStream!;
        while (streamedLength < entry.Length)
        {
            var piece = ArrayPool<byte>.Shared.Rent(PieceLength);
            var read = await data.ReadAsync(piece.AsMemory(0, PieceLength), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new InvalidDataException("the tar of the device ended in its middle");
            }

            streamedLength += read;
            while (!await opened.OfferAsync(new ArraySegment<byte>(piece, 0, read), Patience, cancellationToken).ConfigureAwait(false))
            {
                onUnread();
            }
        }
    }

    private void Deliver(Dictionary<string, RemoteEntry> before, Dictionary<string, RemoteEntry> after, DateTimeOffset startedAt, string? tarFault)
    {
        foreach (var (path, request) in requests)
        {
            var content = contents.GetValueOrDefault(path);
            var isStreamed = path == streamed;
            var look = before[path];
            if (tarFault is not null || (content is null && !isStreamed))
            {
                Fail(request, isStreamed, tarFault is not null
                    ? SshReading.Unreadable(target, path, tarFault)
                    : SshReading.Changed(target, path, "it vanished or became another thing"));
                continue;
            }

            var length = isStreamed ? streamedLength : content!.Length;
            var verdict = SshReading.Judge(look, length, after.GetValueOrDefault(path), startedAt, shell.Greeting.Lister == RemoteLister.Find);
            if (!verdict.IsWhole)
            {
                if (verdict.State == ReadingState.Unproven && !isStreamed)
                {
                    Unproven.Add(request);
                }
                else
                {
                    Fail(request, isStreamed, SshReading.Changed(target, path, verdict.How!));
                }
            }
            else if (isStreamed)
            {
                streamedVerdict = verdict;
                stream!.Complete(fault: null);
            }
            else
            {
                request.Deliver(new CapturedItem(
                    new MemoryStream(content!, writable: false),
                    () => SshReading.Describe(request.Item, look, length, verdict.State, startedAt - target.Settings.StampMargin)));
            }
        }
    }

    private void Fail(SshItemRequest request, bool isStreamed, EdgeBackupException fault)
    {
        Failed.Add(request.Item.Path);
        if (isStreamed)
        {
            stream!.Complete(fault);
        }
        else
        {
            request.Fail(fault);
        }
    }
}
