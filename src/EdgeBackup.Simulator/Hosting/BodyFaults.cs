using System.Text;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>Lets an endpoint answer into memory and then sends something else.</summary>
internal static class BodyFaults
{
    public static async Task PlayAsync(HttpContext context, SimulatedFault fault, RequestDelegate next)
    {
        var response = context.Response;
        var wire = response.Body;
        using var buffer = new MemoryStream();
        response.Body = buffer;
        await next(context);
        response.Body = wire;
        var body = buffer.ToArray();
        var token = context.RequestAborted;
        try
        {
            switch (fault.Kind)
            {
                case FaultKind.CutAfter:
                    context.Abort();
                    break;
                case FaultKind.CutBody:
                    response.ContentLength = body.Length;
                    await SendAsync(body.AsMemory(0, Math.Min(fault.Bytes, body.Length)));

                    // The server closes the connection behind a body that ends too early. An abort would take from the
                    // client what it has not read yet, and the cut would come earlier than asked.
                    break;
                case FaultKind.StallBody:
                    response.ContentLength = body.Length;
                    await SendAsync(body.AsMemory(0, Math.Min(fault.Bytes, body.Length)));
                    await DeviceGateway.Silence(context);
                    break;
                case FaultKind.ShortBody:
                    await SendWholeAsync(body[..Math.Min(fault.Bytes, body.Length)]);
                    break;
                case FaultKind.LongBody:
                    await SendWholeAsync([.. body, .. new byte[fault.Bytes]]);
                    break;
                case FaultKind.ReplaceBody:
                    response.StatusCode = 200;
                    response.ContentType = fault.ContentType;
                    await SendWholeAsync(Encoding.UTF8.GetBytes(fault.Body ?? ""));
                    break;
                case FaultKind.Slow:
                    response.ContentLength = response.StatusCode is 204 or 304 ? null : body.Length;
                    await SlowAsync(body);
                    break;
                default:
                    throw new InvalidOperationException($"{fault.Kind} does not concern the body.");
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // The client did not wait for the end.
        }

        async Task SendWholeAsync(byte[] bytes)
        {
            response.ContentLength = bytes.Length;
            await SendAsync(bytes);
        }

        async Task SendAsync(ReadOnlyMemory<byte> bytes)
        {
            await wire.WriteAsync(bytes, token);
            await wire.FlushAsync(token);
        }

        async Task SlowAsync(byte[] bytes)
        {
            const int Pieces = 5;
            var size = Math.Max(1, (bytes.Length + Pieces - 1) / Pieces);
            var at = 0;
            do
            {
                await PauseAsync();
                await SendAsync(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)));
                at += size;
            }
            while (at < bytes.Length);
        }

        Task PauseAsync() => fault.Pause?.Invoke().WaitAsync(token) ?? Task.Delay(TimeSpan.FromSeconds(fault.Seconds), token);
    }
}
