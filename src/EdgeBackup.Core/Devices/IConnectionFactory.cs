namespace EdgeBackup.Core.Devices;

/// <summary>Makes the connection that fits an address.</summary>
public interface IConnectionFactory
{
    /// <summary>Makes a connection; nothing is sent yet.</summary>
    /// <exception cref="Errors.EdgeBackupException">DeviceUnreachable: there is no connection for this kind of address.</exception>
    IDeviceConnection Connect(ConnectionOptions options);

    /// <summary>What all who share the factory have open on devices; null where nobody shares it.</summary>
    RunningRestores? Running => null;
}
