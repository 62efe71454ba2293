namespace EdgeBackup.Core.Devices.Types;

/// <summary>
/// A command line for the device's own shell. It is run with the root (<see cref="DeviceType.Root"/>) as the current
/// folder, so that a type works wherever the address points; standard input is empty.
/// </summary>
/// <param name="Command">As it would be typed on the device.</param>
/// <param name="Timeout">A command that runs longer is ended and has failed.</param>
public sealed record DeviceCommand(string Command, TimeSpan Timeout)
{
    /// <summary>Where a type says nothing else.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
}

/// <summary>Commands around captures and restores; each list runs in order, and a command that fails (exit code other than 0) ends it.</summary>
public sealed record DeviceCommands
{
    /// <summary>Before the listing, after the gate said idle. A failure is CaptureFailed.</summary>
    public IReadOnlyList<DeviceCommand> BeforeCapture { get; init; } = [];

    /// <summary>Once the capture ended, well or not, as soon as the first of <see cref="BeforeCapture"/> was begun.</summary>
    public IReadOnlyList<DeviceCommand> AfterCapture { get; init; } = [];

    /// <summary>After staging, before anything on the device changes. A failure is RestoreFailed and changes nothing.</summary>
    public IReadOnlyList<DeviceCommand> BeforeRestore { get; init; } = [];

    /// <summary>
    /// Once the restored items (or, after a failure, the old ones) stand in their places, as soon as the first of
    /// <see cref="BeforeRestore"/> was begun. A failure after restored items is RestoreFailed and brings the old ones back.
    /// </summary>
    public IReadOnlyList<DeviceCommand> AfterRestore { get; init; } = [];
}
