using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using EdgeBackup.Core.Records;
using Polly;
using Polly.Retry;

namespace EdgeBackup.Core.Operations.Notifications;

/// <summary>What became of a message.</summary>
internal enum DeliveryResult
{
    Delivered,

    /// <summary>The receiver was reached and did not take this message; another one it may take.</summary>
    Rejected,

    /// <summary>The receiver was reached and stumbled, over this message or over itself.</summary>
    Failed,

    /// <summary>The receiver takes nothing now.</summary>
    Unreachable,

    /// <summary>The receiver wants no more messages, ever.</summary>
    Gone,
}

/// <param name="Result">What became of it.</param>
/// <param name="Error">Why it was not delivered; null when it was.</param>
internal readonly record struct Delivery(DeliveryResult Result, string? Error = null);

/// <summary>
/// Sends messages to webhooks. Nothing is followed elsewhere: a redirect would show the message and its signature to
/// whoever the first receiver names.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    private const int Repetitions = 2;

    private readonly HttpClient client;
    private readonly TimeProvider clock;
    private readonly TimeSpan patience;
    private readonly ResiliencePipeline<Delivery> pipeline;

    /// <param name="clock">Timestamps and waits.</param>
    /// <param name="patience">How long one attempt may take.</param>
    /// <param name="pause">Before the first repetition; the next is twice as long.</param>
    public WebhookSender(TimeProvider clock, TimeSpan patience, TimeSpan pause)
    {
        this.clock = clock;
        this.patience = patience;
        client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        pipeline = new ResiliencePipelineBuilder<Delivery> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<Delivery>
            {
                MaxRetryAttempts = Repetitions,
                Delay = pause,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Result.Result is DeliveryResult.Unreachable or DeliveryResult.Failed),
            })
            .Build();
    }

    /// <summary>Sends a message, and again where that may help.</summary>
    /// <param name="target">To whom.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="body">Its JSON.</param>
    /// <param name="once">Try it once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">Time is over, or nobody wants to wait.</exception>
    public async Task<Delivery> SendAsync(NotificationEntry target, string id, string body, bool once, CancellationToken cancellationToken) =>
        await (once ? ResiliencePipeline<Delivery>.Empty : pipeline).ExecuteAsync(async token => await SendOnceAsync(target, id, body, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    public void Dispose() => client.Dispose();

    private async Task<Delivery> SendOnceAsync(NotificationEntry target, string id, string body, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = CreateRequest(target, id, body);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return Judge(response.StatusCode);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Delivery(DeliveryResult.Unreachable, string.Create(CultureInfo.InvariantCulture, $"It did not answer within {patience.TotalSeconds:0.#} s."));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new Delivery(DeliveryResult.Unreachable, exception.Message);
        }
    }

    private HttpRequestMessage CreateRequest(NotificationEntry target, string id, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var timestamp = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("EdgeBackup", "1"));
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.TryAddWithoutValidation("webhook-signature", WebhookSecret.Sign(target.Secret!, id, timestamp, bytes));
        return request;
    }

    private static Delivery Judge(HttpStatusCode status) => (int)status switch
    {
        >= 200 and < 300 => new Delivery(DeliveryResult.Delivered),
        410 => new Delivery(DeliveryResult.Gone, "It answered 410: it wants no more messages. Register it again when it does."),
        >= 300 and < 400 => new Delivery(DeliveryResult.Rejected, $"It answered {(int)status}, which points elsewhere; nothing is sent there. Register the address that it moved to."),
        408 or 429 or 502 or 503 or 504 => new Delivery(DeliveryResult.Unreachable, $"It answered {(int)status}."),
        >= 500 => new Delivery(DeliveryResult.Failed, $"It answered {(int)status}."),
        _ => new Delivery(DeliveryResult.Rejected, $"It answered {(int)status}."),
    };
}
