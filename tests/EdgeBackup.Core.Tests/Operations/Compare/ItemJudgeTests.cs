using System.Text;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Compare;
using EdgeBackup.Core.Operations.Compare.Values;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.Compare;

/// <summary>Which items are read at all.</summary>
public sealed class ItemJudgeTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task An_equal_stamp_is_believed_of_the_same_device_only(bool stampsHold, bool isRead)
    {
        var (backup, device) = (new Side("a=1"), new Side("a=2"));
        using var judge = new ItemJudge(backup, device, [], stampsHold);

        var found = await judge.JudgeAsync(Saved("a=1"), new ComparedItem(Listed(3), Saved: null), default);

        Assert.Equal(isRead, device.WasRead);
        Assert.Equal(isRead, found is not null);
    }

    [Fact]
    public async Task A_large_item_of_another_length_is_not_read_since_that_could_tell_no_more()
    {
        var (backup, device) = (new Side("a=1"), new Side("a=2"));
        using var judge = new ItemJudge(backup, device, [], stampsHold: false);

        var found = await judge.JudgeAsync(Saved("a=1"), new ComparedItem(Listed(1L << 40), Saved: null), default);

        Assert.False(device.WasRead || backup.WasRead);
        Assert.Equal((ItemChange.Modified, 1L << 40), (found!.Change, found.DifferenceLength!.Value));
        Assert.NotNull(found.Note);
    }

    [Fact]
    public async Task The_target_of_a_link_cannot_play_with_a_terminal()
    {
        using var judge = new ItemJudge(new Side(""), new Side(""), [], stampsHold: false);

        var found = await judge.JudgeAsync(Link("old"), Link("\u001b[31m" + new string('x', 1000)), default);

        var value = Assert.Single(found!.Details);
        Assert.Equal(("target", "old"), (value.Path, value.Reference));
        Assert.StartsWith("\\u001b[31mxx", value.Difference, StringComparison.Ordinal);
        Assert.Equal(200, value.Difference!.Length);
    }

    private static ComparedItem Link(string target)
    {
        var item = new Item { Path = "a", Type = ItemType.SymbolicLink, LinkTarget = target };
        return new ComparedItem(item, new SavedItem { Item = item, Digest = "" });
    }

    private static ComparedItem Saved(string text) =>
        new(Listed(text.Length), new SavedItem { Item = Listed(text.Length), Digest = ContentComparerTests.ToItem(Encoding.UTF8.GetBytes(text)).Digest });

    private static Item Listed(long length) => new() { Path = "a.ini", Length = length, Stamp = "1" };

    private sealed class Side(string text) : IComparedSide
    {
        public bool WasRead { get; private set; }

        public IAsyncEnumerable<ComparedItem> ListAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ItemBytes?> ReadAsync(ComparedItem item, CompareLimits limits, CancellationToken cancellationToken)
        {
            WasRead = true;
            return Task.FromResult<ItemBytes?>(ContentComparerTests.ToItem(Encoding.UTF8.GetBytes(text)));
        }

        public string? FindNotSaved(string path) => null;
    }
}
