using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EdgeBackup.Core.Repository.Recovery;

/// <summary>
/// Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11D) and the generator 2. Adding is XOR.
/// </summary>
internal static class GaloisField
{
    private const int Polynomial = 0x11D;
    private const int Order = 255;

    /// <summary>For each factor: its products with 0 to 15, then with 0, 16, … 240. A product of a byte is the sum of two of them.</summary>
    private const int TableSize = 32;

    private static readonly byte[] Powers = MakePowers();
    private static readonly byte[] Logarithms = MakeLogarithms();
    private static readonly byte[] Products = MakeProducts();

    public static byte Multiply(byte left, byte right) =>
        left == 0 || right == 0 ? (byte)0 : Powers[(Logarithms[left] + Logarithms[right]) % Order];

    /// <exception cref="DivideByZeroException">The divisor is zero.</exception>
    public static byte Divide(byte dividend, byte divisor)
    {
        if (divisor == 0)
        {
            throw new DivideByZeroException();
        }

        return dividend == 0 ? (byte)0 : Powers[(Logarithms[dividend] + Order - Logarithms[divisor]) % Order];
    }

    /// <summary>Adds <paramref name="factor"/> times the source to the sum, with the widest instructions that the machine has.</summary>
    /// <param name="factor">What each byte is multiplied by.</param>
    /// <param name="source">Bytes.</param>
    /// <param name="sum">As many.</param>
    public static void MultiplyAdd(byte factor, ReadOnlySpan<byte> source, Span<byte> sum)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sum.Length, source.Length);
        var done = 0;
        if (factor == 0)
        {
            return;
        }

        if (Avx2.IsSupported)
        {
            done = MultiplyAdd256(factor, source, sum);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            done = MultiplyAdd128(factor, source, sum);
        }

        MultiplyAddPlain(factor, source[done..], sum[done..]);
    }

    /// <summary>The same byte by byte.</summary>
    public static void MultiplyAddPlain(byte factor, ReadOnlySpan<byte> source, Span<byte> sum)
    {
        var table = TableOf(factor);
        for (var index = 0; index < source.Length; index++)
        {
            sum[index] ^= (byte)(table[source[index] & 15] ^ table[16 + (source[index] >>> 4)]);
        }
    }

    /// <returns>Bytes done: the rest is shorter than a vector.</returns>
    public static int MultiplyAdd128(byte factor, ReadOnlySpan<byte> source, Span<byte> sum)
    {
        var from = MemoryMarshal.Cast<byte, Vector128<byte>>(source);
        var to = MemoryMarshal.Cast<byte, Vector128<byte>>(sum);
        var table = TableOf(factor);
        var low = Vector128.Create(table[..16]);
        var high = Vector128.Create(table[16..]);
        var mask = Vector128.Create((byte)15);
        for (var index = 0; index < from.Length; index++)
        {
            var bytes = from[index];
            to[index] ^= Vector128.Shuffle(low, bytes & mask) ^ Vector128.Shuffle(high, bytes >>> 4);
        }

        return from.Length * Vector128<byte>.Count;
    }

    /// <returns>Bytes done: the rest is shorter than a vector.</returns>
    public static int MultiplyAdd256(byte factor, ReadOnlySpan<byte> source, Span<byte> sum)
    {
        var from = MemoryMarshal.Cast<byte, Vector256<byte>>(source);
        var to = MemoryMarshal.Cast<byte, Vector256<byte>>(sum)[..from.Length];
        if (factor == 1)
        {
            for (var index = 0; index < from.Length; index++)
            {
                to[index] ^= from[index];
            }

            return from.Length * Vector256<byte>.Count;
        }

        var table = TableOf(factor);
        var low = Vector256.Create(Vector128.Create(table[..16]), Vector128.Create(table[..16]));
        var high = Vector256.Create(Vector128.Create(table[16..]), Vector128.Create(table[16..]));
        var mask = Vector256.Create((byte)15);
        for (var index = 0; index < from.Length; index++)
        {
            var bytes = from[index];
            to[index] ^= Avx2.Shuffle(low, bytes & mask) ^ Avx2.Shuffle(high, bytes >>> 4);
        }

        return from.Length * Vector256<byte>.Count;
    }

    private static ReadOnlySpan<byte> TableOf(byte factor) => Products.AsSpan(factor * TableSize, TableSize);

    private static byte[] MakePowers()
    {
        var powers = new byte[Order];
        var value = 1;
        for (var exponent = 0; exponent < Order; exponent++)
        {
            powers[exponent] = (byte)value;
            value <<= 1;
            value ^= value > byte.MaxValue ? Polynomial : 0;
        }

        return powers;
    }

    private static byte[] MakeLogarithms()
    {
        var logarithms = new byte[Order + 1];
        for (var exponent = 0; exponent < Order; exponent++)
        {
            logarithms[Powers[exponent]] = (byte)exponent;
        }

        return logarithms;
    }

    private static byte[] MakeProducts()
    {
        var products = new byte[(Order + 1) * TableSize];
        for (var factor = 0; factor <= Order; factor++)
        {
            for (var nibble = 0; nibble < 16; nibble++)
            {
                products[(factor * TableSize) + nibble] = Multiply((byte)factor, (byte)nibble);
                products[(factor * TableSize) + 16 + nibble] = Multiply((byte)factor, (byte)(nibble << 4));
            }
        }

        return products;
    }
}
