using System.Net;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>Who is to be told, and how.</summary>
public sealed record RegisterNotificationOptions
{
    public required string Name { get; init; }

    /// <summary>Null for the event log.</summary>
    public string? Url { get; init; }

    /// <summary>Null: keep the one there is, or make one.</summary>
    public string? Secret { get; init; }

    /// <summary>Empty: what it was, or failures, recoveries, overdue devices and digests.</summary>
    public IReadOnlyList<NotificationTopic> Topics { get; init; } = [];

    public IReadOnlyList<string> Devices { get; init; } = [];

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyList<string> Sites { get; init; } = [];

    /// <summary>Plain http to other machines too.</summary>
    public bool AllowUnencrypted { get; init; }
}

/// <summary>A notification and how it goes on this machine.</summary>
/// <param name="Entry">As it is registered.</param>
/// <param name="State">How it goes with its messages here.</param>
/// <param name="Pending">Messages that wait here.</param>
/// <param name="IsGone">Its receiver has said that it wants no more.</param>
public sealed record ListedNotification(NotificationEntry Entry, DeliveryState State, int Pending, bool IsGone);

/// <summary>What became of a test.</summary>
/// <param name="Entry">Whom it went to.</param>
/// <param name="Error">Null when it arrived.</param>
/// <param name="Duration">How long it took, with repetitions.</param>
public sealed record NotificationTestOutcome(NotificationEntry Entry, string? Error, TimeSpan Duration);

/// <summary>Registers, lists, ends and tries notifications: the EdgeNotification commands.</summary>
public sealed class ManageNotifications
{
    private const int LongestName = 128;

    private static readonly NotificationTopic[] UsualTopics = [NotificationTopic.Failure, NotificationTopic.Recovery, NotificationTopic.Overdue, NotificationTopic.Digest];

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ManageNotifications(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Registers one, or takes the place of the one that has the name.</summary>
    /// <returns>It, and its secret where one was made.</returns>
    /// <exception cref="EdgeBackupException">NotificationInvalid.</exception>
    public async Task<(ListedNotification Listed, string? NewSecret)> RegisterAsync(RegisterNotificationOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (string.IsNullOrWhiteSpace(options.Name) || options.Name.Length > LongestName || options.Name.Any(char.IsControl) || options.Name.IndexOfAny(['*', '?', '[', ']']) >= 0)
        {
            throw new EdgeBackupException(ErrorIds.NotificationInvalid, $"A notification's name has 1 to {LongestName} characters and none of * ? [ ], and '{options.Name}' does not. Give another name.", options.Name);
        }

        var url = options.Url is null ? null : CheckUrl(options.Url, options.AllowUnencrypted);
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var book = await NotificationBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        var old = book.Entries.FirstOrDefault(entry => string.Equals(entry.Name, options.Name, StringComparison.OrdinalIgnoreCase));
        var secret = url is null ? null : options.Secret is { } given ? WebhookSecret.Normalize(given) : old?.Secret;
        var made = url is not null && secret is null ? WebhookSecret.Create(context.Random) : null;
        var entry = new NotificationEntry
        {
            Name = options.Name,
            Kind = url is null ? NotificationKind.EventLog : NotificationKind.Webhook,
            Url = url,
            Secret = secret ?? made,
            Topics = options.Topics.Count > 0 ? [.. options.Topics.Distinct().Order()] : UsualTopics,
            Devices = options.Devices,
            Tags = options.Tags,
            Sites = options.Sites,
            Time = context.Clock.GetUtcNow(),
            Author = context.Author,
        };
        if (old is null)
        {
            // What an earlier one of this name had waiting here, and a kill kept it from being thrown away, is not for this one.
            MakePostman()?.LookAfter(entry, box => box.Delete());
        }

        await NotificationBook.SetAsync(context.Repository, entry, cancellationToken).ConfigureAwait(false);
        await context.NoteAsync(observer, EdgeEventCategory.Repository, "NotificationRegistered", $"The notification '{entry.Name}' {(url is null ? "writes to the event log" : $"goes to {Show(url)}")}: {string.Join(", ", entry.Topics)}.", device: null).ConfigureAwait(false);
        return (List(entry), made);
    }

    /// <summary>Ends one; what waits for it on this machine is thrown away.</summary>
    public async Task UnregisterAsync(NotificationEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var end = entry with { Removed = true, Secret = null, Url = null, Time = context.Clock.GetUtcNow(), Author = context.Author };
        await NotificationBook.SetAsync(context.Repository, end, cancellationToken).ConfigureAwait(false);
        await context.NoteAsync(observer, EdgeEventCategory.Repository, "NotificationRemoved", $"The notification '{entry.Name}' was ended.", device: null).ConfigureAwait(false);
        MakePostman()?.LookAfter(entry, box => box.Delete());
    }

    /// <summary>Lists them by name.</summary>
    /// <param name="names">Literal or with wildcards; empty for all.</param>
    /// <param name="onError">Takes literals that match nothing.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IReadOnlyList<ListedNotification>> FindAsync(IReadOnlyCollection<string> names, Func<EdgeBackupException, Task> onError, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(onError);
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        var book = await NotificationBook.LoadAsync(context.Repository, observer.Warning, cancellationToken).ConfigureAwait(false);
        foreach (var name in names.Where(name => !WildcardPattern.HasWildcard(name) && !book.Entries.Any(entry => Matches(name, entry))))
        {
            await onError(new EdgeBackupException(
                ErrorIds.NotificationNotFound,
                $"There is no notification '{name}'.{NearestNames.Suggest(name, book.Entries.Select(entry => entry.Name).ToList())} Get-EdgeNotification lists them.",
                name)).ConfigureAwait(false);
        }

        return [.. book.Entries.Where(entry => names.Count == 0 || names.Any(name => Matches(name, entry))).Select(List)];
    }

