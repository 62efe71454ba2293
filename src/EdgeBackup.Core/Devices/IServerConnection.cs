namespace EdgeBackup.Core.Devices;

/// <summary>
/// What a server offers around a capture, beyond its items. Each member may throw as those of
/// <see cref="IDeviceConnection"/> do; whether it may be called at all, the device's features say.
/// </summary>
public interface IServerConnection
{
    /// <summary>The devices below this one as it lists them itself (R15).</summary>
    Task<IReadOnlyList<ChildDevice>> ReadChildrenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Has the device write down the values of level Cold that its applications have written, so that its items are those
    /// values (R12); returns when that is done. For devices with the feature <see cref="DeviceFeatures.Persist"/>.
    /// </summary>
    /// <exception cref="Errors.EdgeBackupException">CaptureFailed: the device could not, or takes too long.</exception>
    Task PersistAsync(CancellationToken cancellationToken);

    /// <summary>
    /// How many changes of its configuration wait for being carried out. For devices with the feature
    /// <see cref="DeviceFeatures.Changes"/>.
    /// </summary>
    Task<long> CountQueuedChangesAsync(CancellationToken cancellationToken);
}

/// <summary>A device below another one (R15).</summary>
/// <param name="Id">As the device above gives it.</param>
/// <param name="Name">Null where it has none.</param>
/// <param name="Type">A device type's id, verbatim.</param>
/// <param name="Address">Verbatim.</param>
public sealed record ChildDevice(string Id, string? Name, string Type, string Address);

/// <summary>Words of <see cref="DeviceIdentity.Features"/> on which something depends.</summary>
public static class DeviceFeatures
{
    /// <summary>The device writes down its applications' values when it is asked to.</summary>
    public const string Persist = "persist";

    /// <summary>The device tells how many changes of its configuration wait.</summary>
    public const string Changes = "changes";
}
