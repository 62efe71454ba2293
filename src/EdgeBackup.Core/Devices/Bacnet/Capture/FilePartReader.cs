using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Reads a file part by part, from its beginning to the end that the device tells. What does not fit is asked for in
/// smaller parts; a part from another place is asked for again; a device without time is given some.
/// </summary>
internal abstract class FilePartReader(BacnetConversation link, ConfigurationFile file)
{
    /// <summary>So often the same part is asked for.</summary>
    private const int Attempts = BacnetConversation.BusyAttempts;

    protected BacnetConversation Link { get; } = link;

    protected ConfigurationFile File { get; } = file;

    /// <summary>Position of the next byte or record.</summary>
    protected int Position { get; private set; }

    /// <summary>Where the device has said that the file ends, although it is longer by its own word.</summary>
    private int? doubted;

    /// <summary>Whether the file's end was reached.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>What is asked for, for messages.</summary>
    protected string Call => $"reading '{File.Path}' at {(IsStream ? "byte" : "record")} {Position}";

    private bool IsStream => File.Place.Access == BacnetFileAccess.Stream;

    /// <summary>The next bytes as a backup holds them; may be empty, and is at the end.</summary>
    /// <exception cref="EdgeBackupException">CaptureFailed, DeviceUnreachable, and what the table of errors says.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadNextAsync(CancellationToken cancellationToken)
    {
        var isElsewhere = false;
        for (var attempt = 1; !IsAtEnd; attempt++)
        {
            try
            {
                var part = await AskAsync(cancellationToken).ConfigureAwait(false);
                if (part.Start == Position && (part.Count > 0 || part.IsEnd))
                {
                    Position = part.Count > int.MaxValue - Position
                        ? throw Failed("it is longer than BACnet can number its bytes or records")
                        : Position + part.Count;
                    IsAtEnd = part.IsEnd && await IsEndAsync(isToldEnd: true, cancellationToken).ConfigureAwait(false);
                    if (IsAtEnd || part.Count > 0)
                    {
                        return part.Bytes;
                    }

                    continue;
                }

                if (attempt == Attempts)
                {
                    throw part.Start == Position ? Failed("it answers with nothing and does not say that this is the end") : Elsewhere();
                }

                Link.Trace($"{Link.Errors.Device}: {Call} was answered with {part.Count} from {part.Start}; asking again.");
            }
            catch (BacnetErrorException exception) when (exception.Code == BacnetErrorCode.InvalidFileStartPosition)
            {
                // Some say so of an empty file, and some of the end of any file that they have not called the end before.
                IsAtEnd = await IsEndAsync(isToldEnd: Position == 0, cancellationToken).ConfigureAwait(false)
                    ? true
                    : throw Link.Errors.From(exception, Call, ErrorIds.CaptureFailed);
            }
            catch (BacnetException exception) when (
                BacnetDeviceErrors.CallsForLess(exception, IsSegmented, IsLarge, isLast: attempt == Attempts) && TryLess(isNumber: exception is BacnetRejectException { Reason: not BacnetRejectReason.BufferOverflow }))
            {
                Link.Trace($"{Link.Errors.Device}: {Call} was too much at once ({exception.Message.TrimEnd('.')}); asking for less.");
                attempt = 0;
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsBusy(exception) && attempt < Attempts)
            {
                await Task.Delay(Link.Times.Again * attempt, Link.Clock, cancellationToken).ConfigureAwait(false);
            }
            catch (BacnetAnswerException exception) when (exception.IsToAnother)
            {
                // One late answer, and the right ones lost, looks the same once.
                if (isElsewhere)
                {
                    throw Elsewhere();
                }

                isElsewhere = true;
                Link.Trace($"{Link.Errors.Device}: {exception.Message.TrimEnd('.')}; asking again.");
            }
            catch (BacnetAnswerException exception)
            {
                throw Failed($"it answers with something else than what was asked for ({exception.Message.TrimEnd('.')})", exception);
            }
            catch (BacnetException exception)
            {
                throw Link.Errors.From(exception, Call, ErrorIds.CaptureFailed);
            }
        }

        return default;
    }

