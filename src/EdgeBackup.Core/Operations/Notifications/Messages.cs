using System.Globalization;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Operations.Scheduling;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>Puts news into messages; docs/notifications.md describes each.</summary>
internal sealed class Messages(RepositoryContext context)
{
    /// <summary>So many devices of each kind are named in a digest; the counts are of all.</summary>
    private const int Named = 100;

    /// <summary>A device's automatic backups have begun to fail.</summary>
    public NotificationMessage Failure(SubjectDevice device, AttemptState attempts, DateTimeOffset? lastBackup)
    {
        var summary = $"Backups of '{device.Id}' fail. {attempts.Reason}".TrimEnd();
        return Make(NotificationTopic.Failure, "backup.failed", Moment(attempts.FailingSince), summary, device, json =>
        {
            json.WriteTime("failingSince", attempts.FailingSince);
            json.WriteNumber("consecutiveFailures", attempts.ConsecutiveFailures);
            json.WriteText("errorId", attempts.ErrorId);
            json.WriteText("reason", attempts.Reason);
            json.WriteTime("lastBackup", lastBackup);
            json.WriteTime("nextTry", attempts.NextTry);
        });
    }

    /// <summary>What was told of a device as a failure or as overdue is over.</summary>
    public NotificationMessage Recovery(SubjectDevice device, AttemptState attempts, DateTimeOffset? lastBackup) =>
        Make(NotificationTopic.Recovery, "backup.recovered", $"{Moment(attempts.FailureTold)} {Moment(attempts.OverdueTold)}", $"'{device.Id}' is backed up again.", device, json =>
        {
            json.WriteTime("failedSince", attempts.FailureTold);
            json.WriteTime("lastBackup", lastBackup);
            json.WriteText("backup", attempts.Backup);
        });

    /// <summary>Runs of archives of a device have begun to fail, or to leave a log unread.</summary>
    public NotificationMessage ArchiveFailure(CatalogDevice device, ArchiveAttempts attempts) =>
        Make(NotificationTopic.Failure, "archive.failed", $"{Moment(attempts.FailingSince)}{(attempts.ErrorId is null ? " unread" : "")}", $"Archives of '{device.Id}' {(attempts.ErrorId is null ? "are not whole" : "fail")}. {attempts.Reason}".TrimEnd(), ToSubject(device), json =>
        {
            json.WriteTime("failingSince", attempts.FailingSince);
            json.WriteNumber("consecutiveFailures", attempts.ConsecutiveFailures);
            json.WriteText("errorId", attempts.ErrorId);
            json.WriteText("reason", attempts.Reason);
            json.WriteTime("lastArchive", device.LastArchive);
        });

    /// <summary>What was told of a device's archives is over.</summary>
    public NotificationMessage ArchiveRecovery(CatalogDevice device, ArchiveAttempts attempts) =>
        Make(NotificationTopic.Recovery, "archive.recovered", Moment(attempts.FailureTold), $"'{device.Id}' is archived again.", ToSubject(device), json =>
        {
            json.WriteTime("failedSince", attempts.FailureTold);
            json.WriteTime("lastArchive", device.LastArchive);
        });

    /// <summary>A device has gone without a backup for too long.</summary>
    /// <param name="device">As the catalog has it.</param>
    /// <param name="since">What makes this the same piece of news however often it is found.</param>
    public NotificationMessage Overdue(CatalogDevice device, DateTimeOffset since)
    {
        var summary = device switch
        {
            { IsSuspect: true, LastGoodBackup: { } good } => $"The newest good backup of '{device.Id}' is from {good:u}, which is older than its policy tolerates; all since then are suspect.",
            { IsSuspect: true } => $"All backups of '{device.Id}' are suspect; it has no good one.",
            { LastBackup: { } last } => $"The newest backup of '{device.Id}' is from {last:u}, which is older than its policy tolerates.",
            { PostponedSince: { } busy } => $"'{device.Id}' has been busy whenever it was looked at since {busy:u}, and has no backup.",
            _ => $"'{device.Id}' was registered at {device.Registration?.Registered:u} and has never been backed up.",
        };
        return Make(NotificationTopic.Overdue, "backup.overdue", Moment(since), summary, ToSubject(device), json =>
        {
            json.WriteTime("lastBackup", device.LastBackup);
            json.WriteTime("lastGoodBackup", device.LastGoodBackup);
            json.WriteTime("registered", device.Registration?.Registered);
            json.WriteTime("postponedSince", device.PostponedSince);
            json.WriteText("reason", device.Attempts?.State.Reason);
        });
    }

