using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>AtomicReadFile and AtomicWriteFile (clauses 14.1 and 14.2).</summary>
internal sealed class FileServices(SimulatedBacnetDevice device)
{
    private static readonly ServiceAnswer InvalidStart = ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.InvalidFileStartPosition);
    private static readonly ServiceAnswer WrongAccess = ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.InvalidFileAccessMethod);
    private static readonly ServiceAnswer Denied = ServiceAnswer.Error(BacnetErrorClass.Object, BacnetErrorCode.FileAccessDenied);
    private static readonly ServiceAnswer Full = ServiceAnswer.Error(BacnetErrorClass.Object, BacnetErrorCode.FileFull);

    public ServiceAnswer Read(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadObjectId(out var id) || !TryReadAccess(ref reader, out var access)
            || !reader.TryReadSigned(out var start) || !reader.TryReadUnsigned(out var count) || !reader.TryReadClosing((byte)Context(access)))
        {
            return ServiceAnswer.Malformed;
        }

        if (Refuse(id, access, device.Procedure.FilesAreReadable || device.Options.FilesAreAlwaysReadable, out var file) is { } refusal)
        {
            return refusal;
        }

        if (access == BacnetFileAccess.Record && count > device.Options.MostRecords)
        {
            return ServiceAnswer.Reject(BacnetRejectReason.ParameterOutOfRange);
        }

        var total = access == BacnetFileAccess.Stream ? file.Length : file.Records.Count;
        if (start < 0 || start > total || (file.IsEmpty && device.Options.EmptyFiles == EmptyFileAnswer.InvalidStart))
        {
            return InvalidStart;
        }

        start = Math.Min(start + device.Faults.ReadsFurther, total);
        total = Math.Min(total, Math.Max(start, device.Faults.EndOfFileAt ?? total));
        var given = (int)Math.Min(Math.Min(count, (uint)(total - start)), (uint)(device.Faults.LargestRead ?? int.MaxValue));
        var writer = new BacnetWriter(given + 32);
        writer.WriteBoolean(start + given == total);
        writer.WriteOpening((byte)Context(access));
        writer.WriteSigned(start);
        if (access == BacnetFileAccess.Stream)
        {
            writer.WriteOctets(file.Content.Slice(start, given));
        }
        else
        {
            writer.WriteUnsigned((uint)given);
            for (var number = start; number < start + given; number++)
            {
                writer.WriteOctets(file.Records[number]);
            }
        }

        writer.WriteClosing((byte)Context(access));
        device.Faults.CountRead(id.Instance);
        return ServiceAnswer.Of(writer);
    }

    public ServiceAnswer Write(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadObjectId(out var id) || !TryReadAccess(ref reader, out var access) || !reader.TryReadSigned(out var start))
        {
            return ServiceAnswer.Malformed;
        }

        ReadOnlySpan<byte> bytes = default;
        List<byte[]> records = [];
        if (!(access == BacnetFileAccess.Stream ? reader.TryReadOctets(out bytes) : TryReadRecords(ref reader, out records))
            || !reader.TryReadClosing((byte)Context(access)))
        {
            return ServiceAnswer.Malformed;
        }

        if (Refuse(id, access, device.Procedure.FilesAreWritable, out var file) is { } refusal)
        {
            return refusal;
        }

        // Minus one appends, which is why a client that may have to repeat itself must not use it.
        var position = start == -1 ? (access == BacnetFileAccess.Stream ? file.Length : file.Records.Count) : start;
        if (position < 0)
        {
            return InvalidStart;
        }

        if ((long)position + bytes.Length + records.Count > SimulatedBacnetDevice.LargestFile)
        {
            return Full;
        }

        if (position == 0 && !device.Options.FileSizeIsWritable)
        {
            file = SimulatedBacnetFile.Empty(access);
        }

        device.Files.Put(id.Instance, Kept(access == BacnetFileAccess.Stream
            ? file.WriteBytes(position, bytes)
            : file.WriteRecords(position, [.. records.Take(device.Faults.MostRecordsKept ?? int.MaxValue)])));
        var writer = new BacnetWriter(8);
        writer.WriteContextSigned((byte)Context(access), position);
        return ServiceAnswer.Of(writer);
    }

    private SimulatedBacnetFile Kept(SimulatedBacnetFile file) => device.Faults.MostKept is not { } most ? file
        : file.Access == BacnetFileAccess.Stream ? file.Length > most ? file.Resize(most) : file
        : file.Records.Count > most ? file.ResizeRecords(most) : file;

    private ServiceAnswer? Refuse(BacnetObjectId id, BacnetFileAccess access, bool isOpen, out SimulatedBacnetFile file)
    {
        file = null!;
        if (id.Type != BacnetObjectType.File)
        {
            return ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.InconsistentObjectType);
        }

        if (device.Files.Find(id.Instance) is not { } found)
        {
            return PropertyFault.UnknownObject.ToAnswer();
        }

        file = found;
        if (device.Files.IsConfiguration(id.Instance))
        {
            device.Procedure.Touch();
            if (!isOpen)
            {
                return Denied;
            }
        }

        return found.Access == access ? null : WrongAccess;
    }

    private static bool TryReadAccess(ref BacnetReader reader, out BacnetFileAccess access)
    {
        access = reader.IsOpening(0) ? BacnetFileAccess.Stream : BacnetFileAccess.Record;
        return reader.TryReadOpening((byte)Context(access));
    }

    /// <summary>The services' choice counts the other way round than the property File_Access_Method.</summary>
    private static int Context(BacnetFileAccess access) => access == BacnetFileAccess.Stream ? 0 : 1;

    private static bool TryReadRecords(ref BacnetReader reader, out List<byte[]> records)
    {
        records = [];
        if (!reader.TryReadUnsigned(out var count))
        {
            return false;
        }

        while (!reader.IsClosing(1))
        {
            if (!reader.TryReadOctets(out var record))
            {
                return false;
            }

            records.Add(record.ToArray());
        }

        return records.Count == count;
    }
}
