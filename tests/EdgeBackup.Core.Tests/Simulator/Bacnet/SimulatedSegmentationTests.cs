using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Simulator.Bacnet;
using EdgeBackup.Simulator.Bacnet.Link;
using Xunit;

namespace EdgeBackup.Core.Tests.Simulator.Bacnet;

/// <summary>Messages in parts, in both directions, over a wire that behaves and over one that does not.</summary>
public sealed class SimulatedSegmentationTests
{
    [Theory]
    [InlineData(50, BacnetSegmentation.None)]
    [InlineData(50, BacnetSegmentation.Both)]
    [InlineData(128, BacnetSegmentation.Receive)]
    [InlineData(206, BacnetSegmentation.Transmit)]
    [InlineData(480, BacnetSegmentation.None)]
    [InlineData(480, BacnetSegmentation.Both)]
    [InlineData(1024, BacnetSegmentation.Both)]
    [InlineData(1476, BacnetSegmentation.Both)]
    public async Task A_file_is_read_and_written_whatever_the_device_can_take(int maxApdu, BacnetSegmentation segmentation)
    {
        await using var visit = await BacnetVisit.PayAsync(new() { MaxApdu = maxApdu, Segmentation = segmentation });
        var content = SimulatedBacnetFile.SealedStream([.. Enumerable.Range(0, 2000).Select(number => (byte)(number * 7))]).Bytes;

        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        var read = await visit.ReadStreamAsync(1);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndBackup);
        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await visit.RewriteStreamAsync(2, content);
        await visit.ReinitializeAsync(BacnetReinitializedState.EndRestore);

        Assert.Equal(4000, read.Length);
        Assert.Equal(visit.Device.Files[1].Bytes, read);
        Assert.Equal(content, visit.Device.Files[2].Bytes);
        Assert.Equal(1, visit.Device.Procedure.Completed);
    }

    [Fact]
    public async Task With_parts_a_file_needs_one_request_and_without_them_many()
    {
        foreach (var (segmentation, few) in new[] { (BacnetSegmentation.Both, true), (BacnetSegmentation.None, false) })
        {
            await using var visit = await BacnetVisit.PayAsync(new() { MaxApdu = 206, Segmentation = segmentation });
            await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

            await visit.ReadStreamAsync(1);

            Assert.Equal(few, visit.Device.Count(BacnetConfirmedService.AtomicReadFile) == 1);
        }
    }

    [Fact]
    public async Task An_answer_that_does_not_fit_is_aborted_where_parts_are_not_spoken()
    {
        await using var visit = await BacnetVisit.PayAsync(new() { MaxApdu = 480, Segmentation = BacnetSegmentation.None });
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);

        var abort = await Assert.ThrowsAsync<BacnetAbortException>(() => visit.Client.ReadFileStreamAsync(visit.Peer, 1, 0, 1000, default));

        Assert.True(abort.IsFromPeer);
        Assert.Equal(BacnetAbortReason.SegmentationNotSupported, abort.Reason);
    }

    [Theory]
    [InlineData(WireFate.Lose)]
    [InlineData(WireFate.Repeat)]
    [InlineData(WireFate.Delay)]
    [InlineData(WireFate.Swap)]
    public async Task An_answer_in_parts_arrives_over_a_bad_wire(WireFate fate)
    {
        // The device sends again soon and does not tire; the client waits long for parts: neither gives up on a busy machine.
        await using var visit = await BacnetVisit.PayAsync(
            new() { MaxApdu = 128, Window = 4, SegmentTimeout = TimeSpan.FromMilliseconds(100), SegmentRetries = 1000 },
            BacnetVisit.Eager with { SegmentTimeout = TimeSpan.FromSeconds(10) });

        // A ReinitializeDevice whose answer is lost would be sent again and refused: that is the connection's to bear.
        await visit.ReinitializeAsync(BacnetReinitializedState.StartBackup);
        Trouble(visit, fate);
        var read = await visit.ReadStreamAsync(1);

        Assert.True(visit.Device.Wire.Troubled > 0);
        Assert.Equal(4000, read.Length);
        Assert.Equal(visit.Device.Files[1].Bytes, read);
    }

    [Theory]
    [InlineData(WireFate.Lose)]
    [InlineData(WireFate.Repeat)]
    [InlineData(WireFate.Delay)]
    [InlineData(WireFate.Swap)]
    public async Task A_request_in_parts_arrives_over_a_bad_wire(WireFate fate)
    {
        await using var visit = await BacnetVisit.PayAsync(
            new() { MaxApdu = 128, Window = 4, SegmentTimeout = TimeSpan.FromMinutes(1) }, BacnetVisit.Eager);
        var content = SimulatedBacnetFile.SealedStream([.. Enumerable.Range(0, 3000).Select(number => (byte)(number * 3))]).Bytes;

        await visit.ReinitializeAsync(BacnetReinitializedState.StartRestore);
        await visit.WriteAsync(1, BacnetProperty.FileSize, BacnetValue.OfUnsigned(0));
        Trouble(visit, fate);
        await visit.WriteStreamAsync(1, content);
        visit.Device.Wire.Mend();
        await visit.ReinitializeAsync(BacnetReinitializedState.EndRestore);

        Assert.True(visit.Device.Wire.Troubled > 0);
        Assert.Equal(content, visit.Device.Files[1].Bytes);
        Assert.Equal(1, visit.Device.Procedure.Completed);
    }

    private static void Trouble(BacnetVisit visit, WireFate fate)
    {
        visit.Device.Wire.LateBy = TimeSpan.FromMilliseconds(20);
        visit.Device.Wire.Decide = datagram => datagram.Number % 7 == 3 ? fate : WireFate.Deliver;
    }
}
