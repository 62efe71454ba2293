namespace EdgeBackup.Core.Platform;

/// <summary>How grave an entry of the system's event log is.</summary>
public enum SystemLogLevel
{
    Information,
    Warning,
    Error,
}

/// <summary>The kind of an entry.</summary>
/// <param name="Id">What administrators filter by; docs/notifications.md lists them.</param>
/// <param name="Level">How grave it is.</param>
public readonly record struct SystemLogEvent(int Id, SystemLogLevel Level);

/// <summary>The event log of the operating system.</summary>
public interface ISystemLog
{
    /// <summary>Whether this system has one.</summary>
    bool IsAvailable { get; }

    /// <summary>Writes an entry.</summary>
    /// <returns>Null when it stands there; else why it does not.</returns>
    string? TryWrite(SystemLogEvent kind, string message);
}

/// <summary>On systems without an event log nothing is written.</summary>
public sealed class NoSystemLog : ISystemLog
{
    public bool IsAvailable => false;

    public string? TryWrite(SystemLogEvent kind, string message) => "This system has no event log.";
}
