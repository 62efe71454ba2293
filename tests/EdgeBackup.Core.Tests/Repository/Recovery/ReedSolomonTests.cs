using EdgeBackup.Core.Repository.Recovery;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

public sealed class ReedSolomonTests
{
    [Fact]
    public void All_products_are_those_of_the_polynomial_whatever_the_instructions()
    {
        var source = Enumerable.Range(0, 256 + 77).Select(value => (byte)value).ToArray();
        for (var factor = 0; factor < 256; factor++)
        {
            var before = Bench.RandomBytes(factor, source.Length);
            var expected = before.Select((value, index) => (byte)(value ^ Multiply((byte)factor, source[index]))).ToArray();
            var plain = before.ToArray();
            GaloisField.MultiplyAddPlain((byte)factor, source, plain);
            Assert.Equal(expected, plain);
            var widest = before.ToArray();
            GaloisField.MultiplyAdd((byte)factor, source, widest);
            Assert.Equal(expected, widest);
            var small = before.ToArray();
            var done = GaloisField.MultiplyAdd128((byte)factor, source, small);
            Assert.Equal(expected[..done], small[..done]);
            Assert.Equal(before[done..], small[done..]);
            Assert.InRange(done, source.Length - 15, source.Length);
        }
    }

    [Fact]
    public void Dividing_undoes_multiplying()
    {
        for (var left = 0; left < 256; left++)
        {
            for (var right = 1; right < 256; right++)
            {
                Assert.Equal((byte)left, GaloisField.Divide(GaloisField.Multiply((byte)left, (byte)right), (byte)right));
            }
        }

        Assert.Throws<DivideByZeroException>(() => GaloisField.Divide(1, 0));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    [InlineData(100, 1)]
    [InlineData(187, 2)]
    [InlineData(200, 54)]
    [InlineData(196, 59)]
    [InlineData(128, 128)]
    public void Any_erasure_of_at_most_as_many_shards_as_there_is_parity_is_mended(int dataShards, int parityShards)
    {
        var random = new Random(dataShards);
        var data = Enumerable.Range(0, dataShards).Select(shard => Bench.RandomBytes(shard, 48)).ToArray();
        var parity = Enumerable.Range(0, parityShards).Select(_ => new byte[48]).ToArray();
        for (var row = 0; row < parityShards; row++)
        {
            for (var shard = 0; shard < dataShards; shard++)
            {
                GaloisField.MultiplyAdd(ReedSolomon.Coefficient(row, shard), data[shard], parity[row]);
            }
        }

        var code = new ReedSolomon(dataShards, parityShards);
        for (var trial = 0; trial < 60; trial++)
        {
            // Lost among all shards, the parity's own included; the first trials take as many data shards as can be.
            var erased = trial < 10
                ? Enumerable.Range(0, Math.Min(dataShards, parityShards)).Select(index => (index + trial) % dataShards).ToHashSet()
                : Enumerable.Range(0, dataShards + parityShards).OrderBy(_ => random.Next()).Take(random.Next(1, parityShards + 1)).ToHashSet();
            var lost = erased.Where(shard => shard < dataShards).Order().ToList();
            var left = Enumerable.Range(0, parityShards).Where(row => !erased.Contains(dataShards + row)).OrderBy(_ => random.Next()).Take(lost.Count).ToList();
            var restored = code.Restore(lost, left, shard => lost.Contains(shard) ? throw new InvalidOperationException() : data[shard], row => parity[row], 48);
            for (var index = 0; index < lost.Count; index++)
            {
                Assert.Equal(data[lost[index]], restored[index]);
            }
        }
    }

    [Fact]
    public void The_checksum_is_CRC_32C()
    {
        // The check value of the standard, and RFC 3720 B.4: 32 bytes of zeros, of ones, ascending.
        Assert.Equal(0xE3069283u, Checksum.Of("123456789"u8));
        Assert.Equal(0x8A9136AAu, Checksum.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Checksum.Of(Enumerable.Repeat((byte)255, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Checksum.Of(Enumerable.Range(0, 32).Select(value => (byte)value).ToArray()));
    }

    /// <summary>Shift and add, as it is defined.</summary>
    private static byte Multiply(byte left, byte right)
    {
        var product = 0;
        for (var bit = 0; bit < 8; bit++)
        {
            product ^= (right >> bit & 1) == 1 ? left << bit : 0;
        }

        for (var bit = 15; bit >= 8; bit--)
        {
            product ^= (product >> bit & 1) == 1 ? 0x11D << (bit - 8) : 0;
        }

        return (byte)product;
    }
}
