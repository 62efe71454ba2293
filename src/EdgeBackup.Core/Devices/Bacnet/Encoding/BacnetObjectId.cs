namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>An object of a device: its kind and its number.</summary>
/// <param name="Type">Ten bits: 0 to 1023.</param>
/// <param name="Instance">Twenty-two bits: 0 to 4194303, where 4194303 stands for none.</param>
public readonly record struct BacnetObjectId(BacnetObjectType Type, uint Instance)
{
    /// <summary>The largest instance; as a device's it means "whichever device this is".</summary>
    public const uint LargestInstance = 0x3FFFFF;

    /// <summary>The thirty-two bits that are sent: ten of the type, twenty-two of the instance.</summary>
    public uint ToBits() => ((uint)Type & 0x3FF) << 22 | (Instance & LargestInstance);

    public static BacnetObjectId FromBits(uint bits) => new((BacnetObjectType)(bits >> 22), bits & LargestInstance);

    public override string ToString() => $"{Type}:{Instance}";
}
