namespace EdgeBackup.Core.Records;

/// <summary>Under what something is done, beside who does it: the events that are written meanwhile say it.</summary>
public sealed record Deed
{
    /// <summary>The domain of the user's account; where there is none, the machine's name.</summary>
    public string? Domain { get; init; }

    /// <summary>Who stands behind the account, where one account does the work of many (PowerShell remoting, sudo), as the session says; null for nobody.</summary>
    public string? OnBehalfOf { get; init; }

    /// <summary>The address that their session came from, as the session says; null where it came from nowhere.</summary>
    public string? Client { get; init; }

    /// <summary>The program and its process id: <c>pwsh (4711)</c>.</summary>
    public string? Process { get; init; }

    /// <summary>The command by its name alone: what was given to it may be secret.</summary>
    public string? Command { get; init; }

    /// <summary>Why, as its user said; null where nothing was said.</summary>
    public string? Reason { get; init; }
}
