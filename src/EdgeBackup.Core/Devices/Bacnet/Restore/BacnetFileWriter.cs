using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Writes a file to a device: created where it is missing, emptied, and filled in pieces that fit, each at its own
/// position. A request that gets there twice so writes the same twice; nothing is ever appended.
/// </summary>
internal sealed class BacnetFileWriter(BacnetConversation link)
{
    private const int Attempts = BacnetConversation.BusyAttempts;
    private const int SmallestPiece = 16;

    /// <summary>What a record costs in a request beside its bytes.</summary>
    private const int RecordOverhead = 6;

    /// <exception cref="EdgeBackupException">RestoreFailed, DeviceUnreachable, and what the table of errors says.</exception>
    public async Task WriteAsync(FileToRestore file, CancellationToken cancellationToken)
    {
        try
        {
            var before = await PrepareAsync(file, cancellationToken).ConfigureAwait(false);
            var isEmptied = await EmptyAsync(file, cancellationToken).ConfigureAwait(false) is null;
            var isFollowed = isEmptied && before > 0 && await TryReadLengthAsync(file, cancellationToken).ConfigureAwait(false) == 0;
            var length = await FillAsync(file, cancellationToken).ConfigureAwait(false);
            if (!isEmptied && before > length && await ReadLengthAsync(file, cancellationToken).ConfigureAwait(false) is { } after && after > length)
            {
                // An old device may have become ready in between; then it lets itself be emptied now.
                if (await EmptyAsync(file, cancellationToken).ConfigureAwait(false) is { } refusal)
                {
                    throw Remains(file, after - length, length == 0 ? refusal : null);
                }

                await FillAsync(file, cancellationToken).ConfigureAwait(false);
            }

            await CheckLengthAsync(file, length, isFollowed ? null : before, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, $"writing '{file.Path}'", ErrorIds.RestoreFailed);
        }
    }

    /// <returns>What the file held before, in bytes or records; null where the device does not tell.</returns>
    private async Task<long?> PrepareAsync(FileToRestore file, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var target = Target(file);
        var told = await link.WhileBusyAsync(AskAsync, cancellationToken).ConfigureAwait(false);
        if (told[0].Error is BacnetErrorException { Code: BacnetErrorCode.UnknownObject })
        {
            link.Trace($"{link.Errors.Device}: it has no File object {file.Place.File} yet; creating it.");
            await CreateAsync(file, target, cancellationToken).ConfigureAwait(false);
            return 0;
        }

        return told[0].Value?.AsEnumerated is { } access && (BacnetFileAccess)access != file.Place.Access
            ? throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"its File object {file.Place.File} is one of {Words((BacnetFileAccess)access)}, and the backup's '{file.Path}' is one of {Words(file.Place.Access)}. The backup is of another kind of device or of other software; choose one that fits")
            : BacnetTold.Length(told[1].Value);

