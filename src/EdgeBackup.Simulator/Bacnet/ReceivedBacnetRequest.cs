using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>One confirmed request that a device received, for tests that ask what was sent. Repeated ones count again.</summary>
/// <param name="Service">Which service.</param>
/// <param name="Target">The object that it begins with; null where it has none.</param>
/// <param name="Property">Read or written; null where there is none, or many.</param>
/// <param name="State">Of ReinitializeDevice.</param>
public readonly record struct ReceivedBacnetRequest(
    BacnetConfirmedService Service, BacnetObjectId? Target, BacnetProperty? Property, BacnetReinitializedState? State)
{
    /// <summary>Bytes of the request.</summary>
    public int Length { get; init; }

    /// <summary>Reads of a request what faults and tests ask for; what cannot be read is left out.</summary>
    internal static ReceivedBacnetRequest Of(BacnetConfirmedService service, ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        switch (service)
        {
            case BacnetConfirmedService.ReinitializeDevice:
                return new(service, null, null, reader.TryReadContextUnsigned(0, out var state) ? (BacnetReinitializedState)state : null);
            case BacnetConfirmedService.AtomicReadFile or BacnetConfirmedService.AtomicWriteFile:
                return new(service, reader.TryReadObjectId(out var file) ? file : null, null, null);
            case BacnetConfirmedService.ReadProperty or BacnetConfirmedService.WriteProperty or BacnetConfirmedService.ReadRange:
                return reader.TryReadContextObjectId(0, out var target)
                    ? new(service, target, reader.TryReadContextUnsigned(1, out var property) ? (BacnetProperty)property : null, null)
                    : new(service, null, null, null);
            case BacnetConfirmedService.ReadPropertyMultiple:
                return new(service, reader.TryReadContextObjectId(0, out var first) ? first : null, null, null);
            case BacnetConfirmedService.CreateObject:
                return new(service, reader.TryReadOpening(0) && reader.TryReadContextObjectId(1, out var created) ? created : null, null, null);
            default:
                return new(service, null, null, null);
        }
    }
}
