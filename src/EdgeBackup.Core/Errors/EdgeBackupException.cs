namespace EdgeBackup.Core.Errors;

/// <summary>
/// A failure that a user can act on: a stable id (<see cref="ErrorIds"/>), what it happened to, and a message that says
/// what happened, to what, and what to do next. Everything else that escapes the engine is a defect.
/// </summary>
public sealed class EdgeBackupException : Exception
{
    /// <param name="errorId">One of <see cref="ErrorIds"/>.</param>
    /// <param name="message">What happened, to what, and what to do next.</param>
    /// <param name="target">The user's input that failed: a device id, a backup id, a path; null where there is none.</param>
    /// <param name="innerException">The cause, where there is one.</param>
    public EdgeBackupException(string errorId, string message, string? target = null, Exception? innerException = null)
        : base(message, innerException)
    {
        ErrorId = errorId;
        Target = target;
    }

    /// <summary>One of <see cref="ErrorIds"/>.</summary>
    public string ErrorId { get; }

    /// <summary>The user's input that failed, or null.</summary>
    public string? Target { get; }

    /// <summary>The store that failed, where two repositories take part and it must be known which; else null.</summary>
    internal object? Store { get; init; }
}
