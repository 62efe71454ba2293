using System.Security.Cryptography;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Platform;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.RestoreTestTools;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

public sealed class RestoreSpoolTests
{
    [Fact]
    public async Task Files_come_back_as_they_were_given()
    {
        using var spool = RestoreSpool.Create(SystemPlatform.Create(), new SystemRandom());
        var (one, two) = (Noise(150_000), Noise(70_001, seed: 2));

        var first = await AddAsync(spool, one);
        var empty = await AddAsync(spool, []);
        var second = await AddAsync(spool, two);

        Assert.Equal(one, await ReadAsync(first));
        Assert.Empty(await ReadAsync(empty));
        Assert.Equal(two, await ReadAsync(second));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => first.ReadAsync(149_999, new byte[2], CancellationToken.None));
    }

    [Theory]
    [InlineData(9, 0)]
    [InlineData(11, 0)]
    [InlineData(10, 1)]
    public async Task Other_bytes_than_announced_are_refused(int length, byte change)
    {
        using var spool = RestoreSpool.Create(SystemPlatform.Create(), new SystemRandom());
        var announced = Noise(10);
        var given = Noise(11)[..length];
        given[0] ^= change;

        using var content = new MemoryStream(given);
        await Assert.ThrowsAsync<RestoreContentMismatchException>(
            () => spool.AddAsync(content, 10, Convert.ToHexStringLower(SHA256.HashData(announced)), CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_finds_a_spool_on_the_disk()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var spool = RestoreSpool.Create(SystemPlatform.Create(), new FixedRandom());
        await AddAsync(spool, Noise(10));

        Assert.False(File.Exists(Path.Combine(Path.GetTempPath(), "edgebackup-restore-" + string.Concat(Enumerable.Repeat("5a", 16)))));
    }

    [Fact]
    public async Task Records_come_back_as_many_as_fit_and_one_at_least()
    {
        using var spool = RestoreSpool.Create(SystemPlatform.Create(), new SystemRandom());
        var file = await AddAsync(spool, Frame([Noise(10), [], Noise(100), Noise(5)]));

        var (first, next) = await RecordRows.ReadAsync(file, 0, room: 20, overhead: 4, most: int.MaxValue, CancellationToken.None);
        Assert.Equal([10, 0], first.Select(record => record.Length));
        Assert.Equal(Noise(10), first[0].ToArray());
        (first, next) = await RecordRows.ReadAsync(file, next, room: 20, overhead: 4, most: int.MaxValue, CancellationToken.None);
        Assert.Equal([100], first.Select(record => record.Length));
        (first, next) = await RecordRows.ReadAsync(file, next, room: 20, overhead: 4, most: int.MaxValue, CancellationToken.None);
        Assert.Equal([5], first.Select(record => record.Length));
        Assert.Equal(file.Length, next);
    }

    [Fact]
    public async Task Bytes_that_are_not_whole_records_are_refused()
    {
        using var spool = RestoreSpool.Create(SystemPlatform.Create(), new SystemRandom());
        var whole = Frame([Noise(10), Noise(3)]);

        await RecordRows.CheckAsync(await AddAsync(spool, whole), CancellationToken.None);
        foreach (var broken in new[] { whole[..^1], [.. whole, 0, 0, 0], [0xFF, .. whole[1..]] })
        {
            var file = await AddAsync(spool, broken);
            await Assert.ThrowsAsync<RestoreContentMismatchException>(() => RecordRows.CheckAsync(file, CancellationToken.None));
        }
    }

    /// <summary>Records as a backup has them.</summary>
    internal static byte[] Frame(IEnumerable<byte[]> records) =>
        [.. records.SelectMany(record => new byte[] { 0, 0, (byte)(record.Length >> 8), (byte)record.Length }.Concat(record))];

    private static async Task<SpooledFile> AddAsync(RestoreSpool spool, byte[] bytes)
    {
        using var content = new MemoryStream(bytes);
        return await spool.AddAsync(content, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)), CancellationToken.None);
    }

    private static async Task<byte[]> ReadAsync(SpooledFile file)
    {
        var bytes = new byte[file.Length];
        await file.ReadAsync(0, bytes, CancellationToken.None);
        return bytes;
    }

    private sealed class FixedRandom : IRandomSource
    {
        public void Fill(Span<byte> buffer) => buffer.Fill(0x5A);
    }
}
