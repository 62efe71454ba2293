using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>One piece of news.</summary>
internal sealed record NotificationMessage
{
    public required NotificationTopic Topic { get; init; }

    /// <summary>The word for scripts, in the body as <c>type</c>; docs/notifications.md.</summary>
    public required string Type { get; init; }

    /// <summary>What makes this the same piece of news when it is found once more: after a crash, or on another machine.</summary>
    public required string Identity { get; init; }

    /// <summary>The device it is about; null where it is about none, which no filter by devices holds back.</summary>
    public SubjectDevice? Device { get; init; }

    /// <summary>Whether it says how a device stands now, which the repository knows, and not what has happened.</summary>
    public bool IsOfState => Device is not null && Topic is (NotificationTopic.Failure or NotificationTopic.Recovery or NotificationTopic.Overdue);

    /// <summary>One line for people.</summary>
    public required string Summary { get; init; }

    /// <summary>The JSON that is sent.</summary>
    public required string Body { get; init; }

    /// <summary>The id under which a target gets it, however often it is sent.</summary>
    public string IdFor(string repositoryId, string target)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{repositoryId}\n{target.ToUpperInvariant()}\n{Type}\n{Identity}"));
        return "msg_" + Convert.ToHexStringLower(digest.AsSpan(0, 16));
    }
}

/// <summary>What of a device a filter may go by, and a message says.</summary>
internal sealed record SubjectDevice(string Id, string? Name, string Type, string? Site, IReadOnlyList<string> Tags);
