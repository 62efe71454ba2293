using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>What a service answers a request with.</summary>
/// <param name="Kind">SimpleAck, ComplexAck, Error, Reject or Abort.</param>
/// <param name="Payload">Of ComplexAck and Error.</param>
/// <param name="Reason">Of Reject and Abort.</param>
internal readonly record struct ServiceAnswer(ApduKind Kind, ReadOnlyMemory<byte> Payload = default, byte Reason = 0)
{
    public static ServiceAnswer Done { get; } = new(ApduKind.SimpleAck);

    /// <summary>A request that ends too early or has a wrong tag where a parameter must be.</summary>
    public static ServiceAnswer Malformed { get; } = Reject(BacnetRejectReason.MissingRequiredParameter);

    public static ServiceAnswer Of(BacnetWriter writer) => new(ApduKind.ComplexAck, writer.ToArray());

    public static ServiceAnswer Error(BacnetErrorClass errorClass, BacnetErrorCode code)
    {
        var writer = new BacnetWriter(16);
        writer.WriteEnumerated((uint)errorClass);
        writer.WriteEnumerated((uint)code);
        return new(ApduKind.Error, writer.ToArray());
    }

    public static ServiceAnswer Reject(BacnetRejectReason reason) => new(ApduKind.Reject, default, (byte)reason);

    public static ServiceAnswer Abort(BacnetAbortReason reason) => new(ApduKind.Abort, default, (byte)reason);
}

/// <summary>Why a property cannot be read or written.</summary>
internal readonly record struct PropertyFault(BacnetErrorClass Class, BacnetErrorCode Code)
{
    public static PropertyFault UnknownObject { get; } = new(BacnetErrorClass.Object, BacnetErrorCode.UnknownObject);

    public static PropertyFault UnknownProperty { get; } = new(BacnetErrorClass.Property, BacnetErrorCode.UnknownProperty);

    public static PropertyFault ReadDenied { get; } = new(BacnetErrorClass.Property, BacnetErrorCode.ReadAccessDenied);

    public static PropertyFault WriteDenied { get; } = new(BacnetErrorClass.Property, BacnetErrorCode.WriteAccessDenied);

    public ServiceAnswer ToAnswer() => ServiceAnswer.Error(Class, Code);
}

/// <summary>What a property holds.</summary>
/// <param name="Values">One, or those of an array or a list.</param>
/// <param name="IsArray">Whether it is a BACnetARRAY, whose elements can be read one by one.</param>
internal sealed record PropertyContent(IReadOnlyList<BacnetValue> Values, bool IsArray = false)
{
    /// <summary>The whole, an element, or with index 0 the number of elements.</summary>
    public PropertyFault? Select(uint? index, out IReadOnlyList<BacnetValue> selected)
    {
        selected = Values;
        if (index is not { } number)
        {
            return null;
        }

        if (!IsArray)
        {
            return new PropertyFault(BacnetErrorClass.Property, BacnetErrorCode.PropertyIsNotAnArray);
        }

        if (number > Values.Count)
        {
            return new PropertyFault(BacnetErrorClass.Property, BacnetErrorCode.InvalidArrayIndex);
        }

        selected = number == 0 ? [BacnetValue.OfUnsigned((uint)Values.Count)] : [Values[(int)number - 1]];
        return null;
    }
}
