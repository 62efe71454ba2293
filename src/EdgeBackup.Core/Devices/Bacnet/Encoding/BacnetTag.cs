namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Kinds of values; the number is the application tag (clause 20.2.1.4).</summary>
public enum BacnetType : byte
{
    Null = 0,
    Boolean = 1,
    Unsigned = 2,
    Signed = 3,
    Real = 4,
    Double = 5,
    OctetString = 6,
    CharacterString = 7,
    BitString = 8,
    Enumerated = 9,
    Date = 10,
    Time = 11,
    ObjectId = 12,

    /// <summary>No application tag: a context-tagged value or construct, kept as its bytes.</summary>
    Context = 255,
}

/// <summary>What stands before a value (clause 20.2.1).</summary>
/// <param name="Number">The application tag, or the context's number.</param>
/// <param name="IsContext">Whether the number means something only in its place.</param>
/// <param name="IsOpening">Begins a construct.</param>
/// <param name="IsClosing">Ends one.</param>
/// <param name="Length">Bytes that follow; of an application-tagged Boolean its value, 0 or 1, with no byte behind.</param>
public readonly record struct BacnetTag(byte Number, bool IsContext, bool IsOpening, bool IsClosing, uint Length);
