using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Connections to BACnet devices as everywhere, but some things are not waited for so long.</summary>
internal sealed class QuickConnections(BacnetTimes times) : IConnectionFactory
{
    private readonly BacnetProcedureLocks locks = new();

    public IDeviceConnection Connect(ConnectionOptions options) =>
        new BacnetDeviceConnection(options, SystemPlatform.Create(), TimeProvider.System, locks, times: times);
}
