using System.Globalization;
using System.Net;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>A hold that is renewed at half of what the device granted, until it is disposed.</summary>
internal sealed class HttpDeviceHold : IDeviceHold
{
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(500);

    private readonly DeviceHttpClient client;
    private readonly string id;
    private readonly TimeSpan duration;
    private readonly CancellationTokenSource stop = new();
    private readonly Task renewal;
    private int released;
    private volatile bool lost;

    private HttpDeviceHold(DeviceHttpClient client, string id, TimeSpan duration, TimeSpan granted)
    {
        this.client = client;
        this.id = id;
        this.duration = duration;
        renewal = Task.Run(() => RenewAsync(granted, stop.Token));
    }

    public bool IsLost => lost;

    public static async Task<IDeviceHold?> TakeAsync(DeviceHttpClient client, TimeSpan duration, CancellationToken cancellationToken)
    {
        using var answer = await client.OpenSomethingAsync("holds", Body(duration), cancellationToken).ConfigureAwait(false);
        switch (answer.Status)
        {
            case HttpStatusCode.NotFound:
                return null;
            case HttpStatusCode.Conflict:
                throw client.Fault.Create(
                    ErrorIds.DeviceBusy,
                    $"it gives no hold, because a transaction runs{DeviceFault.Detail(answer)}. Wait until it has ended, or use -WaitForIdle");
            case HttpStatusCode.Created:
                var (id, expires) = DeviceAnswers.ReadHold(client.Fault, "POST holds", answer.Body);
                var hold = new HttpDeviceHold(
                    client,
                    id ?? throw client.Fault.InvalidAnswer("POST holds", "'id' is missing"),
                    duration,
                    Granted(client, answer, expires ?? throw client.Fault.InvalidAnswer("POST holds", "'expires' is missing"), duration));
                if (cancellationToken.IsCancellationRequested)
                {
                    await hold.DisposeAsync().ConfigureAwait(false);
                    cancellationToken.ThrowIfCancellationRequested();
                }

                return hold;
            default:
                throw client.Fault.Status("POST holds", answer);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref released, 1) != 0)
        {
            return;
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await renewal.ConfigureAwait(false);
        stop.Dispose();

        // Given back on its own time: the command may have been cancelled, and the device must not wait for the expiry.
        using var limit = new CancellationTokenSource(ReleaseLimit, client.Clock);
        try
        {
            using var answer = await client.CallAsync(HttpMethod.Delete, Path, limit.Token).ConfigureAwait(false);
            if (!answer.IsSuccess && answer.Status != HttpStatusCode.NotFound)
            {
                client.Trace($"{client.Fault.Device}: releasing the hold was answered with status {(int)answer.Status}; it ends by itself.");
            }
        }
        catch (Exception exception) when (exception is EdgeBackupException or OperationCanceledException)
        {
            client.Trace($"{client.Fault.Device}: the hold could not be released and ends by itself ({exception.Message}).");
        }
    }

    private string Path => $"holds/{DevicePath.Segment(id)}";

    private static string Body(TimeSpan duration) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"seconds\":{(long)Math.Ceiling(duration.TotalSeconds)}}}");

    /// <summary>
    /// How long the device has granted, told by its own clock: the Date of the same answer. A nonsensical result is
    /// taken for what was asked.
    /// </summary>
    private static TimeSpan Granted(DeviceHttpClient client, DeviceAnswer answer, DateTimeOffset expires, TimeSpan asked)
    {
        var granted = expires - (answer.Response.Headers.Date ?? client.Clock.GetUtcNow());
        return granted <= TimeSpan.Zero || granted > asked ? asked : granted;
    }

    private async Task RenewAsync(TimeSpan granted, CancellationToken cancellationToken)
    {
        var since = client.Clock.GetTimestamp();
        var pause = granted / 2;
        try
        {
            while (!lost)
            {
                await Task.Delay(pause < ShortestPause ? ShortestPause : pause, client.Clock, cancellationToken).ConfigureAwait(false);
                var sent = client.Clock.GetTimestamp();
                if (await TryRenewAsync(cancellationToken).ConfigureAwait(false) is { } renewed)
                {
                    // A renewal that arrived after the end took nothing back: something may have begun in between.
                    lost = client.Clock.GetElapsedTime(since, sent) >= granted;
                    (since, granted, pause) = (sent, renewed, renewed / 2);
                }
                else
                {
                    var left = granted - client.Clock.GetElapsedTime(since);
                    lost = lost || left <= TimeSpan.Zero;
                    pause = left / 4;
                }
            }

            client.Trace($"{client.Fault.Device}: the hold was lost; the second look at the charge points decides.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Disposed: nothing is left to renew.
        }
    }

    private async Task<TimeSpan?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client
                .CallAsync(HttpMethod.Put, Path, cancellationToken, DeviceHttpClient.Json(Body(duration)))
                .ConfigureAwait(false);
            if (answer.IsSuccess)
            {
                var (_, expires) = DeviceAnswers.ReadHold(client.Fault, "PUT holds", answer.Body);
                return expires is { } end ? Granted(client, answer, end, duration) : duration;
            }

            lost = answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict;
        }
        catch (EdgeBackupException exception)
        {
            client.Trace($"{client.Fault.Device}: the hold could not be renewed yet ({exception.Message}).");
        }

        return null;
    }
}
