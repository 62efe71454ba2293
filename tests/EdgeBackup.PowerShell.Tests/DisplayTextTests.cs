using System.Globalization;
using EdgeBackup.PowerShell.Formatting;
using Xunit;

namespace EdgeBackup.PowerShell.Tests;

public sealed class DisplayTextTests : IDisposable
{
    private readonly CultureInfo before = CultureInfo.CurrentCulture;

    public DisplayTextTests() => CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

    public void Dispose() => CultureInfo.CurrentCulture = before;

    [Theory]
    [InlineData(-5, "just now")]
    [InlineData(0, "just now")]
    [InlineData(59, "just now")]
    [InlineData(60, "1 min")]
    [InlineData(3599, "59 min")]
    [InlineData(3 * 3600 + 1800, "3 h")]
    [InlineData(26 * 3600, "26 h")]
    [InlineData(47 * 3600 + 3599, "47 h")]
    [InlineData(48 * 3600, "2 d")]
    [InlineData(60 * 86400, "60 d")]
    [InlineData(183 * 86400, "6 mo")]
    [InlineData(1000 * 86400, "2 y")]
    public void An_age_is_said_in_its_largest_sensible_unit(long seconds, string expected) =>
        Assert.Equal(expected, DisplayText.Age(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void The_age_of_what_never_was_is_nothing()
    {
        Assert.Equal("", DisplayText.Age(null));
        Assert.Equal("", DisplayText.Since(null));
        Assert.Equal("", DisplayText.Time(null));
    }

    [Fact]
    public void A_time_s_age_does_not_depend_on_its_kind()
    {
        var moment = DateTime.UtcNow.AddHours(-5);

        Assert.Equal("5 h", DisplayText.Since(moment));
        Assert.Equal("5 h", DisplayText.Since(moment.ToLocalTime()));
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.0 KB")]
    [InlineData(1024, "1.0 KB")]
    [InlineData(4404019, "4.2 MB")]
    [InlineData(104857600, "100 MB")]
    [InlineData(1047527424, "999 MB")]
    [InlineData(1072693248, "1.0 GB")]
    [InlineData(long.MaxValue, "8.0 EB")]
    [InlineData(-2048, "-2.0 KB")]
    public void A_size_has_three_figures_at_most(long bytes, string expected) =>
        Assert.Equal(expected, DisplayText.Size(bytes));

    [Fact]
    public void A_size_from_a_job_may_be_another_number_or_none()
    {
        Assert.Equal("2.0 KB", DisplayText.Size(2048));
        Assert.Equal("2.0 KB", DisplayText.Size(2048.0));
        Assert.Equal("", DisplayText.Size(null));
    }

    [Theory]
    [InlineData(0.085, "85 ms")]
    [InlineData(4.27, "4.2 s")]
    [InlineData(59.99, "59.9 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(93600, "26 h 0 min")]
    public void A_duration_is_said_in_two_units_at_most(double seconds, string expected) =>
        Assert.Equal(expected, DisplayText.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Counts_have_a_plural()
    {
        Assert.Equal("none", DisplayText.Count(null, "item", "items"));
        Assert.Equal("none", DisplayText.Count(Array.Empty<string>(), "item", "items"));
        Assert.Equal("1 item", DisplayText.Count(new[] { "a" }, "item", "items"));
        Assert.Equal("3 items", DisplayText.Count(new[] { "a", "b", "c" }, "item", "items"));
    }

    [Fact]
    public void Without_a_colour_a_word_stays_a_word()
    {
        Assert.Equal("Overdue", DisplayText.Coloured("Overdue", "", ""));
        Assert.Equal("<Overdue>", DisplayText.Coloured("Overdue", "<", ">"));
    }

    [Theory]
    [InlineData(nameof(BackupState.Overdue), "Bad")]
    [InlineData(nameof(BackupState.Never), "Bad")]
    [InlineData(nameof(BackupState.Postponed), "Notice")]
    [InlineData(nameof(BackupState.Current), "Good")]
    [InlineData(nameof(DeviceState.Replaced), "Dim")]
    [InlineData(nameof(DeviceState.Active), "")]
    public void What_needs_somebody_stands_out(string state, string tone) => Assert.Equal(tone, StateTone.Of(state));
}
