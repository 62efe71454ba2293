using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet;

/// <summary>Requests that annex F of ASHRAE 135 has no example of, or has them in another form, as clause 21 defines them.</summary>
public sealed class RequestEncodingTests
{
    private static readonly BacnetObjectId TrendLog = new(BacnetObjectType.TrendLog, 1);

    [Fact]
    public void CreateObject_asks_for_an_object_by_its_id()
    {
        Assert.Equal("0E1C0280000D0F", Hex(BacnetServices.CreateObject(new BacnetObjectId(BacnetObjectType.File, 13))));
    }

    [Theory]
    [InlineData(BacnetRangeKind.ByPosition, 1u, 10, "0C0500000119833E2101310A3F")]
    [InlineData(BacnetRangeKind.ByPosition, 300u, -10, "0C0500000119833E22012C31F63F")]
    [InlineData(BacnetRangeKind.BySequence, 79201u, 200, "0C0500000119836E230135613200C86F")]
    [InlineData(BacnetRangeKind.BySequence, uint.MaxValue, -1, "0C0500000119836E24FFFFFFFF31FF6F")]
    public void ReadRange_asks_by_position_and_by_sequence(BacnetRangeKind kind, uint reference, int count, string hex)
    {
        var range = kind == BacnetRangeKind.ByPosition ? BacnetRangeRequest.ByPosition(reference, count) : BacnetRangeRequest.BySequence(reference, count);
        Assert.Equal(hex, Hex(BacnetServices.ReadRange(TrendLog, BacnetProperty.LogBuffer, range)));
    }

    [Fact]
    public void ReadRange_answers_by_position_without_a_sequence_number()
    {
        var answer = Convert.FromHexString("0C0500000119833A05A049015E0EA462031701B413361B000F1E2C419000001F2A04005F");
        var read = BacnetServices.ReadRangeAnswer(answer, TrendLog, BacnetProperty.LogBuffer);
        Assert.Equal((true, false, true, 1u, null), (read.HasFirst, read.HasLast, read.HasMore, read.Count, read.FirstSequence));
    }

    private static string Hex(BacnetRequest request) => Convert.ToHexString(request.Payload.Span);
}
