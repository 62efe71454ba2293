using System.Globalization;
using System.Net;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>Begins restore sessions, and clears away those that killed commands of ours left behind.</summary>
internal sealed class HttpRestoreOpener(DeviceHttpClient client, ConnectionOptions options)
{
    private const int Attempts = 3;
    private const int ListedFaults = 20;

    /// <summary>
    /// A session ends 15 minutes after its last call, and until then its note was renewed: what an older one names is another
    /// session, of a device that has begun anew to count.
    /// </summary>
    private static readonly TimeSpan NotesLast = TimeSpan.FromHours(1);

    private static readonly TimeSpan LongestWaitForOwn = TimeSpan.FromMinutes(2);

    public async Task<IRestoreSession> OpenAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        RefuseWhatCannotBeHeld(plan);
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"mode\":\"{(plan.Mode == RestoreMode.Replace ? "replace" : "overlay")}\",\"items\":{plan.Items.Count},\"bytes\":{plan.Length}}}");
        for (var attempt = 1; ; attempt++)
        {
            using var answer = await client.OpenSomethingAsync("restores", body, cancellationToken).ConfigureAwait(false);
            if (answer.Status == HttpStatusCode.Created)
            {
                var id = DeviceAnswers.ReadId(client.Fault, "POST restores", answer.Body);

                var session = new HttpRestoreSession(client, options, plan, journal, id);
                try
                {
                    // Noted whatever happens to the command: an open session that nobody knows blocks the device for minutes.
                    await journal.OpenedAsync(id, CancellationToken.None).ConfigureAwait(false);

                    // There is one at a time: whatever killed commands of ours had open has ended.
                    await journal.ClosedAllButAsync([], CancellationToken.None).ConfigureAwait(false);
                    cancellationToken.ThrowIfCancellationRequested();
                    return session;
                }
                catch
                {
                    await session.DisposeAsync().ConfigureAwait(false);
                    throw;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();

            if (answer.Status != HttpStatusCode.Conflict)
            {
                throw client.Fault.Status("POST restores", answer, ErrorIds.RestoreFailed);
            }

            if (DeviceFault.Member(answer, "open") is not { Length: > 0 } open)
            {
                throw client.Fault.Create(
                    ErrorIds.DeviceBusy,
                    $"it begins no restore, because a transaction runs{DeviceFault.Detail(answer)}. Wait until it has ended, or stop it with Stop-EdgeTransaction");
            }

            if (attempt == Attempts || open is "." or ".." || !await journal.IsOwnAsync(open, NotesLast, cancellationToken).ConfigureAwait(false))
            {
                throw Occupied(open, "somebody else's");
            }

            await DropOwnAsync(open, journal, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DropOwnAsync(string id, IRestoreJournal journal, CancellationToken cancellationToken)
    {
        client.Trace($"{client.Fault.Device}: dropping the restore '{id}' that an interrupted command of ours left open.");
        var patience = options.RestartLimit < LongestWaitForOwn ? options.RestartLimit : LongestWaitForOwn;
        var since = client.Clock.GetTimestamp();
        while (true)
        {
            using (var answer = await client.CallAsync(HttpMethod.Delete, HttpRestoreSession.PathOf(id), cancellationToken).ConfigureAwait(false))
            {
                if (answer.IsSuccess || answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone)
                {
                    await journal.ClosedAsync(id, CancellationToken.None).ConfigureAwait(false);
                    return;
                }

                if (answer.Status != HttpStatusCode.Conflict)
                {
                    throw client.Fault.Status("DELETE restores", answer, ErrorIds.RestoreFailed);
                }
            }

            if (client.Clock.GetElapsedTime(since) >= patience)
            {
                throw Occupied(id, "an earlier");
            }

            await Task.Delay(TimeSpan.FromSeconds(1), client.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private EdgeBackupException Occupied(string id, string whose) => client.Fault.Create(
        ErrorIds.DeviceBusy,
        $"{whose} restore '{id}' is open or being performed on it. Wait until it has ended; an abandoned one ends by itself after 15 minutes");

    private void RefuseWhatCannotBeHeld(RestorePlan plan)
    {
        var faults = new List<string>();
        foreach (var item in plan.Items.Select(candidate => candidate.Saved))
        {
            var fault = item.Item.Type switch
            {
                ItemType.Directory => "a folder cannot be sent over HTTP",
                ItemType.SymbolicLink => "a link cannot be sent over HTTP",
                _ => ItemPath.FindDeviceApiFault(item.Item.Path),
            };
            if (fault is not null)
            {
                faults.Add($"'{item.Item.Path}': {fault}");
            }
        }

        if (faults.Count > 0)
        {
            var rest = faults.Count > ListedFaults ? $"; and {faults.Count - ListedFaults} more" : "";
            throw client.Fault.Create(
                ErrorIds.RestoreTargetMismatch,
                $"it cannot hold {faults.Count} of the items ({string.Join("; ", faults.Take(ListedFaults))}{rest}). Leave them out with -Path, or restore to a folder with -Destination");
        }
    }
}
