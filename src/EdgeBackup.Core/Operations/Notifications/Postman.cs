using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>Puts messages into the outboxes of those whom they concern, and sends what waits there, within a bounded time.</summary>
internal sealed class Postman
{
    /// <summary>So often a receiver may answer that it does not take a message.</summary>
    private const int MostTries = 20;

    /// <summary>So many messages that were refused before may be refused again until the receiver is left alone.</summary>
    private const int MostPassedOver = 3;

    /// <summary>For so long a receiver is left alone that took nothing; twice as long each time.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(30);

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;
    private readonly NotificationOptions options;
    private readonly string root;
    private readonly Dictionary<string, Outbox> boxes = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> warnedOf = new(StringComparer.OrdinalIgnoreCase);

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

    /// <summary>Puts a message, durably, where it is sent from, or beside it where that cannot be used: it goes with a later command then.</summary>
    public void Put(IEnumerable<NotificationEntry> targets, NotificationMessage message)
    {
        foreach (var target in targets.Where(target => Concerns(target, message) && CanReach(target)))
        {
            var pending = new PendingMessage(message.IdFor(context.Repository.Id, target.Name), message.Type, context.Clock.GetUtcNow(), message.Summary, message.Body) { Device = message.IsOfState ? message.Device?.Id : null };
            var isLookedAfter = LookAfter(target, outbox =>
            {
                if (!IsGone(target, outbox.State))
                {
                    // News of how a device stands are kept in the repository: what finds no room now is found again.
                    outbox.Put(pending, message.IsOfState ? options.Capacity : null);
                }
            });
            if (!isLookedAfter)
            {
                // When another receiver takes it, it counts as told, and nobody lays it down for this one again.
                BoxOf(target).PutAside(pending, options.Capacity);
            }
        }
    }

    /// <summary>Brings what had to be laid aside to where it is sent from.</summary>
    public void TakeIn(IEnumerable<NotificationEntry> targets)
    {
        foreach (var target in targets)
        {
            LookAfter(target, outbox => outbox.TakeIn());
        }
    }

    /// <summary>The devices about whose state messages wait.</summary>
    public HashSet<string> DevicesWaiting(IEnumerable<NotificationEntry> targets) =>
        Waiting(targets).Select(waiting => waiting.Message.Device!).ToHashSet(StringComparer.Ordinal);

    /// <summary>Takes back what waits of a device's state and is no longer so.</summary>
    /// <param name="targets">From whose outboxes.</param>
    /// <param name="device">Its id.</param>
    /// <param name="types">What is no longer so.</param>
    /// <param name="unless">What leaves an outbox as it is when it waits there: the end of a state is told only with its beginning.</param>
    /// <param name="but">What stays.</param>
    public void Withdraw(IEnumerable<NotificationEntry> targets, string device, IReadOnlyCollection<string> types, string? unless = null, NotificationMessage? but = null)
    {
        foreach (var target in targets)
        {
            var waiting = Waiting([target]).Where(item => item.Message.Device == device).ToList();
            if (waiting.Any(item => item.Message.Type == unless))
            {
                continue;
            }

            foreach (var (outbox, file, message) in waiting.Where(item => types.Contains(item.Message.Type) && item.Message.Id != but?.IdFor(context.Repository.Id, target.Name)))
            {
                outbox.Withdraw(file, message.Id);
            }
        }
    }

    /// <summary>Whether anybody on this machine has taken a message.</summary>
    public bool IsDelivered(IEnumerable<NotificationEntry> targets, NotificationMessage message) =>
        targets.Any(target =>
        {
            var isDelivered = false;
            LookAfter(target, outbox => isDelivered = outbox.State.Recent.Contains(message.IdFor(context.Repository.Id, target.Name), StringComparer.Ordinal));
            return isDelivered;
        });

    /// <summary>Sends what waits. Whoever else does so on this machine is left to it.</summary>
    public async Task SendAsync(IReadOnlyCollection<NotificationEntry> targets, CancellationToken cancellationToken)
    {
        if (targets.All(IsEmpty) || Outbox.TryLock(root, context.Platform) is not { } held)
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
            boxes[target.Name] = box = new Outbox(root, target.Name, context.Platform, what => observer.Warning($"Messages of the notification '{target.Name}': {what}"));
        }

