using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>The examples that ASHRAE 135 publishes in its annex F, byte for byte.</summary>
public sealed class PublishedExamplesTests
{
    private static readonly BacnetObjectId TrendLog = new(BacnetObjectType.TrendLog, 1);

    [Fact]
    public void F_2_1_AtomicReadFile_of_a_stream()
    {
        Assert.Equal("00020006C4028000010E3100211B0F", Request(BacnetFileServices.ReadStream(1, 0, 27), 0, 206));
        var part = BacnetFileServices.ReadStreamAnswer(Answer("300006100E3100651B4368696C6C65723031204F6E2D54696D653D342E3320486F7572730F", 0, 6));
        Assert.False(part.EndOfFile);
        Assert.Equal(0, part.Start);
        Assert.Equal("Chiller01 On-Time=4.3 Hours"u8, part.Data.Span);
    }

    [Fact]
    public void F_2_1_AtomicReadFile_of_records()
    {
        Assert.Equal("00021206C4028000021E310E21031F", Request(BacnetFileServices.ReadRecords(2, 14, 3), 18, 206));
        var part = BacnetFileServices.ReadRecordsAnswer(Answer("301206111E310E2102650A31323A30302C34352E36650A31323A31352C34342E381F", 18, 6));
        Assert.True(part.EndOfFile);
        Assert.Equal(14, part.Start);
        Assert.Equal(2, part.Records.Count);
        Assert.Equal("12:00,45.6"u8, part.Records[0].Span);
        Assert.Equal("12:15,44.8"u8, part.Records[1].Span);
    }

    [Fact]
    public void F_2_2_AtomicWriteFile_of_a_stream()
    {
        Assert.Equal(
            "00025507C4028000010E311E651B4368696C6C65723031204F6E2D54696D653D342E3320486F7572730F",
            Request(BacnetFileServices.WriteStream(1, 30, "Chiller01 On-Time=4.3 Hours"u8), 85, 206));
        Assert.Equal(30, BacnetFileServices.WriteAnswer(Answer("305507091E", 85, 7).Span));
    }

    [Fact]
    public void F_2_2_AtomicWriteFile_appending_records()
    {
        ReadOnlyMemory<byte>[] records = ["12:00,45.6"u8.ToArray(), "12:15,44.8"u8.ToArray()];
        var request = BacnetFileServices.WriteRecords(2, -1, records);
        Assert.Equal("00025507C4028000021E31FF2102650A31323A30302C34352E36650A31323A31352C34342E381F", Request(request, 85, 206));
        var answer = Answer("305507190E", 85, 7);
        Assert.True(request.Answers!(answer));
        Assert.Equal(14, BacnetFileServices.WriteAnswer(answer.Span));
    }

    [Fact]
    public void F_3_3_CreateObject_is_acknowledged_with_the_object()
    {
        Assert.Equal(new BacnetObjectId(BacnetObjectType.File, 13), BacnetServices.CreateObjectAnswer(Answer("30560AC40280000D", 86, 10).Span));
    }

    [Fact]
    public void F_3_4_An_error_has_a_class_and_a_code()
    {
        Assert.True(Apdu.TryDecode(Convert.FromHexString("50580B91019117"), out var apdu, out _));
        Assert.Equal((ApduKind.Error, (byte)88, (byte)11), (apdu.Kind, apdu.InvokeId, apdu.Service));
        var error = Assert.IsType<BacnetErrorException>(BacnetServices.ReadError(apdu.Payload.Span));
        Assert.Equal((BacnetErrorClass.Object, 23), (error.Class, (int)error.Code));
    }

    [Fact]
    public void F_3_5_ReadProperty()
    {
        var input = new BacnetObjectId(BacnetObjectType.AnalogInput, 5);
        Assert.Equal("0000010C0C000000051955", Request(BacnetServices.ReadProperty(input, BacnetProperty.PresentValue, null), 1, 50));
        var answer = Answer("30010C0C0000000519553E444290999A3F", 1, 12);
        Assert.Equal([BacnetValue.OfReal(72.3f)], BacnetServices.ReadPropertyAnswer(answer.Span, input, BacnetProperty.PresentValue, null));
    }

    [Fact]
    public void F_3_7_ReadPropertyMultiple_of_one_object()
    {
        var input = new BacnetObjectId(BacnetObjectType.AnalogInput, 16);
        var request = BacnetServices.ReadProperties([(input, BacnetProperty.PresentValue), (input, (BacnetProperty)103)]);
        Assert.Equal("0004F10E0C000000101E095509671F", Request(request, 241, 1024));
        var results = BacnetServices.ReadPropertiesAnswer(Answer("30F10E0C000000101E29554E444290999A4F29674E91004F1F", 241, 14).Span);
        Assert.Equal([BacnetValue.OfReal(72.3f), BacnetValue.OfEnumerated(0)], results.Select(result => result.Value));
    }

