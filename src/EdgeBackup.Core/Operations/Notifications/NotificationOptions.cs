namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>How patiently messages are sent.</summary>
public sealed record NotificationOptions
{
    /// <summary>How long all messages of a command may take: the command takes no longer for them, whatever the receivers do.</summary>
    public TimeSpan Bound { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a command that is being stopped still takes for its messages.</summary>
    public TimeSpan EndPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Messages that may wait for one target; of more, the oldest are thrown away.</summary>
    public int Capacity { get; init; } = 1000;

    /// <summary>Before the first repetition; the next is twice as long, and each differs a little.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);
}