        async Task<IReadOnlyList<BacnetPropertyResult>> AskAsync()
        {
            var results = await client.ReadPropertiesAsync(peer, [(target, BacnetProperty.FileAccessMethod), (target, LengthOf(file))], cancellationToken).ConfigureAwait(false);
            return results.Select(result => result.Error).FirstOrDefault(error => error is not null && BacnetDeviceErrors.IsBusy(error)) is { } busy ? throw busy : results;
        }
    }

    private async Task CreateAsync(FileToRestore file, BacnetObjectId target, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _ = await link.WhileBusyAsync(() => client.CreateObjectAsync(peer, target, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetErrorException exception) when (exception.Code is BacnetErrorCode.ObjectIdentifierAlreadyExists or BacnetErrorCode.DuplicateObjectId)
        {
            // The request got there twice. The standard has the first code for it (clause 15.3); devices send the other one too.
        }
        catch (BacnetException exception) when (BacnetDeviceErrors.IsRefusal(exception))
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"it has no File object {file.Place.File} for '{file.Path}' and does not create it ({exception.Message.TrimEnd('.')}). The backup is of another kind of device or of other software; choose one that fits, or set the device up until it has that file",
                exception);
        }
    }

    /// <returns>Its length in bytes or records.</returns>
    private async Task<long> FillAsync(FileToRestore file, CancellationToken cancellationToken, int mostRecords = int.MaxValue) => file.Place.Access == BacnetFileAccess.Stream
        ? await WriteBytesAsync(file, cancellationToken).ConfigureAwait(false)
        : await WriteRecordsAsync(file, mostRecords, cancellationToken).ConfigureAwait(false);

    /// <returns>Null when it is empty; or the answer of a device that does not let its length be written; most of those empty the file by themselves.</returns>
    private async Task<BacnetException?> EmptyAsync(FileToRestore file, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await link.WhileBusyAsync(AskAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetErrorException exception) when (exception.Code is BacnetErrorCode.WriteAccessDenied or BacnetErrorCode.UnknownProperty or BacnetErrorCode.ValueOutOfRange)
        {
            link.Trace($"{link.Errors.Device}: the length of its File object {file.Place.File} cannot be written ({exception.Message.TrimEnd('.')}); it is written over.");
            return exception;
        }

        async Task<BacnetException?> AskAsync()
        {
            await client.WritePropertyAsync(peer, Target(file), LengthOf(file), arrayIndex: null, BacnetValue.OfUnsigned(0), cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    private async Task<long> WriteBytesAsync(FileToRestore file, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var (room, unsegmented) = Rooms(client, peer);
        var piece = new byte[Math.Max(1, (int)Math.Min(room, file.Content.Length))];
        long position = 0;
        while (position < file.Content.Length)
        {
            var length = (int)Math.Min(Math.Min(room, piece.Length), file.Content.Length - position);
            await file.Content.ReadAsync(position, piece.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            var isSegmented = room > unsegmented;
            var refusal = await SendAsync(
                file, (int)position, isSegmented, isLarge: isSegmented, () => client.WriteFileStreamAsync(peer, file.Place.File, (int)position, piece.AsMemory(0, length), cancellationToken), cancellationToken).ConfigureAwait(false);
            if (refusal is null)
            {
                position += length;
            }
            else
            {
                room = Less(file, room, unsegmented, position, refusal);
            }
        }

        return position;
    }

    private async Task<long> WriteRecordsAsync(FileToRestore file, int mostRecords, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        var (room, unsegmented) = Rooms(client, peer);
        var number = 0;
        long position = 0;
        while (position < file.Content.Length)
        {
            var (records, next) = await RecordRows.ReadAsync(file.Content, position, room, RecordOverhead, mostRecords, cancellationToken).ConfigureAwait(false);
            var refusal = await SendAsync(
                file, number, room > unsegmented, isLarge: records.Count > 1, () => client.WriteFileRecordsAsync(peer, file.Place.File, number, records, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (refusal is null)
            {
                number += records.Count;
                position = next;
            }
            else if (records.Count == 1 && room <= unsegmented)
            {
                throw TooLarge(file, number, refusal);
            }
            else
            {
                room = Less(file, room, unsegmented, number, refusal);
            }
        }

        return number;
    }

    /// <returns>Null when it was taken; or why it was too much for the device or the way to it.</returns>
    private async Task<BacnetException?> SendAsync(FileToRestore file, int position, bool isSegmented, bool isLarge, Func<Task<int>> write, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _ = await write().ConfigureAwait(false);
                return null;
            }
            catch (BacnetAnswerException exception)
            {
                // Answers for another position are not taken for this one; that none came for it is seen here.
                throw link.Errors.Create(
                    ErrorIds.RestoreFailed,
                    $"it does not confirm that a piece of '{file.Path}' was written at {position} ({exception.Message.TrimEnd('.')}). Software that does not write where it is told to cannot be restored by BACnet; look for a newer one",
                    exception);
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.CallsForLess(exception, isSegmented, isLarge, isLast: attempt == Attempts))
            {
                link.Trace($"{link.Errors.Device}: a piece of '{file.Path}' at {position} was too much at once ({exception.Message.TrimEnd('.')}); sending less.");
                return exception;
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsBusy(exception) && attempt < Attempts)
            {
                await Task.Delay(link.Times.Again * attempt, link.Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private int Less(FileToRestore file, int room, int unsegmented, long position, BacnetException refusal) =>
        room > unsegmented ? unsegmented : room > SmallestPiece ? Math.Max(room / 2, SmallestPiece) : throw TooLarge(file, position, refusal);

    private EdgeBackupException TooLarge(FileToRestore file, long position, BacnetException refusal) => link.Errors.Create(
        ErrorIds.RestoreFailed,
        $"it does not take even the smallest piece of '{file.Path}' at {position} ({refusal.Message.TrimEnd('.')}). Check what lies between this machine and the device (a router for small messages), and its software",
        refusal);

    /// <summary>
    /// Sees that the device has kept as much as was written, where it tells. What it acknowledges it need not keep: its
    /// memory may be full, or a piece may have come twice and late. After END_RESTORE that would be half a configuration.
    /// </summary>
    /// <exception cref="EdgeBackupException">RestoreFailed: it has another length.</exception>
    private async Task CheckLengthAsync(FileToRestore file, long length, long? unmoved, CancellationToken cancellationToken)
    {
        var kept = await ReadSettledLengthAsync(file, length, cancellationToken).ConfigureAwait(false);
        if (kept < length && file.Place.Access == BacnetFileAccess.Record)
        {
            link.Trace($"{link.Errors.Device}: it has kept {kept} of {length} records of '{file.Path}'; sending them one at a time.");
            await FillAsync(file, cancellationToken, mostRecords: 1).ConfigureAwait(false);
            kept = await ReadSettledLengthAsync(file, length, cancellationToken).ConfigureAwait(false);
        }

        if (kept is { } still && still != length && still == unmoved)
        {
            link.Trace($"{link.Errors.Device}: its File object {file.Place.File} tells {still} {UnitsOf(file)} as before, whatever is written to it; what it holds is seen when it is read back.");
            return;
        }

        if (kept is { } told && told != length)
        {
            throw link.Errors.Create(
                ErrorIds.RestoreFailed,
                $"its File object {file.Place.File} has {told} {UnitsOf(file)} after the {length} of '{file.Path}' were written to it and acknowledged. The restore was given up before the device was to use it; see whether its memory is full, restart it if need be, and try again");
        }
    }

    /// <summary>A device that writes slowly may count late: a length that is not the right one is read a few times.</summary>
    private async Task<long?> ReadSettledLengthAsync(FileToRestore file, long length, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var kept = await TryReadLengthAsync(file, cancellationToken).ConfigureAwait(false);
            if (kept is null || kept == length || attempt == Attempts)
            {
                return kept;
            }

            await Task.Delay(link.Times.Again * attempt, link.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>In bytes or records; null where the device does not tell, or is too busy with what was written to it.</returns>
    private async Task<long?> TryReadLengthAsync(FileToRestore file, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadLengthAsync(file, cancellationToken).ConfigureAwait(false);
        }
        catch (BacnetException exception) when (BacnetDeviceErrors.IsBusy(exception))
        {
            link.Trace($"{link.Errors.Device}: the length of its File object {file.Place.File} cannot be read just now ({exception.Message.TrimEnd('.')}).");
            return null;
        }
    }

    /// <returns>In bytes or records; null where the device does not tell.</returns>
    private async Task<long?> ReadLengthAsync(FileToRestore file, CancellationToken cancellationToken)
    {
        var told = await link.WhileBusyAsync(() => link.ReadAsync(Target(file), [LengthOf(file)], cancellationToken), cancellationToken).ConfigureAwait(false);
        return BacnetTold.Length(told[0]);
    }

    private EdgeBackupException Remains(FileToRestore file, long remainder, BacnetException? refusal) => link.Errors.Create(
        ErrorIds.RestoreFailed,
        $"its File object {file.Place.File} keeps {remainder} {UnitsOf(file)} of what it held before behind what was written, and does not let itself be emptied. The restore was given up; its software needs an update, or the restore its maker's tool",
        refusal);

    private static (int Room, int Unsegmented) Rooms(BacnetClient client, BacnetPeer peer)
    {
        var room = client.LargestWrite(peer);
        return (room, Math.Min(room, client.LargestWrite(peer with { Segmentation = BacnetSegmentation.None })));
    }

    private static BacnetObjectId Target(FileToRestore file) => new(BacnetObjectType.File, file.Place.File);

    private static BacnetProperty LengthOf(FileToRestore file) => file.Place.Access == BacnetFileAccess.Stream ? BacnetProperty.FileSize : BacnetProperty.RecordCount;

    private static string UnitsOf(FileToRestore file) => file.Place.Access == BacnetFileAccess.Stream ? "bytes" : "records";

    private static string Words(BacnetFileAccess access) => access == BacnetFileAccess.Stream ? "bytes (stream access)" : "records (record access)";
}
