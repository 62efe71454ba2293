namespace EdgeBackup;

/// <summary>Who is told of what, and how it goes with the messages on this machine.</summary>
public sealed class NotificationInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The name once more, under the name by which -Notification binds from the pipeline.</summary>
    public string Notification => Name;

    /// <summary>Webhook, or the event log of Windows.</summary>
    public required NotificationKind Kind { get; init; }

    /// <summary>Where a webhook is.</summary>
    public string? Url { get; init; }

    /// <summary>What is told.</summary>
    public required NotificationTopic[] Event { get; init; }

    /// <summary>Only of these devices; empty for all.</summary>
    public string[] Device { get; init; } = [];

    /// <summary>Only of devices with one of these tags; empty for all.</summary>
    public string[] Tag { get; init; } = [];

    /// <summary>Only of devices at these sites; empty for all.</summary>
    public string[] Site { get; init; } = [];

    /// <summary>Whether messages are sent: not when the receiver has said that it wants no more.</summary>
    public required bool Active { get; init; }

    /// <summary>Messages that wait on this machine.</summary>
    public required int Pending { get; init; }

    /// <summary>Messages that were thrown away on this machine.</summary>
    public required int Dropped { get; init; }

    /// <summary>When a message was last delivered from this machine, local time.</summary>
    public DateTime? LastDelivery { get; init; }

    /// <summary>Why the newest try on this machine failed; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>When it failed, local time.</summary>
    public DateTime? LastErrorTime { get; init; }

    /// <summary>When it was registered, local time.</summary>
    public required DateTime Registered { get; init; }

    /// <summary>The key of the signatures, shown once, by Register-EdgeNotification alone.</summary>
    public string? Secret { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>What became of a test message.</summary>
public sealed class NotificationTest
{
    /// <summary>The name of the notification.</summary>
    public required string Notification { get; init; }

    /// <summary>Whether it arrived.</summary>
    public required bool Delivered { get; init; }

    /// <summary>Why not; null when it did.</summary>
    public string? Reason { get; init; }

    /// <summary>How long it took, with repetitions.</summary>
    public required TimeSpan Duration { get; init; }
}