        return box;
    }

    /// <summary>Does something with a target's messages. Where its files cannot be used, that is a warning, and the other targets have theirs.</summary>
    /// <returns>Whether they could be used.</returns>
    public bool LookAfter(NotificationEntry target, Action<Outbox> work)
    {
        try
        {
            work(BoxOf(target));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Warn(target, exception);
            return false;
        }
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

    /// <summary>A receiver has just taken a message: what waits for it goes with the next command. Whoever is sending now finds that out by himself.</summary>
    public void EndPause(NotificationEntry target)
    {
        using var held = Outbox.TryLock(root, context.Platform);
        if (held is null)
        {
            return;
        }

        LookAfter(target, outbox =>
        {
            if (outbox.ReadState() is { Failures: > 0 } state)
            {
                outbox.WriteState(state with { Failures = 0, LastError = null, LastErrorTime = null });
            }

            foreach (var (file, message) in outbox.Read().Where(item => item.Message.NextTry is not null).ToList())
            {
                outbox.Keep(file, message with { NextTry = null });
            }
        });
    }

    /// <summary>The event log is Windows'; on other systems nobody is told by it.</summary>
    public bool CanReach(NotificationEntry target) => target.Kind != NotificationKind.EventLog || context.SystemLog.IsAvailable;

    /// <summary>Whether the receiver has said that it wants no more, and was not registered again since.</summary>
    public static bool IsGone(NotificationEntry target, DeliveryState state) => state.Gone is { } gone && gone >= target.Time;

    private string TimeIsOver => $"It did not answer within the {options.Bound.TotalSeconds:0.#} s that all messages together may take.";

    private static bool Matches(IReadOnlyList<string> patterns, string value) =>
        patterns.Count == 0 || patterns.Any(pattern => new WildcardPattern(pattern).IsMatch(value));

    private List<(Outbox Box, string File, PendingMessage Message)> Waiting(IEnumerable<NotificationEntry> targets)
    {
        var found = new List<(Outbox, string, PendingMessage)>();
        foreach (var target in targets)
        {
            LookAfter(target, outbox => found.AddRange(outbox.Read().Where(item => item.Message.Device is not null).Select(item => (outbox, item.File, item.Message))));
        }

        return found;
    }

    /// <summary>Whether nothing is to be done for a target; nothing can be where its files cannot be used.</summary>
    private bool IsEmpty(NotificationEntry target)
    {
        var isEmpty = true;
        LookAfter(target, outbox => isEmpty = outbox.IsEmpty);
        return isEmpty;
    }

    /// <summary>Once for a target and a command.</summary>
    private void Warn(NotificationEntry target, Exception exception)
    {
        lock (warnedOf)
        {
            if (!warnedOf.Add(target.Name))
            {
                return;
            }
        }

        observer.Warning($"Messages of the notification '{target.Name}' could not be looked after on this machine: {exception.Message}");
    }

    private async Task SendToAsync(NotificationEntry target, Outbox outbox, WebhookSender sender, CancellationToken bound, CancellationToken cancellationToken)
    {
        try
        {
            outbox.RemoveLeftovers();
            var state = Shorten(outbox, outbox.ReadState());

            if (IsLeftAlone(target, state))
            {
                return;
            }

            // A receiver that was dead the last time is asked once, so that it does not hold up every command for as long as it may.
            var wasDead = state.Failures > 0;
            var delivered = false;
            string? passedOver = null;
            var passed = 0;
            foreach (var (file, message) in outbox.Read().Where(item => IsDue(target, item.Message)).ToList())
            {
                var delivery = await DeliverAsync(target, message, sender, wasDead || message.Tries > 0, cancellationToken).ConfigureAwait(false);
                if (delivery.Result == DeliveryResult.Delivered)
                {
                    state = outbox.Remove(file, message.Id, state with { LastDelivery = context.Clock.GetUtcNow(), LastError = null, LastErrorTime = null, Failures = 0 });
                    delivered = true;
                    continue;
                }

                if (delivery.Result == DeliveryResult.Gone)
                {
                    End(outbox, state, delivery.Error!);
                    return;
                }

                if (delivery.Result != DeliveryResult.Unreachable)
                {
                    state = CountTry(outbox, state, file, message);
                }

                // What is refused once may be refused because of the receiver, and then the others are too; twice, it is the message that is to blame.
                if (delivery.Result == DeliveryResult.Unreachable || message.Tries == 0 || ++passed > MostPassedOver)
                {
                    Fail(outbox, state, delivery.Error!);
                    return;
                }

                passedOver = delivery.Error;
            }

            if (passedOver is not null && !delivered)
            {
                Fail(outbox, state, passedOver);
            }
            else if (passedOver is not null)
            {
                outbox.WriteState(state with { LastError = passedOver, LastErrorTime = context.Clock.GetUtcNow() });
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
            Warn(target, exception);
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

    /// <summary>Whether a receiver that took nothing the last time is not to be asked yet. Whoever registers it anew has mended it.</summary>
    private bool IsLeftAlone(NotificationEntry target, DeliveryState state)
    {
        var now = context.Clock.GetUtcNow();
        return state is { Failures: > 0, LastErrorTime: { } error } && error >= target.Time && error <= now && now - error < Pause(state.Failures);
    }

    /// <summary>Whether a message that was refused may be tried again: its pause is over, or its receiver was registered anew since.</summary>
    private bool IsDue(NotificationEntry target, PendingMessage message) =>
        message.NextTry is not { } next || next <= context.Clock.GetUtcNow() || next - Pause(message.Tries) < target.Time;

    /// <summary>Throws a message away that was not taken however often; else notes the try.</summary>
    private DeliveryState CountTry(Outbox outbox, DeliveryState state, string file, PendingMessage message)
    {
        var tries = message.Tries + 1;
        if (tries >= MostTries)
        {
            return outbox.Throw(file, message.Id, state);
        }

        outbox.Keep(file, message with { Tries = tries, NextTry = context.Clock.GetUtcNow() + Pause(tries) });
        return state;
    }

    private void End(Outbox outbox, DeliveryState state, string error)
    {
        var now = context.Clock.GetUtcNow();
        state = state with { Gone = now, LastError = error, LastErrorTime = now };
        outbox.WriteState(state);
        outbox.ThrowAll(state);
        observer.Warning($"A notification is ended by its receiver. {error}");
    }

    private void Fail(Outbox outbox, DeliveryState state, string error) =>
        outbox.WriteState(state with { LastError = error, LastErrorTime = context.Clock.GetUtcNow(), Failures = state.Failures + 1 });

    private static TimeSpan Pause(int failures)
    {
        var pause = ShortestPause * Math.Pow(2, Math.Min(failures, 16) - 1);
        return pause < LongestPause ? pause : LongestPause;
    }
}
