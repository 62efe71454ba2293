namespace EdgeBackup;

/// <summary>
/// Times on output objects are <see cref="DateTime"/> of kind Local. PowerShell compares two DateTime by their ticks and
/// ignores their kinds, so only local ones compare rightly with Get-Date; a DateTimeOffset would, but it comes back from
/// Export-Clixml and jobs as a bag of properties. Local times keep their instant through CLIXML and JSON, and
/// ToUniversalTime() gives it exactly, also in the hour that a clock change repeats.
/// </summary>
internal static class LocalTime
{
    /// <summary>For an output object.</summary>
    public static DateTime From(DateTimeOffset time) => time.LocalDateTime;

    /// <inheritdoc cref="From(DateTimeOffset)"/>
    public static DateTime? From(DateTimeOffset? time) => time?.LocalDateTime;

    /// <summary>From a parameter: a time without a kind is one that the user typed, and means local time.</summary>
    public static DateTimeOffset ToInstant(DateTime time) => new DateTimeOffset(time).ToUniversalTime();

    /// <inheritdoc cref="ToInstant(DateTime)"/>
    public static DateTimeOffset? ToInstant(DateTime? time) => time is { } given ? ToInstant(given) : null;
}