    /// <summary>Asks for a part at <see cref="Position"/>.</summary>
    protected abstract Task<FilePart> AskAsync(CancellationToken cancellationToken);

    /// <summary>Makes the next parts smaller.</summary>
    /// <param name="isNumber">Whether the device did not take the number that was asked for, however long what it stands for is.</param>
    /// <returns>False when they are as small as they can be.</returns>
    protected abstract bool TryLess(bool isNumber);

    /// <summary>Whether parts are so long that they come in several messages.</summary>
    protected abstract bool IsSegmented { get; }

    /// <summary>Whether parts come in several messages, or are several records.</summary>
    protected abstract bool IsLarge { get; }

    protected EdgeBackupException Failed(string what, Exception? inner = null) => Link.Errors.Create(
        ErrorIds.CaptureFailed, $"{Call} failed: {what}. Try again, and look at the device when it happens again", inner);

    private EdgeBackupException Elsewhere() => Link.Errors.Create(
        ErrorIds.DeviceResponseInvalid,
        $"{Call} failed: it answers each time with what is at another position than the one that was asked for. Its software does not keep to the standard, or something on the way mixes its answers up; look for newer software, and check the network");

    /// <summary>
    /// Whether the file ends at <see cref="Position"/>. A device that ends it before the length that it tells is asked once
    /// more from there: half a file would only be noticed when it is restored.
    /// </summary>
    /// <param name="isToldEnd">Whether the device says so.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EdgeBackupException">CaptureFailed: it says so again, and that the file is longer.</exception>
    private async Task<bool> IsEndAsync(bool isToldEnd, CancellationToken cancellationToken)
    {
        long? length;
        try
        {
            length = await ReadLengthAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw Link.Errors.From(exception, $"reading how long '{File.Path}' is", ErrorIds.CaptureFailed);
        }

        if (!isToldEnd)
        {
            return length == Position;
        }

        if (length is not { } told || told <= Position)
        {
            return true;
        }

        if (doubted == Position)
        {
            // What was read may be whole, and the length wrong; or half of it, which no later check would notice.
            throw Link.Errors.Create(
                ErrorIds.CaptureFailed,
                $"{Call} failed: it says twice that the file ends there, and that it has {told} {(IsStream ? "bytes (File_Size)" : "records (Record_Count)")}, so that a part of it is missing or the length is wrong. Half a file cannot be told from a whole one, and is not kept. Try again; where it says the same each time, its software needs an update, or save its configuration with its maker's tool and register what that writes as a folder");
        }

        doubted = Position;
        Link.Trace($"{Link.Errors.Device}: {Call} is the end by the device's answer, and not by the length {told} that it tells; asking again.");
        return false;
    }

    private async Task<long?> ReadLengthAsync(CancellationToken cancellationToken)
    {
        var property = IsStream ? BacnetProperty.FileSize : BacnetProperty.RecordCount;
        var file = new BacnetObjectId(BacnetObjectType.File, File.Place.File);
        var length = await Link.WhileBusyAsync(() => Link.ReadAsync(file, [property], cancellationToken), cancellationToken).ConfigureAwait(false);
        return BacnetTold.Length(length[0]);
    }
}

/// <summary>An answer to AtomicReadFile.</summary>
/// <param name="Start">Position of the first byte or record.</param>
/// <param name="Count">Bytes or records.</param>
/// <param name="IsEnd">Whether the file ends with it.</param>
/// <param name="Bytes">As a backup holds them.</param>
internal readonly record struct FilePart(int Start, int Count, bool IsEnd, ReadOnlyMemory<byte> Bytes);

/// <summary>Reads a file of stream access.</summary>
internal sealed class StreamPartReader : FilePartReader
{
    private const int SmallestPart = 16;

