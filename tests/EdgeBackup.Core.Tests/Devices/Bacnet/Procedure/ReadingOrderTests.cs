using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

public sealed class ReadingOrderTests
{
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    [Fact]
    public async Task Files_are_read_in_their_order_whoever_asks_first()
    {
        var order = new ReadingOrder(TimeProvider.System, Never);
        var third = order.EnterAsync(3, CancellationToken.None);
        var second = order.EnterAsync(2, CancellationToken.None);
        var first = order.EnterAsync(1, CancellationToken.None);

        var turn = await first;
        Assert.False(second.IsCompleted);
        turn.Dispose();
        turn.Dispose();
        turn = await second;
        Assert.False(third.IsCompleted);
        turn.Dispose();
        (await third).Dispose();
    }

    [Fact]
    public async Task A_file_that_is_read_again_comes_before_those_behind_it()
    {
        var order = new ReadingOrder(TimeProvider.System, Never);
        var first = await order.EnterAsync(1, CancellationToken.None);
        first.Dispose();
        var second = await order.EnterAsync(2, CancellationToken.None);
        var third = order.EnterAsync(3, CancellationToken.None);
        var again = order.EnterAsync(1, CancellationToken.None);

        second.Dispose();

        using (await again)
        {
            Assert.False(third.IsCompleted);
        }

        (await third).Dispose();
    }

    [Fact]
    public async Task A_file_goes_on_without_those_that_nobody_asks_for()
    {
        var order = new ReadingOrder(TimeProvider.System, TimeSpan.FromMilliseconds(1));

        (await order.EnterAsync(7, CancellationToken.None)).Dispose();
        (await order.EnterAsync(2, CancellationToken.None)).Dispose();
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_is_waited_for_no_longer()
    {
        var order = new ReadingOrder(TimeProvider.System, TimeSpan.FromMilliseconds(1));
        using var cancellation = new CancellationTokenSource();
        var first = await order.EnterAsync(1, CancellationToken.None);
        var second = order.EnterAsync(2, cancellation.Token);
        var third = order.EnterAsync(3, CancellationToken.None);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();

        (await third).Dispose();
    }
}
