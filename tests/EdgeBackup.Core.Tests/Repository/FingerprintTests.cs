using EdgeBackup.Core.Items;
using EdgeBackup.Core.Repository.Maintenance;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class FingerprintTests
{
    [Fact]
    public void Item_lists_are_told_apart_by_depth_chunks_and_order()
    {
        var one = new ChunkId(1, 2, 3, 4);
        var two = new ChunkId(1, 2, 3, 5);
        ManifestRoot[] roots = [new(0, []), new(1, []), new(0, [one]), new(1, [one]), new(0, [two]), new(0, [one, two]), new(0, [two, one])];
        Assert.Equal(roots.Length, roots.Select(Fingerprint.Of).Distinct().Count());
        Assert.Equal(Fingerprint.Of(new ManifestRoot(0, [one, two])), Fingerprint.Of(roots[5]));
        Assert.NotEqual(Fingerprint.Of("backups/a"), Fingerprint.Of("backups/b"));
    }
}
