namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>A message that waits to be sent.</summary>
/// <param name="Id">The same however often it is sent.</param>
/// <param name="Type">Its type.</param>
/// <param name="Created">UTC.</param>
/// <param name="Summary">One line for people.</param>
/// <param name="Body">The JSON; no secret is in it, and its signature is made when it is sent.</param>
internal sealed record PendingMessage(string Id, string Type, DateTimeOffset Created, string Summary, string Body)
{
    /// <summary>The device about whose present state it is; null where it stays true whatever comes.</summary>
    public string? Device { get; init; }

    /// <summary>How often its receiver has answered that it does not take it.</summary>
    public int Tries { get; init; }

    /// <summary>It is not tried before, UTC.</summary>
    public DateTimeOffset? NextTry { get; init; }
}
