using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.SystemSchedules;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class ScheduleCommandTests
{
    /// <summary>A line feed would begin a line of its own in a crontab or a unit, with whatever stands behind it.</summary>
    public static TheoryData<string, ScheduleCommand> Broken() => new()
    {
        { "repository", ScheduleWorld.Command("/srv/edge\n* * * * * /bin/evil") },
        { "key", ScheduleWorld.Command() with { KeyFile = "/k\r" } },
        { "device", ScheduleWorld.Command() with { Devices = ["a", "b\nc"] } },
        { "module", ScheduleWorld.Command() with { Module = "/m\0" } },
        { "program", ScheduleWorld.Command() with { PowerShell = "/bin/sh\t" } },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Control_characters_are_refused(string what, ScheduleCommand command)
    {
        Assert.NotEmpty(what);
        Assert.Equal(ErrorIds.ScheduleInvalid, Assert.Throws<EdgeBackupException>(() => command.ToCall()).ErrorId);
    }

    [Theory]
    [InlineData("S-1-5-21-1", "CORP\\edge", true)]
    [InlineData("corp\\EDGE", "CORP\\edge", true)]
    [InlineData("edge", "CORP\\edge", true)]
    [InlineData("CORP\\other", "CORP\\edge", false)]
    [InlineData("CORP\\gone", "CORP\\lost", false)]
    public void Accounts_of_Windows_are_the_same_by_their_sids(string left, string right, bool areSame)
    {
        string? Find(string account) => account switch { "S-1-5-21-1" or "CORP\\edge" or "edge" => "S-1-5-21-1", "CORP\\other" => "S-1-5-21-2", _ => null };
        Assert.Equal(areSame, WindowsAccounts.AreSame(left, right, Find));
    }
}
