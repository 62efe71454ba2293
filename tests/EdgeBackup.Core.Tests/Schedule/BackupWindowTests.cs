using EdgeBackup.Core.Schedule;
using Xunit;

namespace EdgeBackup.Core.Tests.Schedule;

public sealed class BackupWindowTests
{
    [Theory]
    [InlineData("Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00", "Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00")]
    [InlineData("  monday - FRI 9:00 - 17:30 ", "Mon-Fri 09:00-17:30")]
    [InlineData("01:00-05:00", "Mon-Sun 01:00-05:00")]
    [InlineData("daily 01:00-05:00", "Mon-Sun 01:00-05:00")]
    [InlineData("Mon, Wed,Fri 22:00-23:00", "Mon, Wed, Fri 22:00-23:00")]
    [InlineData("Sat-Mon 22:00-00:00", "Mon, Sat-Sun 22:00-00:00")]
    [InlineData("So", null)]
    [InlineData("Su 1:00-2:00", "Sun 01:00-02:00")]
    [InlineData("ALWAYS", "Always")]
    [InlineData("00:00-24:00", "Always")]
    [InlineData("Mon-Sun 12:00-06:00, 06:00-12:00", "Always")]
    public void A_window_is_read_and_written_the_same_way_by_everybody(string text, string? written)
    {
        if (written is null)
        {
            Assert.Throws<FormatException>(() => BackupWindow.Parse(text));
            return;
        }

        Assert.Equal(written, BackupWindow.Parse(text).ToString());
        Assert.Equal(written, BackupWindow.Parse(written).ToString());
    }

    [Theory]
    [InlineData("", "at its end", "a time is expected")]
    [InlineData("Mon-Fri 19:00-6", "at character 15", "hours and minutes")]
    [InlineData("Mon-Fri 19:00", "at its end", "a dash")]
    [InlineData("Mon-Fry 19:00-06:00", "at character 5", "'Fry' is no day")]
    [InlineData("M 19:00-06:00", "at character 1", "'M' is no day")]
    [InlineData("Mon- 19:00-06:00", "at character 6", "a day is expected")]
    [InlineData("Mon 25:00-06:00", "at character 5", "'25:00' is no time")]
    [InlineData("Mon 19:60-06:00", "at character 5", "'19:60' is no time")]
    [InlineData("Mon 24:00-06:00", "at character 5", "may close at 24:00 but not open then")]
    [InlineData("Mon 08:00-08:00", "at character 5", "closes when it opens")]
    [InlineData("Mon 08:00-24:30", "at character 11", "'24:30' is no time")]
    [InlineData("Mon, 19:00-06:00", "at character 6", "the days before it have no hours")]
    [InlineData("Mon, Tue", "at its end", "a time is expected")]
    [InlineData("Mon 19:00-06:00 Tue 19:00-06:00", "at character 17", "a comma or the end")]
    [InlineData("Mon 19:00-06:00,", "at its end", "a time is expected")]
    public void What_is_no_window_is_told_with_its_place(string text, string place, string reason)
    {
        var error = Assert.Throws<FormatException>(() => BackupWindow.Parse(text));
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Europe/Berlin", "Europe/Berlin")]
    [InlineData("europe/berlin", "Europe/Berlin")]
    [InlineData("W. Europe Standard Time", "Europe/Berlin")]
    [InlineData("UTC", "Etc/UTC")]
    [InlineData("Europe/Bärlin", null)]
    public void A_time_zone_goes_by_its_name_in_either_world(string name, string? id) => Assert.Equal(id, TimeZones.Find(name)?.Id);
}
