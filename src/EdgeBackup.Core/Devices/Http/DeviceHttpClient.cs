using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using EdgeBackup.Core.Errors;
using Polly;
using Polly.Retry;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>
/// Calls to one device: credentials, certificate, patience and repetition. A silent device is given up when nothing was
/// heard for <see cref="ConnectionOptions.SilenceLimit"/> and is not asked again; everything else that may be repeated
/// is, a few times, with growing and jittered pauses or as Retry-After says.
/// </summary>
internal sealed class DeviceHttpClient : IDisposable
{
    /// <summary>The largest body of an ordinary answer, in bytes.</summary>
    public const int OrdinaryBodyLimit = 8 * 1024 * 1024;

    /// <summary>The largest item list, in bytes.</summary>
    public const int ListBodyLimit = 64 * 1024 * 1024;

    private const int Repetitions = 4;
    private static readonly TimeSpan OpeningGrace = TimeSpan.FromSeconds(5);

    private readonly ConnectionOptions options;
    private readonly HttpClient client;
    private readonly Uri root;
    private readonly bool pinIsUnreadable;
    private readonly ResiliencePipeline<DeviceAnswer> repeatAll;
    private readonly ResiliencePipeline<DeviceAnswer> repeatUnheard;

    public DeviceHttpClient(ConnectionOptions options, TimeProvider clock)
    {
        this.options = options;
        Clock = clock;
        Address = new Uri(options.Address.Text);
        root = new Uri(Address, "api/v1/");
        Fault = new DeviceFault(options);
        client = new HttpClient(CreateHandler(out pinIsUnreadable), disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        repeatAll = CreatePipeline(afterBreak: true);
        repeatUnheard = CreatePipeline(afterBreak: false);
    }

    public Uri Address { get; }

    public TimeProvider Clock { get; }

    public TimeSpan SilenceLimit => options.SilenceLimit;

    public DeviceFault Fault { get; }

    /// <summary>Sends until there is an answer worth having, and reads its body.</summary>
    /// <param name="method">GET, PUT and DELETE are repeated; POST only where the device cannot have acted on it.</param>
    /// <param name="path">Behind <c>api/v1/</c>, percent-encoded.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="content">Makes the body anew for every attempt and touches the guard as it moves; null for none.</param>
    /// <param name="bodyLimit">Bytes of the answer.</param>
    /// <param name="once">Repeat nothing: for bodies that cannot be sent twice, and for callers with a patience of their own.</param>
    /// <returns>Any status but 401, 403 and redirects.</returns>
    /// <exception cref="EdgeBackupException">DeviceUnreachable, DeviceAuthenticationFailed, DeviceResponseInvalid.</exception>
    public Task<DeviceAnswer> CallAsync(
        HttpMethod method,
        string path,
        CancellationToken cancellationToken,
        Func<SilenceGuard, HttpContent>? content = null,
        int bodyLimit = OrdinaryBodyLimit,
        bool once = false) =>
        RepeatAsync(
            once ? ResiliencePipeline<DeviceAnswer>.Empty : method == HttpMethod.Post ? repeatUnheard : repeatAll,
            path,
            token => AttemptAsync(guard => Request(method, path, content?.Invoke(guard)), bodyLimit, token),
            cancellationToken);

    /// <summary>
    /// POSTs what opens something on the device. A cancelled caller waits a little for the answer, since only the answer
    /// has the id to close it with; the caller looks at its token afterwards.
    /// </summary>
    public async Task<DeviceAnswer> OpenSomethingAsync(string path, string json, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, Clock);
        var registration = cancellationToken.UnsafeRegister(state => ((CancellationTokenSource)state!).CancelAfter(OpeningGrace), patience);
        await using (registration.ConfigureAwait(false))
        {
            return await CallAsync(HttpMethod.Post, path, patience.Token, Json(json)).ConfigureAwait(false);
        }
    }

    public Task<DeviceAnswer> GetAsync(string path, CancellationToken cancellationToken, int bodyLimit = OrdinaryBodyLimit) =>
        CallAsync(HttpMethod.Get, path, cancellationToken, bodyLimit: bodyLimit);

    /// <summary>A JSON body, small enough to be sent again.</summary>
    public static Func<SilenceGuard, HttpContent> Json(string json) => _ => new StringContent(json, Encoding.UTF8, "application/json");

    /// <summary>GETs an answer whose body the caller streams.</summary>
    public Task<DeviceAnswer> OpenAsync(string path, Action<HttpRequestHeaders>? headers, CancellationToken cancellationToken) =>
        RepeatAsync(
            repeatAll,
            path,
            token => AttemptAsync(
                _ =>
                {
                    var request = Request(HttpMethod.Get, path, content: null);
                    headers?.Invoke(request.Headers);
                    return request;
                },
                bodyLimit: null,
                token),
            cancellationToken);

    public void Trace(string line) => options.Trace?.Invoke(line);

    public void Dispose() => client.Dispose();

