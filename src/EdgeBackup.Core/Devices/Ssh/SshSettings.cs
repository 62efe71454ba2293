namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>How the system's ssh is run; the same for all devices.</summary>
public sealed record SshSettings
{
    /// <summary>The program: a name to be looked up in PATH, or a path.</summary>
    public string Program { get; init; } = "ssh";

    /// <summary>A configuration file instead of the user's and the system's; null for those.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>How long connecting may take, the exchange of keys included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How many times <see cref="ConnectionOptions.SilenceLimit"/> a device may work without a word (searching a large
    /// disk) while ssh's own question whether it is still there is answered.
    /// </summary>
    public int WorkLimitFactor { get; init; } = 10;

    /// <summary>As long as this after a change, a coarse clock may hide another one: such a file gets no stamp.</summary>
    internal TimeSpan StampMargin { get; init; } = TimeSpan.FromSeconds(2);
}
