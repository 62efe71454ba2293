using System.Buffers.Binary;
using System.Numerics;

namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>CRC-32C (RFC 3720, appendix B.4): finds damage, proves nothing against an attacker.</summary>
internal static class Checksum
{
    public const int Size = 4;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var value = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            value = BitOperations.Crc32C(value, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var one in bytes)
        {
            value = BitOperations.Crc32C(value, one);
        }

        return ~value;
    }
}
