using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace EdgeBackup.Core.Tests.Operations.Notifications;

/// <summary>A request as it came in.</summary>
internal sealed record ReceivedRequest(string RequestLine, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Id => Headers["webhook-id"];

    public JsonElement Json { get; } = JsonDocument.Parse(Body).RootElement;

    public string Type => Json.GetProperty("type").GetString()!;

    public JsonElement Data => Json.GetProperty("data");
}

/// <summary>A real HTTP server on loopback that answers as a test wants, on a port that the system gives.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    /// <summary>Takes the request in and never answers.</summary>
    public const int Hang = -1;

    /// <summary>Takes the request in and closes.</summary>
    public const int Close = -2;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<ReceivedRequest> received = new();
    private readonly ConcurrentQueue<int> next = new();
    private readonly Task serving;

    public WebhookReceiver()
    {
        listener.Start();
        serving = Task.Run(ServeAsync);
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/hook";

    /// <summary>All requests, whatever they were answered, in their order.</summary>
    public IReadOnlyList<ReceivedRequest> Received => [.. received];

    public IReadOnlyList<string> Types => [.. received.Select(request => request.Type)];

    /// <summary>What is answered when nothing else is next.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Where a redirect points.</summary>
    public string Location { get; set; } = "";

    /// <summary>Called with each request before it is answered; what it gives is the answer, null for the usual one.</summary>
    public Func<ReceivedRequest, Task<int?>> Before { get; set; } = _ => Task.FromResult<int?>(null);

    /// <summary>Answers the next requests so.</summary>
    public void Answer(params int[] statuses)
    {
        foreach (var status in statuses)
        {
            next.Enqueue(status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Stopped only when nobody accepts any more: a test may be over before the first accept.
        await stop.CancelAsync();
        await serving;
        listener.Stop();
        stop.Dispose();
        listener.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                connections.Add(TalkAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                while (await ReadAsync(stream) is { } request)
                {
                    received.Enqueue(request);
                    var status = await Before(request) ?? (next.TryDequeue(out var wanted) ? wanted : Status);
                    if (status == Close)
                    {
                        return;
                    }

                    if (status == Hang)
                    {
                        await Task.Delay(Timeout.Infinite, stop.Token);
                    }

                    var location = status is >= 300 and < 400 ? $"Location: {Location}\r\n" : "";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} As wanted\r\n{location}Content-Length: 0\r\n\r\n"), stop.Token);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // The other side has gone, or the test is over.
            }
        }
    }

    private async Task<ReceivedRequest?> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[8192];
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. bytes]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var lines = text[..end].Split("\r\n");
                var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
                if (bytes.Count >= end + 4 + int.Parse(headers["Content-Length"], CultureInfo.InvariantCulture))
                {
                    return new ReceivedRequest(lines[0], headers, Encoding.UTF8.GetString([.. bytes.Skip(end + 4)]));
                }
            }

            var read = await stream.ReadAsync(buffer, stop.Token);
            if (read == 0)
            {
                return null;
            }

            bytes.AddRange(buffer.AsSpan(0, read));
        }
    }
}