    private async Task<DeviceAnswer> RepeatAsync(
        ResiliencePipeline<DeviceAnswer> pipeline,
        string path,
        Func<CancellationToken, Task<DeviceAnswer>> attempt,
        CancellationToken cancellationToken)
    {
        if (pinIsUnreadable)
        {
            throw Fault.Create(
                ErrorIds.DeviceAuthenticationFailed,
                "the certificate thumbprint in its registration is neither 40 (SHA-1) nor 64 (SHA-256) hex digits. Set -CertificateThumbprint again");
        }

        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var answer = await pipeline
                .ExecuteAsync(async token => await attempt(token).ConfigureAwait(false), cancellationToken)
                .ConfigureAwait(false);
            try
            {
                Fault.ThrowIfRefused(answer, path);
                return answer;
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
        catch (NoAnswerException exception)
        {
            throw Fault.Unreachable(exception);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content)
    {
        var request = new HttpRequestMessage(method, new Uri(root, path))
        {
            Content = content,
            Version = Address.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Authorization = DeviceAuthentication.CreateHeader(options, Address);
        return request;
    }

    private async Task<DeviceAnswer> AttemptAsync(
        Func<SilenceGuard, HttpRequestMessage> create, int? bodyLimit, CancellationToken cancellationToken)
    {
        using var guard = new SilenceGuard(options.SilenceLimit, Clock, cancellationToken);
        using var request = create(guard);
        HttpResponseMessage? response = null;
        try
        {
            response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, guard.Token).ConfigureAwait(false);
            guard.Touch();
            var body = bodyLimit is { } limit ? await ReadBodyAsync(request, response, limit, guard).ConfigureAwait(false) : null;
            return new DeviceAnswer(response, body);
        }
        catch (Exception exception)
        {
            response?.Dispose();
            if (exception is EdgeBackupException)
            {
                throw;
            }

            // What cancelled a call can arrive as a cancellation or as a broken stream.
            cancellationToken.ThrowIfCancellationRequested();
            if (guard.HasExpired)
            {
                throw new NoAnswerException(NoAnswerKind.Silent, $"nothing was heard for {options.SilenceLimit.TotalSeconds:0} s", exception);
            }

            if (exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException })
            {
                throw Fault.Create(
                    ErrorIds.DeviceAuthenticationFailed,
                    "its TLS certificate is not trusted. Let this machine trust it, or register the device with -CertificateThumbprint",
                    exception);
            }

            if (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                throw new NoAnswerException(IsBeforeSending(exception) ? NoAnswerKind.NotConnected : NoAnswerKind.Broken, exception.Message, exception);
            }

            throw;
        }
    }

    private async Task<byte[]> ReadBodyAsync(HttpRequestMessage request, HttpResponseMessage response, int limit, SilenceGuard guard)
    {
        var stream = await response.Content.ReadAsStreamAsync(guard.Token).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var buffer = new MemoryStream();
            var piece = new byte[16 * 1024];
            for (int read; (read = await stream.ReadAsync(piece, guard.Token).ConfigureAwait(false)) > 0;)
            {
                guard.Touch();
                if (buffer.Length + read > limit)
                {
                    throw Fault.Create(
                        ErrorIds.DeviceResponseInvalid,
                        $"its answer to {request.Method} {request.RequestUri!.AbsolutePath} is longer than {limit / (1024 * 1024)} MiB. Check the device's software",
                        new AnswerTooLongException());
                }

                buffer.Write(piece, 0, read);
            }

            return buffer.ToArray();
        }
    }

    private static bool IsBeforeSending(Exception exception) =>
        exception is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ProxyTunnelError
                or HttpRequestError.SecureConnectionError,
        };

    private ResiliencePipeline<DeviceAnswer> CreatePipeline(bool afterBreak)
    {
        var builder = new ResiliencePipelineBuilder<DeviceAnswer> { TimeProvider = Clock };
        return builder.AddRetry(new RetryStrategyOptions<DeviceAnswer>
        {
            MaxRetryAttempts = Repetitions,
            Delay = TimeSpan.FromMilliseconds(200),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            MaxDelay = TimeSpan.FromSeconds(10),
            ShouldHandle = arguments => ValueTask.FromResult(MayRepeat(arguments.Outcome, afterBreak)),
            DelayGenerator = arguments => ValueTask.FromResult(
                arguments.Outcome.Result is { } answer ? RetryAfter.Read(answer.Response.Headers, Clock.GetUtcNow()) : null),
            OnRetry = arguments =>
            {
                var reason = arguments.Outcome.Result is { } answer ? $"it answered {(int)answer.Status}" : arguments.Outcome.Exception!.Message;
                Trace($"{Fault.Device}: trying again in {arguments.RetryDelay.TotalSeconds:0.0} s, because {reason}.");
                return ValueTask.CompletedTask;
            },
        }).Build();
    }

    private bool MayRepeat(Outcome<DeviceAnswer> outcome, bool afterBreak) =>
        outcome.Exception is NoAnswerException exception
            ? exception.Kind == NoAnswerKind.NotConnected || (afterBreak && exception.Kind == NoAnswerKind.Broken)
            : outcome.Result is { } answer && RetryAfter.Read(answer.Response.Headers, Clock.GetUtcNow()) > RetryAfter.Longest ? false
            : outcome.Result?.Status switch
            {
                // 429 says that nothing was done, whatever the method.
                HttpStatusCode.TooManyRequests => true,
                HttpStatusCode.RequestTimeout or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => afterBreak,
                _ => false,
            };

    private SocketsHttpHandler CreateHandler(out bool pinIsUnreadable)
    {
        var handler = new SocketsHttpHandler
        {
            // A redirect could carry the credential to another host; decompression would break lengths, ranges and ETags.
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = !Address.IsLoopback,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        pinIsUnreadable = false;
        if (options.CertificateThumbprint is { } thumbprint)
        {
            var pin = CertificatePin.TryParse(thumbprint);
            pinIsUnreadable = pin is null;
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => pin?.Accepts(certificate) == true;
        }

        return handler;
    }
}
