using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

public sealed class BacnetNetworkLayerTests
{
    private static readonly IPEndPoint Station = new(IPAddress.Parse("192.168.1.10"), 47808);

    [Theory]
    [InlineData("810A000801040102", BvlcFunction.OriginalUnicast)]
    [InlineData("810B000801040102", BvlcFunction.OriginalBroadcast)]
    [InlineData("8109000801040102", BvlcFunction.DistributeBroadcast)]
    [InlineData("8104000EC0A8010ABAC001040102", BvlcFunction.ForwardedNpdu)]
    [InlineData("810000060030", BvlcFunction.Result)]
    [InlineData("81050006003C", BvlcFunction.RegisterForeignDevice)]
    [InlineData("8108000AC0A8010ABAC0", BvlcFunction.DeleteForeignEntry)]
    public void A_datagram_is_read_and_written_again_to_the_byte(string hex, BvlcFunction function)
    {
        Assert.True(Bvlc.TryDecode(Convert.FromHexString(hex), out var message, out var fault), fault);
        Assert.Equal(function, message.Function);
        if (function is BvlcFunction.ForwardedNpdu or BvlcFunction.DeleteForeignEntry)
        {
            Assert.Equal(Station, message.Address);
        }

        var writer = new BacnetWriter();
        message.Encode(writer);
        Assert.Equal(hex, Convert.ToHexString(writer.Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("810A")]
    [InlineData("820A000801040102")]
    [InlineData("810A000901040102")]
    [InlineData("810A000701040102")]
    [InlineData("81040009C0A8010ABA")]
    [InlineData("8100000500")]
    [InlineData("810C0004")]
    public void A_datagram_that_is_none_is_refused(string hex)
    {
        Assert.False(Bvlc.TryDecode(Convert.FromHexString(hex), out _, out var fault));
        Assert.NotNull(fault);
    }

    [Theory]
    [InlineData("0104AABB", null, null, true)]
    [InlineData("012000050103FEAABB", "5:03", null, false)]
    [InlineData("0108000501FFAABB", null, "5:FF", false)]
    [InlineData("012CFFFF000007060A0B0C0D0E0FFFAABB", "65535:", "7:0A0B0C0D0E0F", true)]
    public void A_network_header_is_read_and_written_again_to_the_byte(string hex, string? destination, string? source, bool expectsReply)
    {
        Assert.True(Npdu.TryDecode(Convert.FromHexString(hex), out var npdu, out var fault), fault);
        Assert.Equal(destination, npdu.Destination?.ToString());
        Assert.Equal(source, npdu.Source?.ToString());
        Assert.Equal(expectsReply, npdu.ExpectsReply);
        Assert.Equal("AABB", Convert.ToHexString(npdu.Payload.Span));
        var writer = new BacnetWriter();
        npdu.Encode(writer);
        Assert.Equal(hex, Convert.ToHexString(writer.Span));
    }

    [Fact]
    public void A_routers_message_is_told_from_an_APDU()
    {
        Assert.True(Npdu.TryDecode(Convert.FromHexString("018003010005"), out var npdu, out _));
        Assert.Equal(BacnetNetworkMessage.RejectMessage, npdu.Message);
        var reject = BacnetRouters.ReadReject(npdu.Payload.Span);
        Assert.Equal((ushort)5, reject!.Value.Network);
        Assert.Contains("knows no way", reject.Value.Reason, StringComparison.Ordinal);

        // A vendor's own message has the vendor's number behind its type.
        Assert.True(Npdu.TryDecode(Convert.FromHexString("01808000630102"), out npdu, out _));
        Assert.Equal("0102", Convert.ToHexString(npdu.Payload.Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("0204AABB")]
    [InlineData("01200005")]
    [InlineData("01200000010305")]
    [InlineData("0120000504010203")]
    [InlineData("010800050003")]
    [InlineData("0108FFFF0103")]
    [InlineData("0120000513000102030405060708090A0B0C0D0E0F101112FF")]
    [InlineData("0180")]
    [InlineData("01808000")]
    public void A_network_header_that_is_none_is_refused(string hex)
    {
        Assert.False(Npdu.TryDecode(Convert.FromHexString(hex), out _, out var fault));
        Assert.NotNull(fault);
    }

    [Theory]
    [InlineData("0275010CAA", ApduKind.ConfirmedRequest)]
    [InlineData("0E75010310" + "0CAA", ApduKind.ConfirmedRequest)]
    [InlineData("1008", ApduKind.UnconfirmedRequest)]
    [InlineData("20590F", ApduKind.SimpleAck)]
    [InlineData("30590CAA", ApduKind.ComplexAck)]
    [InlineData("3C5907100CAA", ApduKind.ComplexAck)]
    [InlineData("38590810" + "0CAA", ApduKind.ComplexAck)]
    [InlineData("43590810", ApduKind.SegmentAck)]
    [InlineData("50580B91019117", ApduKind.Error)]
    [InlineData("605809", ApduKind.Reject)]
    [InlineData("715804", ApduKind.Abort)]
    public void Each_kind_of_APDU_is_read_and_written_again_to_the_byte(string hex, ApduKind kind)
    {
        Assert.True(Apdu.TryDecode(Convert.FromHexString(hex), out var apdu, out var fault), fault);
        Assert.Equal(kind, apdu.Kind);
        var writer = new BacnetWriter();
        apdu.Encode(writer);
        Assert.Equal(hex, Convert.ToHexString(writer.Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("00050C")]
    [InlineData("0805010300")]
    [InlineData("4058")]
    [InlineData("40580100")]
    [InlineData("40580180")]
    [InlineData("80")]
    [InlineData("F0000000")]
    public void An_APDU_that_is_none_is_refused(string hex)
    {
        Assert.False(Apdu.TryDecode(Convert.FromHexString(hex), out _, out var fault));
        Assert.NotNull(fault);
    }

    [Theory]
    [InlineData(1476, 64, 0x65)]
    [InlineData(1475, 63, 0x54)]
    [InlineData(50, 0, 0x00)]
    [InlineData(480, 1, 0x03)]
    [InlineData(206, int.MaxValue, 0x72)]
    public void What_is_announced_is_never_more_than_what_is_taken(int length, int segments, byte sizes)
    {
        Assert.Equal(sizes, ApduSizes.Encode(segments, length));
        Assert.True(ApduSizes.LengthOf(sizes) <= length);
        Assert.True(ApduSizes.SegmentsOf(sizes) <= segments);
        Assert.Equal(ApduSizes.Smallest, ApduSizes.LengthOf(0x0F));
    }
}
