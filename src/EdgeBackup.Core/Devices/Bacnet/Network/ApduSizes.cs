namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The byte of a ConfirmedRequest that says how many parts of which length its sender takes (clauses 20.1.2.4 and 20.1.2.5).</summary>
public static class ApduSizes
{
    /// <summary>The longest APDU of BACnet/IP.</summary>
    public const int Largest = 1476;

    /// <summary>What every device takes.</summary>
    public const int Smallest = 50;

    private static readonly int[] Lengths = [50, 128, 206, 480, 1024, 1476];
    private static readonly int[] Segments = [0, 2, 4, 8, 16, 32, 64, int.MaxValue];

    /// <returns>Lengths that are reserved count as the smallest, which every device takes.</returns>
    public static int LengthOf(byte sizes) => (sizes & 0x0F) < Lengths.Length ? Lengths[sizes & 0x0F] : Smallest;

    /// <returns>0: not said; <see cref="int.MaxValue"/>: more than 64.</returns>
    public static int SegmentsOf(byte sizes) => Segments[sizes >> 4 & 0x07];

    /// <summary>Says no more than what is given: what lies between two steps is rounded down.</summary>
    public static byte Encode(int segments, int length) => (byte)(Step(Segments, segments) << 4 | Step(Lengths, length));

    /// <summary>The largest length that can be announced and is not above the given one.</summary>
    public static int RoundDown(int length) => Lengths[Step(Lengths, length)];

    /// <summary>The largest number of segments that can be announced and is not above the given one.</summary>
    public static int RoundDownSegments(int segments) => Segments[Step(Segments, segments)];

    private static int Step(int[] steps, int value)
    {
        var step = Array.FindLastIndex(steps, candidate => candidate <= value);
        return Math.Max(step, 0);
    }
}
