namespace EdgeBackup;

/// <summary>Something that happened, as the repository remembers it.</summary>
public sealed class EdgeEvent
{
    /// <summary>When, local time.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The id of the device; null where it concerns none.</summary>
    public string? Device { get; init; }

    /// <summary>What kind of event it is.</summary>
    public required string Category { get; init; }

    /// <summary>What was done.</summary>
    public required string Action { get; init; }

    /// <summary>The error id of a refusal or a failure; null otherwise.</summary>
    public string? ErrorId { get; init; }

    /// <summary>What came of it.</summary>
    public required string Message { get; init; }

    /// <summary>Who did it.</summary>
    public string? User { get; init; }

    /// <summary>Where it was done.</summary>
    public string? Computer { get; init; }

    /// <summary>The id of the backup; null where it concerns none.</summary>
    public string? Backup { get; init; }

    /// <summary>The domain of the user's account; the computer's name where there is none; null for what an older version wrote.</summary>
    public string? Domain { get; init; }

    /// <summary>The program that did it, and its process id.</summary>
    public string? Process { get; init; }

    /// <summary>The command that did it.</summary>
    public string? Command { get; init; }

    /// <summary>Why, as the user said with -Reason; null where nothing was said.</summary>
    public string? Reason { get; init; }

    /// <summary>Who stands behind the user's account: came in by PowerShell remoting (JEA), or called sudo; null for nobody.</summary>
    public string? OnBehalfOf { get; init; }

    /// <summary>The address that the user's SSH session came from; null for none.</summary>
    public string? Client { get; init; }
}
