using System.Buffers.Binary;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>How a file of records is one row of bytes in a backup: each record as its length, four bytes, the most significant first, and its bytes.</summary>
internal static class RecordFraming
{
    public const int HeaderLength = sizeof(uint);

    public static void WriteLength(Span<byte> header, int length) => BinaryPrimitives.WriteInt32BigEndian(header, length);

    /// <returns>Negative for a length beyond what a record can have.</returns>
    public static int ReadLength(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadInt32BigEndian(header);
}
