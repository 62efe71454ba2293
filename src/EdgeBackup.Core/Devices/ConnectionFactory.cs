using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices;

/// <summary>The connections of this product.</summary>
public sealed class ConnectionFactory : IConnectionFactory
{
    private readonly IPlatform platform;
    private readonly TimeProvider clock;

    public ConnectionFactory(IPlatform platform, TimeProvider clock)
    {
        this.platform = platform;
        this.clock = clock;
    }

    public IDeviceConnection Connect(ConnectionOptions options) => options.Address.Kind switch
    {
        ConnectionKind.Folder => new FolderDeviceConnection(options, platform, clock),
        ConnectionKind.Http => new HttpDeviceConnection(options, clock),
        ConnectionKind.Ssh => new SshDeviceConnection(options, clock),
        ConnectionKind.Bacnet => throw new EdgeBackupException(
            ErrorIds.DeviceUnreachable,
            $"There is no BACnet connection in this version, so that {options.Address.Text} cannot be reached; the type bacnet-device is there for when there is.",
            options.Address.Text),
        _ => throw new EdgeBackupException(
            ErrorIds.DeviceUnreachable,
            $"There is no connection for {options.Address.Text} in this version: it speaks http://, https://, ssh:// and folders.",
            options.Address.Text),
    };
}
