namespace EdgeBackup.Core.Devices;

/// <summary>
/// What a server offers around a capture, beyond its items. Each member may throw as those of
/// <see cref="IDeviceConnection"/> do; whether it may be called at all, the device's features say.
/// </summary>
public interface IServerConnection
{
    /// <summary>The devices below this one as it lists them itself (R15).</summary>
    Task<IReadOnlyList<ChildDevice>> ReadChildrenAsync(CancellationToken cancellationToken);
}

/// <summary>A device below another one (R15).</summary>
/// <param name="Id">As the device above gives it.</param>
/// <param name="Name">Null where it has none.</param>
/// <param name="Type">A device type's id, verbatim.</param>
/// <param name="Address">Verbatim.</param>
public sealed record ChildDevice(string Id, string? Name, string Type, string Address);
