namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>How it goes with the messages of one target on this machine.</summary>
public sealed record DeliveryState
{
    /// <summary>When a message was last delivered, UTC.</summary>
    public DateTimeOffset? LastDelivery { get; init; }

    /// <summary>Why the newest try failed; null when it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>When it failed, UTC.</summary>
    public DateTimeOffset? LastErrorTime { get; init; }

    /// <summary>Commands in a row that could deliver nothing.</summary>
    public int Failures { get; init; }

    /// <summary>When the receiver said that it wants no more messages, UTC.</summary>
    public DateTimeOffset? Gone { get; init; }

    /// <summary>Messages that were thrown away because too many waited, for too long, or because the receiver did not take them however often.</summary>
    public int Dropped { get; init; }

    /// <summary>Ids of messages that were delivered lately: they are not taken in again.</summary>
    public IReadOnlyList<string> Recent { get; init; } = [];

    /// <summary>Ids of messages that were thrown away lately: nor are they.</summary>
    public IReadOnlyList<string> Thrown { get; init; } = [];
}
