using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices;

/// <summary>
/// The connections of this product. A process has one for all of its repositories: they keep off each other's procedures
/// on a device, and know each other's restores from those of killed commands, by what stands in here.
/// </summary>
public sealed class ConnectionFactory : IConnectionFactory
{
    private readonly IPlatform platform;
    private readonly TimeProvider clock;
    private readonly BacnetProcedureLocks bacnetProcedures = new();

    public ConnectionFactory(IPlatform platform, TimeProvider clock)
    {
        this.platform = platform;
        this.clock = clock;
    }

    /// <inheritdoc/>
    public RunningRestores? Running { get; } = new();

    public IDeviceConnection Connect(ConnectionOptions options) => options.Address.Kind switch
    {
        ConnectionKind.Folder => new FolderDeviceConnection(options, platform, clock),
        ConnectionKind.Http => new HttpDeviceConnection(options, clock),
        ConnectionKind.Ssh => new SshDeviceConnection(options, clock),
        ConnectionKind.Bacnet => new BacnetDeviceConnection(options, platform, clock, bacnetProcedures),
        _ => throw new EdgeBackupException(
            ErrorIds.DeviceUnreachable,
            $"There is no connection for {options.Address.Text} in this version: it speaks http://, https://, ssh://, bacnet:// and folders.",
            options.Address.Text),
    };
}
