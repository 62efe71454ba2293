using Xunit;

namespace EdgeBackup.PowerShell.Tests;

public sealed class OutputEnumTests
{
    [Theory]
    [InlineData(typeof(BackupKind), typeof(Core.Items.BackupKind))]
    [InlineData(typeof(BackupContent), typeof(Core.Items.BackupContent))]
    [InlineData(typeof(RestoreContent), typeof(Core.Operations.Restore.RestoreContent))]
    [InlineData(typeof(ItemKind), typeof(Core.Items.ItemKind))]
    [InlineData(typeof(RetainLevel), typeof(Core.Items.RetainLevel))]
    [InlineData(typeof(ItemType), typeof(Core.Items.ItemType))]
    [InlineData(typeof(BackupState), typeof(Core.Operations.BackupState))]
    [InlineData(typeof(OverdueAction), typeof(Core.Records.OverdueAction))]
    [InlineData(typeof(AttemptResult), typeof(Core.Records.AttemptResult))]
    [InlineData(typeof(ScheduleOutcome), typeof(Core.Operations.Scheduling.ScheduledResult))]
    [InlineData(typeof(ScheduleMethod), typeof(Core.Operations.SystemSchedules.ScheduleMethod))]
    [InlineData(typeof(ScheduleScope), typeof(Core.Operations.SystemSchedules.ScheduleScope))]
    [InlineData(typeof(RepairMethod), typeof(Core.Repository.RepairMethod))]
    [InlineData(typeof(ItemChange), typeof(Core.Operations.Compare.ItemChange))]
    [InlineData(typeof(ItemFormat), typeof(Core.Operations.Compare.ItemFormat))]
    [InlineData(typeof(DeviceTypeSource), typeof(Core.Devices.Types.DeviceTypeSource))]
    [InlineData(typeof(DeviceConnection), typeof(Core.Devices.ConnectionKind))]
    [InlineData(typeof(NotificationKind), typeof(Core.Records.NotificationKind))]
    [InlineData(typeof(NotificationTopic), typeof(Core.Records.NotificationTopic))]
    [InlineData(typeof(ArchiveContent), typeof(Core.Archives.ArchiveContent))]
    [InlineData(typeof(ArchiveFormat), typeof(Core.Archives.ArchiveFormat))]
    [InlineData(typeof(ArchiveKind), typeof(Core.Archives.ArchiveKind))]
    [InlineData(typeof(RepositoryKeyKind), typeof(Core.Repository.KeyKind))]
    public void What_scripts_see_has_the_names_of_what_the_core_means(Type shown, Type meant) =>
        Assert.Equal(Enum.GetNames(meant).Order(), Enum.GetNames(shown).Order());
}
