using Xunit;

namespace EdgeBackup.PowerShell.Tests;

public sealed class LocalTimeTests
{
    [Fact]
    public void A_time_on_an_object_is_local_and_keeps_its_instant()
    {
        var instant = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        var local = LocalTime.From(instant);

        Assert.Equal(DateTimeKind.Local, local.Kind);
        Assert.Equal(instant.UtcDateTime, local.ToUniversalTime());
        Assert.Equal(instant, LocalTime.ToInstant(local));
    }

    [Fact]
    public void A_time_without_a_kind_is_what_the_user_typed_and_means_local_time()
    {
        var typed = new DateTime(2026, 3, 1, 12, 0, 0, DateTimeKind.Unspecified);

        Assert.Equal(DateTime.SpecifyKind(typed, DateTimeKind.Local).ToUniversalTime(), LocalTime.ToInstant(typed).UtcDateTime);
    }

    [Fact]
    public void No_time_stays_none()
    {
        Assert.Null(LocalTime.From((DateTimeOffset?)null));
        Assert.Null(LocalTime.ToInstant((DateTime?)null));
    }
}
