using System.Net;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>How a commit ended.</summary>
/// <param name="Outcome">Null when the device says that it failed.</param>
/// <param name="Detail">What the device says of it, in brackets; may be empty.</param>
internal sealed record CommitEnd(RestoreCommitOutcome? Outcome, string Detail);

/// <summary>
/// A commit from its call to its end: through lost answers and restarts, and never sent twice but to a session that the
/// device itself calls open.
/// </summary>
internal sealed class HttpRestoreCommit(DeviceHttpClient client, ConnectionOptions options, string id)
{
    private const int Sendings = 3;

    /// <summary>So many times the restart limit a device may go on saying that it is at work.</summary>
    private const int PatienceWithWork = 6;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private string Path => HttpRestoreSession.PathOf(id);

    /// <exception cref="EdgeBackupException">RestoreFailed, DeviceBusy, DeviceAuthenticationFailed; the session is not over then.</exception>
    public async Task<CommitEnd> RunAsync(CancellationToken cancellationToken)
    {
        for (var sending = 1; ; sending++)
        {
            var (state, detail, answered) = await SendAsync(cancellationToken).ConfigureAwait(false);
            var refusal = detail;
            if (state is null or "performing" or "open")
            {
                (state, detail) = await WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            switch (state)
            {
                case "completed":
                    return new CommitEnd(RestoreCommitOutcome.Completed, "");
                case "failed":
                    return new CommitEnd(Outcome: null, string.IsNullOrWhiteSpace(detail) ? "" : $" ({detail.Trim().TrimEnd('.')})");
                case "forgotten":
                    return new CommitEnd(RestoreCommitOutcome.Unknown, "");
            }

            // The session is open, so the commit did not happen.
            if (answered is HttpStatusCode.Conflict)
            {
                throw await RefusedAsync(refusal, cancellationToken).ConfigureAwait(false);
            }

            if (sending == Sendings)
            {
                throw client.Fault.Create(
                    ErrorIds.RestoreFailed,
                    $"it did not take the commit of the restore, {Sendings} times. Nothing was changed; look at the device and try again");
            }

            client.Trace($"{client.Fault.Device}: the commit did not arrive; sending it again.");
            await Task.Delay(FirstPause * sending, client.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends the commit; a null state means that only asking tells.</summary>
    private async Task<(string? State, string? Detail, HttpStatusCode? Answered)> SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.CallAsync(HttpMethod.Post, $"{Path}/commit", cancellationToken).ConfigureAwait(false);
            switch (answer.Status)
            {
                case HttpStatusCode.OK or HttpStatusCode.Accepted:
                    var (state, detail) = DeviceAnswers.ReadRestoreState(client.Fault, "POST commit", answer.Body);
                    return (state, detail, answer.Status);
                case HttpStatusCode.Conflict:
                    return (null, DeviceFault.Detail(answer), answer.Status);
                case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                    throw client.Fault.Create(
                        ErrorIds.RestoreFailed,
                        "it no longer knows the restore session: it restarted, or the session lay idle for too long. Nothing was committed; try again");
                case >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests:
                    return (null, null, answer.Status);
                default:
                    throw client.Fault.Status("POST commit", answer, ErrorIds.RestoreFailed);
            }
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.DeviceUnreachable or ErrorIds.DeviceResponseInvalid)
        {
            client.Trace($"{client.Fault.Device}: the answer to the commit was lost ({exception.Message}); asking what became of it.");
            return (null, null, null);
        }
    }

    /// <summary>Asks until the device says completed, failed or open, or has forgotten the session.</summary>
    private async Task<(string State, string? Detail)> WaitAsync(CancellationToken cancellationToken)
    {
        var began = client.Clock.GetTimestamp();
        var heard = began;
        var pause = FirstPause;
        var told = false;
        while (true)
        {
            if (await AskAsync(cancellationToken).ConfigureAwait(false) is { } answer)
            {
                heard = client.Clock.GetTimestamp();
                if (answer.State != "performing")
                {
                    return answer;
                }
            }
            else if (!told)
            {
                told = true;
                client.Trace($"{client.Fault.Device}: it is away after the commit, as in a restart; waiting up to {options.RestartLimit} for it.");
            }

            if (client.Clock.GetElapsedTime(heard) >= options.RestartLimit)
            {
                throw GaveUp($"did not come back within {options.RestartLimit}");
            }

            if (client.Clock.GetElapsedTime(began) >= options.RestartLimit * PatienceWithWork)
            {
                throw GaveUp($"is still performing it after {options.RestartLimit * PatienceWithWork}");
            }

            await Task.Delay(pause, client.Clock, cancellationToken).ConfigureAwait(false);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }

    /// <returns>Null while the device is away or not itself.</returns>
    private async Task<(string State, string? Detail)?> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.CallAsync(HttpMethod.Get, Path, cancellationToken, once: true).ConfigureAwait(false);
            return answer.Status switch
            {
                HttpStatusCode.OK => DeviceAnswers.ReadRestoreState(client.Fault, "GET restores", answer.Body),
                HttpStatusCode.NotFound or HttpStatusCode.Gone => ("forgotten", null),
                _ => null,
            };
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.DeviceUnreachable or ErrorIds.DeviceResponseInvalid)
        {
            return null;
        }
    }

    /// <summary>The device answers 409 for two reasons; its charge points tell which.</summary>
    private async Task<EdgeBackupException> RefusedAsync(string? reason, CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync("chargepoints", cancellationToken).ConfigureAwait(false);
        if (answer.Status == HttpStatusCode.OK)
        {
            foreach (var point in DeviceAnswers.ReadChargePoints(client.Fault, "GET chargepoints", answer.Body))
            {
                if (point.Connectors.FirstOrDefault(candidate => candidate.Transaction is not null) is { } connector)
                {
                    return client.Fault.Create(
                        ErrorIds.DeviceBusy,
                        $"the transaction '{connector.Transaction!.Id}' began on charge point '{point.Id}', connector {connector.Id}, before the restore was committed. Nothing was changed; try again when it has ended");
                }
            }
        }

        return client.Fault.Create(
            ErrorIds.RestoreFailed,
            $"it refused the commit although every item was sent{reason}. Nothing was changed; look at the device and try again");
    }

    private EdgeBackupException GaveUp(string what) => client.Fault.Create(
        ErrorIds.RestoreFailed,
        $"it accepted the restore and {what}. Whether it holds the old or the new state is not known; look at the device, then compare it with its backup");
}