    [Fact]
    public void F_3_7_ReadPropertyMultiple_of_several_objects_one_of_which_is_not_there()
    {
        BacnetObjectId[] inputs = [new(BacnetObjectType.AnalogInput, 33), new(BacnetObjectType.AnalogInput, 50), new(BacnetObjectType.AnalogInput, 35)];
        var request = BacnetServices.ReadProperties([.. inputs.Select(input => (input, BacnetProperty.PresentValue))]);
        Assert.Equal("0004020E0C000000211E09551F0C000000321E09551F0C000000231E09551F", Request(request, 2, 1024));
        var results = BacnetServices.ReadPropertiesAnswer(
            Answer("30020E0C000000211E29554E44422933334F1F0C000000321E29555E9101911F5F1F0C000000231E29554E4443D9D99A4F1F", 2, 14).Span);
        Assert.Equal(inputs, results.Select(result => result.Target));
        Assert.Equal([BacnetValue.OfReal(42.3f), null, BacnetValue.OfReal(435.7f)], results.Select(result => result.Value));
        Assert.Equal(BacnetErrorCode.UnknownObject, Assert.IsType<BacnetErrorException>(results[1].Error).Code);
    }

    [Fact]
    public void F_3_8_ReadRange_by_time()
    {
        var range = BacnetRangeRequest.ByTime(new DateTime(1998, 3, 23, 19, 52, 34, DateTimeKind.Unspecified), 4);
        var request = BacnetServices.ReadRange(TrendLog, BacnetProperty.LogBuffer, range);
        Assert.Equal("0202011A0C0500000119837EA462031701B41334220031047F", Request(request, 1, 206, acceptsSegments: true));
        var answer = Answer(
            "30011A0C0500000119833A05C049025E0EA462031701B413361B000F1E2C419000001F2A04000EA462031701B413381B000F1E2C4190CCCD1F2A04005F6B013561", 1, 26);
        Assert.True(request.Answers!(answer));
        var read = BacnetServices.ReadRangeAnswer(answer, TrendLog, BacnetProperty.LogBuffer);
        Assert.Equal((true, true, false, 2u, 79201u), (read.HasFirst, read.HasLast, read.HasMore, read.Count, read.FirstSequence));
        Assert.StartsWith("0EA462031701B413361B000F1E2C41900000", Convert.ToHexString(read.Items.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void F_3_9_WriteProperty()
    {
        var value = new BacnetObjectId(BacnetObjectType.AnalogValue, 1);
        Assert.Equal(
            "0004590F0C0080000119553E44433400003F",
            Request(BacnetServices.WriteProperty(value, BacnetProperty.PresentValue, null, BacnetValue.OfReal(180)), 89, 1024));
        Assert.True(Apdu.TryDecode(Convert.FromHexString("20590F"), out var apdu, out _));
        Assert.Equal((ApduKind.SimpleAck, (byte)89, (byte)15), (apdu.Kind, apdu.InvokeId, apdu.Service));
    }

    [Fact]
    public void F_4_4_ReinitializeDevice()
    {
        Assert.Equal(
            "0001021409011D09004162436445664768",
            Request(BacnetServices.Reinitialize(BacnetReinitializedState.WarmStart, "AbCdEfGh"), 2, 128));
    }

    [Fact]
    public void F_4_9_Who_Is_and_I_Am()
    {
        var whoIs = new Apdu(ApduKind.UnconfirmedRequest) { Service = (byte)BacnetUnconfirmedService.WhoIs, Payload = BacnetAnnouncements.WhoIs(3, 3) };
        Assert.Equal("100809031903", Hex(whoIs));
        Assert.True(Apdu.TryDecode(Convert.FromHexString("1000C4020000032204009103" + "2163"), out var apdu, out _));
        var announcement = BacnetAnnouncements.ReadIAm(apdu.Payload.Span, new System.Net.IPEndPoint(1, 1), null);
        Assert.Equal((3u, 1024u, BacnetSegmentation.None, 99u), (announcement!.Instance, announcement.MaxApdu, announcement.Segmentation, announcement.VendorId));
    }

    private static string Request(BacnetRequest request, byte invokeId, int maxApdu, bool acceptsSegments = false) => Hex(new Apdu(ApduKind.ConfirmedRequest)
    {
        InvokeId = invokeId,
        Service = (byte)request.Service,
        MaxApdu = maxApdu,
        AcceptsSegmentedAnswer = acceptsSegments,
        Payload = request.Payload,
    });

    /// <summary>Reads an answer, writes it again to see that nothing is lost, and gives its service's bytes.</summary>
    private static ReadOnlyMemory<byte> Answer(string hex, byte invokeId, byte service)
    {
        Assert.True(Apdu.TryDecode(Convert.FromHexString(hex), out var apdu, out var fault), fault);
        Assert.Equal((ApduKind.ComplexAck, invokeId, service), (apdu.Kind, apdu.InvokeId, apdu.Service));
        Assert.Equal(hex, Hex(apdu));
        return apdu.Payload;
    }

    private static string Hex(Apdu apdu)
    {
        var writer = new BacnetWriter();
        apdu.Encode(writer);
        return Convert.ToHexString(writer.Span);
    }
}