    /// <summary>What a run of the schedule has done.</summary>
    public NotificationMessage Digest(IReadOnlyList<ScheduledOutcome> outcomes, IReadOnlyList<string> overdue, DateTimeOffset started, TimeSpan duration)
    {
        var counts = Enum.GetValues<ScheduledResult>().ToDictionary(result => result, result => outcomes.Count(outcome => outcome.Result == result));
        var summary = $"{counts[ScheduledResult.Completed]} backed up, {counts[ScheduledResult.Postponed]} busy, {counts[ScheduledResult.Failed]} failed, {overdue.Count} overdue.";
        return Make(NotificationTopic.Digest, "schedule.completed", $"{Moment(started)} {context.Author} {Environment.ProcessId}", summary, device: null, json =>
        {
            json.WriteTime("started", started);
            json.WriteNumber("durationSeconds", Math.Round(duration.TotalSeconds, 3));
            json.WriteNumber("completed", counts[ScheduledResult.Completed]);
            json.WriteNumber("changed", outcomes.Count(outcome => outcome.Backup?.Backup.Changed == true));
            json.WriteNumber("postponed", counts[ScheduledResult.Postponed]);
            json.WriteNumber("failed", counts[ScheduledResult.Failed]);
            json.WriteNumber("notDue", counts[ScheduledResult.NotDue]);
            json.WriteNumber("overdue", overdue.Count);
            WriteList("failedDevices", ScheduledResult.Failed);
            WriteList("postponedDevices", ScheduledResult.Postponed);
            json.WriteStartArray("overdueDevices");
            foreach (var device in overdue.Take(Named))
            {
                json.WriteStringValue(device);
            }

            json.WriteEndArray();

            void WriteList(string name, ScheduledResult result)
            {
                json.WriteStartArray(name);
                foreach (var outcome in outcomes.Where(outcome => outcome.Result == result).Take(Named))
                {
                    json.WriteStartObject();
                    json.WriteString("id", outcome.Device);
                    json.WriteText("errorId", outcome.ErrorId);
                    json.WriteText("reason", outcome.Reason);
                    json.WriteTime("postponedSince", outcome.PostponedSince);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }
        });
    }

    /// <summary>A run of the schedule could not do its work at all.</summary>
    public NotificationMessage RunFailure(DateTimeOffset since, string? errorId, string reason) =>
        Make(NotificationTopic.Failure, "schedule.failed", $"{Moment(since)} {context.Author}", $"The schedule cannot run on behalf of {context.Author}. {reason}", device: null, json =>
        {
            json.WriteTime("failingSince", since);
            json.WriteText("errorId", errorId);
            json.WriteText("reason", reason);
        });

    /// <summary>The schedule runs again.</summary>
    public NotificationMessage RunRecovery(DateTimeOffset since) =>
        Make(NotificationTopic.Recovery, "schedule.recovered", $"{Moment(since)} {context.Author}", $"The schedule runs again on behalf of {context.Author}.", device: null, json => json.WriteTime("failedSince", since));

    /// <summary>A restore or a switch.</summary>
    public NotificationMessage Event(EdgeEvent happened, SubjectDevice? device)
    {
        var isSwitch = happened.Category == EdgeEventCategory.Switch;
        var type = isSwitch ? "device.switched" : happened.ErrorId is not null || happened.Action is "Failed" or "Interrupted" ? "restore.failed" : "restore.completed";
        return Make(isSwitch ? NotificationTopic.Switch : NotificationTopic.Restore, type, $"{Moment(happened.Time)} {happened.Author} {happened.Device} {happened.Backup}", happened.Message, device, json =>
        {
            json.WriteText("backup", happened.Backup);
            json.WriteText("errorId", happened.ErrorId);
            json.WriteText("reason", happened.Reason);
        });
    }

    /// <summary>That messages arrive.</summary>
    public NotificationMessage Test() =>
        Make(NotificationTopic.Digest, "notification.test", Guid.NewGuid().ToString("N"), "This is a test. Messages of EdgeBackup arrive here.", device: null, _ => { });

    /// <summary>What messages say of a device.</summary>
    public static SubjectDevice ToSubject(CatalogDevice device) => new(device.Id, device.Name, device.Type, device.Site, device.Tags);

    private static string Moment(DateTimeOffset? time) => time is { } known ? known.UtcTicks.ToString(CultureInfo.InvariantCulture) : "-";

    private NotificationMessage Make(NotificationTopic topic, string type, string identity, string summary, SubjectDevice? device, Action<System.Text.Json.Utf8JsonWriter> write) => new()
    {
        Topic = topic,
        Type = type,
        Identity = $"{device?.Id} {identity}",
        Device = device,
        Summary = summary,
        Body = MessageBody.Write(context, type, summary, device, write),
    };
}
