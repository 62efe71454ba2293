using System.Security.Cryptography;
using EdgeBackup.Core.Repository.Recovery;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository.Recovery;

public sealed class PackMenderTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 76, 1 }, { 700, 1 }, { 2000, 5 }, { 20_000, 1 }, { 100_000, 1 }, { 100_000, 30 }, { 262_144, 1 }, { 1_000_000, 3 }, { 2_500_001, 10 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Sections_are_never_longer_than_they_are_said_to_be(int length, int percent)
    {
        var geometry = RecoveryGeometry.For(length, percent);
        Assert.True(geometry.Shards <= 256);
        Assert.True(geometry.ParityShards * 100 >= geometry.DataShards * percent);
        Assert.Equal(geometry, RecoveryGeometry.TryReadHead(Make(geometry).AsSpan(geometry.BodyLength)));
        Assert.Equal(geometry, RecoveryGeometry.TryReadHead(Make(geometry).AsSpan()[^RecoveryGeometry.HeadSize..]));
        if (length >= 1_000_000)
        {
            Assert.InRange(geometry.TotalLength - length, length * percent / 100, (length * percent / 100) + (length / 80));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_stretch_of_zeros_as_long_as_the_share_is_mended_wherever_it_begins(int length, int percent)
    {
        var geometry = RecoveryGeometry.For(length, percent);
        var share = Math.Min(length, geometry.ParityShards * geometry.ShardSize);
        for (var trial = 0; trial < 24; trial++)
        {
            var block = trial * (length - share) / 23 / geometry.BlockSize * geometry.BlockSize;
            AssertMended(geometry, percent, content => content.AsSpan(block, share).Clear());
            var anywhere = trial * (length - share) / 23;
            AssertMended(geometry, percent, content => content.AsSpan(anywhere, Math.Max(1, share - geometry.BlockSize + 1)).Clear());
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Any_damage_within_the_section_is_mended(int length, int percent)
    {
        var geometry = RecoveryGeometry.For(length, percent);
        AssertMended(geometry, percent, content => content.AsSpan(length).Clear());
        AssertMended(geometry, percent, content => new Random(1).NextBytes(content.AsSpan(length)));
        AssertMended(geometry, percent, content => content[length + 9] ^= 1);
        AssertMended(geometry, percent, content => content[^1] ^= 1);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_cut_end_is_mended_up_to_the_whole_section(int length, int percent)
    {
        var geometry = RecoveryGeometry.For(length, percent);
        var pack = Make(geometry);
        foreach (var cut in new[] { 1, 31, 33, (geometry.TotalLength - length) / 2, geometry.TotalLength - length - 5, geometry.TotalLength - length })
        {
            Assert.Equal(pack, PackMender.TryMend(Name(pack), pack.AsMemory(0, pack.Length - cut), bodyLength: length, percent)!.Content);
        }

        Assert.False(PackMender.TryMend(Name(pack), pack.AsMemory(0, length - (length / 3)), bodyLength: length, percent)!.IsProved);
    }

    [Theory]
    [InlineData(100_000, 1)]
    [InlineData(1_000_000, 3)]
    public void Scattered_damage_is_mended_up_to_the_parity_of_each_column_its_own_included(int length, int percent)
    {
        var geometry = RecoveryGeometry.For(length, percent);
        for (var trial = 0; trial < 30; trial++)
        {
            var random = new Random(trial);
            AssertMended(geometry, percent, content =>
            {
                for (var column = 0; column < geometry.Columns; column++)
                {
                    foreach (var shard in Enumerable.Range(0, geometry.Shards).OrderBy(_ => random.Next()).Take(geometry.ParityShards))
                    {
                        var start = shard < geometry.DataShards ? shard * geometry.ShardSize : geometry.ParityOffset + ((shard - geometry.DataShards) * geometry.ShardSize);
                        var at = start + (column * geometry.BlockSize) + random.Next(geometry.BlockSize);
                        if (shard >= geometry.DataShards || at < length)
                        {
                            content[at] ^= (byte)random.Next(1, 256);
                        }
                    }
                }
            });
        }
    }

    [Fact]
    public void Bytes_that_went_or_came_in_are_mended()
    {
        var geometry = RecoveryGeometry.For(300_000, 1);
        var pack = Make(geometry);
        foreach (var place in new[] { 0, 17, 150_000, 299_999, 300_000, 301_000, pack.Length - 1 })
        {
            byte[] shorter = [.. pack[..place], .. pack[Math.Min(pack.Length, place + 3)..]];
            byte[] longer = [.. pack[..place], 1, 2, 3, 4, 5, .. pack[place..]];
            Assert.Equal(pack, PackMender.TryMend(Name(pack), shorter, bodyLength: null, percent: 1)!.Content);
            Assert.Equal(pack, PackMender.TryMend(Name(pack), longer, bodyLength: null, percent: 1)!.Content);
        }

        Assert.Equal(pack, PackMender.TryMend(Name(pack), (byte[])[.. pack, .. Bench.RandomBytes(3, 5000)], bodyLength: null, percent: 1)!.Content);
    }

    [Fact]
    public void More_than_the_share_is_not_proved_and_what_is_whole_stays()
    {
        var geometry = RecoveryGeometry.For(1_000_000, 1);
        var pack = Make(geometry);
        var torn = pack.ToArray();
        torn.AsSpan(500_000, 3 * geometry.ShardSize).Clear();
        var mended = PackMender.TryMend(Name(pack), torn, bodyLength: null, percent: 1)!;
        Assert.False(mended.IsProved);
        Assert.Equal(pack[..400_000], mended.Content[..400_000]);
        Assert.Equal(pack[600_000..1_000_000], mended.Content[600_000..1_000_000]);
    }

    [Fact]
    public void Without_recovery_data_there_is_nothing_to_mend_from()
    {
        Assert.Null(PackMender.TryMend(new string('0', 64), Bench.RandomBytes(1, 50_000), bodyLength: null, percent: 0));
        Assert.Null(PackMender.TryMend(new string('0', 64), ReadOnlyMemory<byte>.Empty, bodyLength: null, percent: 1));
    }

    [Fact]
    public void Absurd_heads_are_no_heads()
    {
        var head = new byte[32];
        foreach (var geometry in new[]
        {
            new RecoveryGeometry(int.MaxValue, 1, 1, int.MaxValue, 1), new RecoveryGeometry(100, 1, 0, 512, 512), new RecoveryGeometry(100, 3, 1, 512, 512),
            new RecoveryGeometry(-1, 1, 1, 512, 512), new RecoveryGeometry(100, 1, 1, 500, 512), new RecoveryGeometry(100, 1, 1, 512, 0), new RecoveryGeometry(100, 1, 65_000, 512, 512),
        })
        {
            geometry.WriteHead(head);
            Assert.Null(RecoveryGeometry.TryReadHead(head));
        }
    }

    private static void AssertMended(RecoveryGeometry geometry, int percent, Action<byte[]> damage)
    {
        var pack = Make(geometry);
        var torn = pack.ToArray();
        damage(torn);
        var mended = PackMender.TryMend(Name(pack), torn, geometry.BodyLength, percent);
        Assert.True(mended!.IsProved);
        Assert.Equal(pack, mended.Content);
    }

    private static byte[] Make(RecoveryGeometry geometry)
    {
        var pack = new byte[geometry.TotalLength];
        Bench.RandomBytes(geometry.BodyLength, geometry.BodyLength).CopyTo(pack, 0);
        RecoverySection.Write(pack, geometry);
        return pack;
    }

    private static string Name(byte[] pack) => Convert.ToHexStringLower(SHA256.HashData(pack));
}