    private readonly FileReads reads;
    private readonly int unsegmented;
    private int wanted;

    /// <param name="link">The device.</param>
    /// <param name="reads">Asks.</param>
    /// <param name="file">Which file.</param>
    /// <param name="largest">Bytes that fit one answer.</param>
    /// <param name="unsegmented">Bytes that fit one answer in one message.</param>
    public StreamPartReader(BacnetConversation link, FileReads reads, ConfigurationFile file, int largest, int unsegmented)
        : base(link, file)
    {
        this.reads = reads;
        this.unsegmented = unsegmented;
        wanted = largest;
    }

    protected override bool IsSegmented => wanted > unsegmented;

    protected override bool IsLarge => IsSegmented;

    protected override async Task<FilePart> AskAsync(CancellationToken cancellationToken)
    {
        var part = await reads.ReadStreamAsync(File.Place.File, Position, wanted, cancellationToken).ConfigureAwait(false);
        return part.Data.Length > wanted
            ? throw Failed($"it answers with {part.Data.Length} bytes where {wanted} were asked for")
            : new FilePart(part.Start, part.Data.Length, part.EndOfFile, part.Data);
    }

    protected override bool TryLess(bool isNumber)
    {
        if (wanted <= SmallestPart)
        {
            return false;
        }

        wanted = IsSegmented ? unsegmented : Math.Max(wanted / 2, SmallestPart);
        return true;
    }
}

/// <summary>Reads a file of record access. Nobody tells how long its records are, so that the number asked for follows what came.</summary>
internal sealed class RecordPartReader : FilePartReader
{
    /// <summary>What a record costs in an answer beside its bytes.</summary>
    private const int RecordOverhead = 6;

    private readonly FileReads reads;
    private readonly int unsegmented;
    private int largest;
    private int wanted = 1;
    private int most = int.MaxValue;

    /// <inheritdoc cref="StreamPartReader(BacnetConversation, FileReads, ConfigurationFile, int, int)"/>
    public RecordPartReader(BacnetConversation link, FileReads reads, ConfigurationFile file, int largest, int unsegmented)
        : base(link, file)
    {
        this.reads = reads;
        this.largest = largest;
        this.unsegmented = unsegmented;
    }

    protected override bool IsSegmented => largest > unsegmented;

    protected override bool IsLarge => wanted > 1;

    protected override async Task<FilePart> AskAsync(CancellationToken cancellationToken)
    {
        var part = await reads.ReadRecordsAsync(File.Place.File, Position, wanted, cancellationToken).ConfigureAwait(false);
        if (part.Records.Count > wanted)
        {
            throw Failed($"it answers with {part.Records.Count} records where {wanted} were asked for");
        }

        var bytes = new byte[part.Records.Sum(record => RecordFraming.HeaderLength + record.Length)];
        var at = 0;
        foreach (var record in part.Records)
        {
            RecordFraming.WriteLength(bytes.AsSpan(at), record.Length);
            record.Span.CopyTo(bytes.AsSpan(at + RecordFraming.HeaderLength));
            at += RecordFraming.HeaderLength + record.Length;
        }

        if (part.Records.Count == wanted)
        {
            // As many as would fit if the next were like these, and no faster than doubling.
            var each = (bytes.Length / wanted) + RecordOverhead;
            wanted = Math.Min(Math.Clamp(largest / each, 1, wanted * 2), most);
        }

        return new FilePart(part.Start, part.Records.Count, part.EndOfFile, bytes);
    }

    protected override bool TryLess(bool isNumber)
    {
        if (wanted == 1)
        {
            return false;
        }

        // The answers grow again, but not beyond what did not fit, and not to a number that was refused.
        if (isNumber)
        {
            most = wanted / 2;
        }
        else
        {
            largest = IsSegmented ? unsegmented : Math.Max(largest / 2, 1);
        }

        wanted = Math.Max(wanted / 2, 1);
        return true;
    }
}
