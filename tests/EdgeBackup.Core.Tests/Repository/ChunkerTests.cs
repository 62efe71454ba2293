using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Keys;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class ChunkerTests
{
    private static readonly MasterKey Master = new([.. Enumerable.Range(0, 32).Select(value => (byte)value)]);

    [Fact]
    public void Cuts_are_the_same_today_and_tomorrow() =>
        Assert.Equal(Golden, string.Join(' ', Cut(Bench.RandomBytes(42, 1_000_000)).Select(chunk => chunk.Length)));

    [Fact]
    public void Sizes_keep_to_their_bounds_and_near_the_average()
    {
        var sizes = Cut(Bench.RandomBytes(3, 20_000_000)).Select(chunk => chunk.Length).ToList();
        Assert.All(sizes[..^1], size => Assert.InRange(size, Chunker.MinimumSize, Chunker.MaximumSize));
        Assert.InRange(sizes.Average(), 48 * 1024, 96 * 1024);
    }

    [Fact]
    public void An_insertion_moves_few_cuts()
    {
        var before = Bench.RandomBytes(4, 5_000_000);
        byte[] after = [.. before[..2_000_000], 1, 2, 3, .. before[2_000_000..]];
        var known = Cut(before).Select(Convert.ToHexString).ToHashSet();
        Assert.InRange(Cut(after).Count(chunk => !known.Contains(Convert.ToHexString(chunk))), 1, 4);
    }

    [Fact]
    public void Another_repository_cuts_elsewhere()
    {
        var bytes = Bench.RandomBytes(5, 2_000_000);
        Assert.NotEqual(
            Cut(bytes).Select(chunk => chunk.Length),
            Cut(bytes, new MasterKey(new byte[32])).Select(chunk => chunk.Length));
    }

    private static List<byte[]> Cut(byte[] bytes, MasterKey? master = null)
    {
        var chunker = new Chunker((master ?? Master).Gear);
        var chunks = new List<byte[]>();
        for (var position = 0; position < bytes.Length;)
        {
            var length = chunker.FindCut(bytes.AsSpan(position));
            chunks.Add(bytes[position..(position + length)]);
            position += length;
        }

        return chunks;
    }

    private const string Golden = "102371 74857 30208 140634 86774 40402 66591 30357 68965 91313 94310 97650 55383 20185";
}
