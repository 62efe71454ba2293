using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>CreateObject (clause 15.3): File objects that a restore misses, and nothing else.</summary>
internal sealed class CreateObjectService(SimulatedBacnetDevice device)
{
    public ServiceAnswer Create(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadOpening(0))
        {
            return ServiceAnswer.Malformed;
        }

        BacnetObjectId id;
        if (reader.IsContext(0))
        {
            if (!reader.TryReadContextUnsigned(0, out var type))
            {
                return ServiceAnswer.Malformed;
            }

            id = new BacnetObjectId((BacnetObjectType)type, (device.Files.Instances is [.., var last] ? last : 0) + 1);
        }
        else if (!reader.TryReadContextObjectId(1, out id))
        {
            return ServiceAnswer.Malformed;
        }

        if (!reader.TryReadClosing(0))
        {
            return ServiceAnswer.Malformed;
        }

        if (id.Type != BacnetObjectType.File || !device.Procedure.FilesAreWritable)
        {
            return Failed(BacnetErrorClass.Object, BacnetErrorCode.DynamicCreationNotSupported);
        }

        device.Procedure.Touch();
        if (!device.Files.Create(id.Instance))
        {
            return Failed(BacnetErrorClass.Object, BacnetErrorCode.ObjectIdentifierAlreadyExists);
        }

        var writer = new BacnetWriter(8);
        writer.WriteObjectId(id);
        return ServiceAnswer.Of(writer);
    }

    /// <summary>A CreateObject-Error is longer than others: it says which initial value failed, 0 for none.</summary>
    private static ServiceAnswer Failed(BacnetErrorClass errorClass, BacnetErrorCode code)
    {
        var writer = new BacnetWriter(16);
        writer.WriteOpening(0);
        writer.WriteEnumerated((uint)errorClass);
        writer.WriteEnumerated((uint)code);
        writer.WriteClosing(0);
        writer.WriteContextUnsigned(1, 0);
        return new ServiceAnswer(ApduKind.Error, writer.ToArray());
    }
}
