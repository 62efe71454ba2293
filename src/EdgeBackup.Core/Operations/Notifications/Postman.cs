using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>Puts messages into the outboxes of those whom they concern, and sends what waits there, within a bounded time.</summary>
internal sealed class Postman
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;
    private readonly NotificationOptions options;
    private readonly string root;
    private readonly Dictionary<string, Outbox> boxes = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="context">The repository.</param>
    /// <param name="observer">Told of what could not be sent.</param>
    /// <param name="options">How patiently.</param>
    /// <param name="root">The folder of all outboxes of the repository on this machine.</param>
    public Postman(RepositoryContext context, IOperationObserver observer, NotificationOptions options, string root)
    {
        this.context = context;
        this.observer = observer;
        this.options = options;
        this.root = root;
    }

    /// <summary>Whether a message concerns a target.</summary>
    public static bool Concerns(NotificationEntry target, NotificationMessage message) =>
        target.Topics.Contains(message.Topic) && (message.Device is not { } device || Concerns(target, device));

    /// <summary>Whether a device concerns a target, whatever becomes of it.</summary>
    public static bool Concerns(NotificationEntry target, SubjectDevice device) =>
        Matches(target.Devices, device.Id)
        && (target.Tags.Count == 0 || device.Tags.Any(tag => Matches(target.Tags, tag)))
        && (target.Sites.Count == 0 || (device.Site is { } site && Matches(target.Sites, site)));

    /// <summary>Puts a message, durably, where it is sent from.</summary>
    public void Put(IEnumerable<NotificationEntry> targets, NotificationMessage message)
    {
        foreach (var target in targets.Where(target => Concerns(target, message) && CanReach(target)))
        {
            var outbox = BoxOf(target);
            if (!IsGone(target, outbox.State))
            {
                // News of how a device stands are kept in the repository: what finds no room now is found again.
                var pending = new PendingMessage(message.IdFor(context.Repository.Id, target.Name), message.Type, context.Clock.GetUtcNow(), message.Summary, message.Body) { Device = message.IsOfState ? message.Device?.Id : null };
                outbox.Put(pending, message.IsOfState ? options.Capacity : null);
            }
        }
    }

    /// <summary>The devices about whose state messages wait.</summary>
    public HashSet<string> DevicesWaiting(IEnumerable<NotificationEntry> targets) =>
        Waiting(targets).Select(waiting => waiting.Message.Device!).ToHashSet(StringComparer.Ordinal);

    /// <summary>Takes back what waits of a device's state and is no longer so.</summary>
    public void Withdraw(IEnumerable<NotificationEntry> targets, string device, IReadOnlyCollection<string> types)
    {
        foreach (var (outbox, file, message) in Waiting(targets).Where(waiting => waiting.Message.Device == device && types.Contains(waiting.Message.Type)).ToList())
        {
            outbox.Withdraw(file, message.Id);
        }
    }

    /// <summary>Whether anybody on this machine has taken a message.</summary>
    public bool IsDelivered(IEnumerable<NotificationEntry> targets, NotificationMessage message) =>
        targets.Any(target => BoxOf(target).State.Recent.Contains(message.IdFor(context.Repository.Id, target.Name), StringComparer.Ordinal));

    /// <summary>Sends what waits. Whoever else does so on this machine is left to it.</summary>
    public async Task SendAsync(IReadOnlyCollection<NotificationEntry> targets, CancellationToken cancellationToken)
    {
        if (!targets.Any(target => BoxOf(target).Count() > 0) || Outbox.TryLock(root, context.Platform) is not { } held)
        {
            return;
        }

        await using var lease = held.ConfigureAwait(false);
        using var bound = new CancellationTokenSource(options.Bound, context.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        using var sender = new WebhookSender(context.Clock, options.Patience, options.Pause);
        await Task.WhenAll(targets.Select(target => SendToAsync(target, BoxOf(target), sender, bound.Token, either.Token))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Where a target's messages wait.</summary>
    public Outbox BoxOf(NotificationEntry target)
    {
        if (!boxes.TryGetValue(target.Name, out var box))
        {
            boxes[target.Name] = box = new Outbox(root, target.Name, context.Platform);
        }

        return box;
    }

    /// <summary>Sends one message now, past the outbox.</summary>
    public async Task<Delivery> SendNowAsync(NotificationEntry target, NotificationMessage message, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(options.Bound, context.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        using var sender = new WebhookSender(context.Clock, options.Patience, options.Pause);
        var pending = new PendingMessage(message.IdFor(context.Repository.Id, target.Name), message.Type, context.Clock.GetUtcNow(), message.Summary, message.Body);
        try
        {
            return await DeliverAsync(target, pending, sender, once: false, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Delivery(DeliveryResult.Unreachable, TimeIsOver);
        }
    }

    /// <summary>The event log is Windows'; on other systems nobody is told by it.</summary>
    public bool CanReach(NotificationEntry target) => target.Kind != NotificationKind.EventLog || context.SystemLog.IsAvailable;

    /// <summary>Whether the receiver has said that it wants no more, and was not registered again since.</summary>
    public static bool IsGone(NotificationEntry target, DeliveryState state) => state.Gone is { } gone && gone >= target.Time;

    private string TimeIsOver => $"It did not answer within the {options.Bound.TotalSeconds:0.#} s that all messages together may take.";

    private static bool Matches(IReadOnlyList<string> patterns, string value) =>
        patterns.Count == 0 || patterns.Any(pattern => new WildcardPattern(pattern).IsMatch(value));

    private IEnumerable<(Outbox Box, string File, PendingMessage Message)> Waiting(IEnumerable<NotificationEntry> targets) =>
        from target in targets
        let box = BoxOf(target)
        from waiting in box.Read()
        where waiting.Message.Device is not null
        select (box, waiting.File, waiting.Message);

    private async Task SendToAsync(NotificationEntry target, Outbox outbox, WebhookSender sender, CancellationToken bound, CancellationToken cancellationToken)
    {
        try
        {
            var state = Shorten(outbox, outbox.ReadState());

            // A receiver that was dead the last time is asked once, so that it does not hold up every command for as long as it may.
            var once = state.LastError is not null;
            foreach (var (file, message) in outbox.Read().ToList())
            {
                var delivery = await DeliverAsync(target, message, sender, once, cancellationToken).ConfigureAwait(false);
                state = Note(outbox, state, file, message, delivery);
                if (delivery.Result is DeliveryResult.Unreachable or DeliveryResult.Gone)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (bound.IsCancellationRequested)
        {
            Fail(outbox, outbox.ReadState(), TimeIsOver);
        }
        catch (OperationCanceledException)
        {
            // The user does not want to wait; what was not sent waits.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            observer.Warning($"Messages of the notification '{target.Name}' could not be looked after on this machine: {exception.Message}");
        }
    }

    private async Task<Delivery> DeliverAsync(NotificationEntry target, PendingMessage message, WebhookSender sender, bool once, CancellationToken cancellationToken)
    {
        if (target.Kind == NotificationKind.Webhook)
        {
            return await sender.SendAsync(target, message.Id, message.Body, once, cancellationToken).ConfigureAwait(false);
        }

        return context.SystemLog.TryWrite(SystemLogEvents.For(message.Type), $"{message.Summary}\n\n{message.Body}") is { } error
            ? new Delivery(DeliveryResult.Unreachable, error)
            : new Delivery(DeliveryResult.Delivered);
    }

    /// <summary>Throws away what waits for too long, and of too many the oldest.</summary>
    private DeliveryState Shorten(Outbox outbox, DeliveryState state)
    {
        var waiting = outbox.Read().ToList();
        var oldest = context.Clock.GetUtcNow() - Outbox.Longest;
        foreach (var (file, message) in waiting.Where((item, index) => index < waiting.Count - options.Capacity || item.Message.Created < oldest))
        {
            state = outbox.Throw(file, message.Id, state);
        }

        return state;
    }

    private DeliveryState Note(Outbox outbox, DeliveryState state, string file, PendingMessage message, Delivery delivery)
    {
        var now = context.Clock.GetUtcNow();
        switch (delivery.Result)
        {
            case DeliveryResult.Delivered:
                return outbox.Remove(file, message.Id, state with { LastDelivery = now, LastError = null, LastErrorTime = null });
            case DeliveryResult.Gone:
                state = state with { Gone = now, LastError = delivery.Error, LastErrorTime = now };
                foreach (var (other, waiting) in outbox.Read().ToList())
                {
                    state = outbox.Throw(other, waiting.Id, state);
                }

                observer.Warning($"A notification is ended by its receiver. {delivery.Error}");
                return state;
            default:
                return Fail(outbox, state, delivery.Error!);
        }
    }

    private DeliveryState Fail(Outbox outbox, DeliveryState state, string error)
    {
        var failed = state with { LastError = error, LastErrorTime = context.Clock.GetUtcNow() };
        outbox.WriteState(failed);
        return failed;
    }
}
