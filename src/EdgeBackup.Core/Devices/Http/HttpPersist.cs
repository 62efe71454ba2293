using System.Net;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>Has a device write down what its applications have written, and follows it until that is done.</summary>
internal sealed class HttpPersist(DeviceHttpClient client)
{
    private const string Call = "persist";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <exception cref="EdgeBackupException">CaptureFailed: it could not, or takes longer than two minutes.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var since = client.Clock.GetTimestamp();
        using (var answer = await client.CallAsync(HttpMethod.Post, Call, cancellationToken).ConfigureAwait(false))
        {
            if (answer.Status is HttpStatusCode.NoContent or HttpStatusCode.OK)
            {
                return;
            }

            if (answer.Status != HttpStatusCode.Accepted)
            {
                throw client.Fault.Status("POST persist", answer, ErrorIds.CaptureFailed);
            }
        }

        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await Task.Delay(pause, client.Clock, cancellationToken).ConfigureAwait(false);
            using var answer = await client.GetAsync(Call, cancellationToken).ConfigureAwait(false);
            if (answer.Status != HttpStatusCode.OK)
            {
                throw client.Fault.Status("GET persist", answer, ErrorIds.CaptureFailed);
            }

            var (state, detail) = DeviceAnswers.ReadRestoreState(client.Fault, "GET persist", answer.Body);
            switch (state)
            {
                case "completed":
                    return;
                case "failed":
                    throw client.Fault.Create(ErrorIds.CaptureFailed, $"it could not write its applications' values down{(detail is null ? "" : $" ({detail})")}");
                default:
                    if (client.Clock.GetElapsedTime(since) >= Patience)
                    {
                        throw client.Fault.Create(ErrorIds.CaptureFailed, $"it has not written its applications' values down after {Patience.TotalMinutes} minutes");
                    }

                    break;
            }
        }
    }
}
