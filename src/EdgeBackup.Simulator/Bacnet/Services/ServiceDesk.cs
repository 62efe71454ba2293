using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>Answers the confirmed requests of one device. Called under its lock.</summary>
internal sealed class ServiceDesk
{
    private readonly PropertyServices properties;
    private readonly FileServices files;
    private readonly CreateObjectService creation;
    private readonly ReinitializeService reinitialize;
    private readonly RangeService range;
    private readonly SimulatedBacnetOptions options;

    public ServiceDesk(SimulatedBacnetDevice device)
    {
        options = device.Options;
        var objects = new BacnetObjects(device);
        properties = new PropertyServices(device, objects);
        files = new FileServices(device);
        creation = new CreateObjectService(device);
        reinitialize = new ReinitializeService(device);
        range = new RangeService(device, objects);
    }

    /// <summary>The confirmed services that this device answers.</summary>
    public IEnumerable<BacnetConfirmedService> Supported
    {
        get
        {
            yield return BacnetConfirmedService.ReadProperty;
            yield return BacnetConfirmedService.WriteProperty;
            yield return BacnetConfirmedService.ReadRange;
            yield return BacnetConfirmedService.AtomicReadFile;
            yield return BacnetConfirmedService.AtomicWriteFile;
            yield return BacnetConfirmedService.CreateObject;
            if (options.HasReadPropertyMultiple)
            {
                yield return BacnetConfirmedService.ReadPropertyMultiple;
            }

            if (options.Reinitialize != ReinitializeSupport.Missing)
            {
                yield return BacnetConfirmedService.ReinitializeDevice;
            }
        }
    }

    /// <param name="service">Which service.</param>
    /// <param name="payload">The request's own bytes.</param>
    /// <param name="budget">Bytes that the answer may have and still reach whoever asked.</param>
    public ServiceAnswer Answer(BacnetConfirmedService service, ReadOnlySpan<byte> payload, int budget) =>
        !Supported.Contains(service)
            ? ServiceAnswer.Reject(BacnetRejectReason.UnrecognizedService)
            : service switch
            {
                BacnetConfirmedService.ReadProperty => properties.Read(payload),
                BacnetConfirmedService.ReadPropertyMultiple => properties.ReadMultiple(payload),
                BacnetConfirmedService.WriteProperty => properties.Write(payload),
                BacnetConfirmedService.AtomicReadFile => files.Read(payload),
                BacnetConfirmedService.AtomicWriteFile => files.Write(payload),
                BacnetConfirmedService.CreateObject => creation.Create(payload),
                BacnetConfirmedService.ReadRange => range.Read(payload, budget),
                _ => reinitialize.Answer(payload),
            };
}