    /// <summary>Sends a message that says it is a test.</summary>
    public async Task<NotificationTestOutcome> TestAsync(NotificationEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var postman = new Postman(context, observer, context.Notifications, context.NotificationsFolder ?? "");
        if (!postman.CanReach(entry))
        {
            return new NotificationTestOutcome(entry, "The event log is Windows', and this is another system; nothing is written here.", TimeSpan.Zero);
        }

        var started = context.Clock.GetTimestamp();
        var delivery = await postman.SendNowAsync(entry, new Messages(context).Test(), cancellationToken).ConfigureAwait(false);
        if (delivery.Error is null && context.NotificationsFolder is not null)
        {
            postman.EndPause(entry);
        }

        return new NotificationTestOutcome(entry, delivery.Error, context.Clock.GetElapsedTime(started));
    }

    /// <summary>An address without what may be secret in it.</summary>
    private static string Show(string url) => new Uri(url).GetLeftPart(UriPartial.Authority);

    private static bool Matches(string pattern, NotificationEntry entry) => new WildcardPattern(pattern).IsMatch(entry.Name);

    private static string CheckUrl(string text, bool allowUnencrypted)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp) || url.UserInfo.Length > 0)
        {
            throw new EdgeBackupException(ErrorIds.NotificationInvalid, "The address of a webhook must begin with https:// and hold no user name and no password.", text);
        }

        return url.Scheme == Uri.UriSchemeHttps || allowUnencrypted || IsLoopback(url)
            ? url.AbsoluteUri
            : throw new EdgeBackupException(ErrorIds.NotificationInvalid, $"Messages to {Show(url.AbsoluteUri)} would go unencrypted, and tell everybody on the way which devices have no backup. Use https://, or allow it on purpose with -AllowUnencrypted.", text);
    }

    private static bool IsLoopback(Uri url) => url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private Postman? MakePostman() => context.NotificationsFolder is { } root ? new Postman(context, observer, context.Notifications, root) : null;

    private ListedNotification List(NotificationEntry entry)
    {
        var state = new DeliveryState();
        var pending = 0;
        MakePostman()?.LookAfter(entry, box =>
        {
            state = box.ReadState();
            pending = box.Count();
        });
        return new ListedNotification(entry, state, pending, Postman.IsGone(entry, state));
    }
}
