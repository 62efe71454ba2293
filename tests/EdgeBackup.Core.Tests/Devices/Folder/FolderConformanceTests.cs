namespace EdgeBackup.Core.Tests.Devices.Folder;

public sealed class FolderConformanceTests : ConnectionConformanceTests
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Task.FromResult<ITestDevice>(new FolderTestDevice(seed));
}

public sealed class FolderRestoreConformanceTests : ConnectionRestoreConformanceTests
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Task.FromResult<ITestDevice>(new FolderTestDevice(seed));
}

public sealed class FolderWithoutExchangeAndLinksConformanceTests : ConnectionRestoreConformanceTests
{
    protected override Task<ITestDevice> CreateDeviceAsync(DeviceSeed seed) => Task.FromResult<ITestDevice>(
        new FolderTestDevice(seed) { Platform = new LimitedPlatform { CanExchange = false, CanLink = false, HasFileIds = false } });
}
