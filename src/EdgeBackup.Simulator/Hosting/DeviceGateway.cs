using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Simulator.Devices;
using Microsoft.AspNetCore.Http.Features;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>What a call meets before its endpoint: the device, its absence, its faults, its lock on the door.</summary>
internal sealed class DeviceGateway(SimulatedFleet fleet)
{
    private const int SegmentsBeforeCall = 4; // devices/<id>/api/v1

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.RawPath().StartsWith("/devices/", StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        if (fleet.Latency > TimeSpan.Zero)
        {
            await Task.Delay(fleet.Latency, context.RequestAborted);
        }

        var segments = context.RawPath().Split('/', 4);
        if (fleet.Find(Uri.UnescapeDataString(segments[2])) is not { } device)
        {
            context.Response.StatusCode = 404;
            return;
        }

        if (device.IsAway())
        {
            context.Abort();
            return;
        }

        context.SetDevice(device);
        Note(context, device);
        var fault = device.Faults.Take(context.Request.Method, context.PathBehind(SegmentsBeforeCall));
        if (fault is { Kind: FaultKind.Status or FaultKind.CutBefore or FaultKind.Silent })
        {
            await FailBeforeAsync(context, fault);
        }
        else if (!IsAuthorized(context.Request, device))
        {
            context.Response.Headers.WWWAuthenticate = device.RequiredToken is null ? "Basic realm=\"device\"" : "Bearer";
            await Answers.Problem(401, "authentication is required").ExecuteAsync(context);
        }
        else if (fault is null)
        {
            await next(context);
        }
        else
        {
            await BodyFaults.PlayAsync(context, fault, next);
        }
    }

    private static async Task FailBeforeAsync(HttpContext context, SimulatedFault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.CutBefore:
                context.Abort();
                break;
            case FaultKind.Silent:
                await Silence(context);
                break;
            default:
                if (fault.RetryAfter is { } retryAfter)
                {
                    context.Response.Headers.RetryAfter = retryAfter;
                }

                await Answers.Problem(fault.Status, fault.Body ?? "a fault was asked for").ExecuteAsync(context);
                break;
        }
    }

    internal static async Task Silence(HttpContext context)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client has given up, which is what this is for.
        }
    }

    private static bool IsAuthorized(HttpRequest request, SimulatedDevice device)
    {
        var expected = device.RequiredToken is { } token ? $"Bearer {token}"
            : device.RequiredBasic is { } basic ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{basic.UserName}:{basic.Password}"))
            : null;
        return expected is null
            || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString()));
    }

    private static void Note(HttpContext context, SimulatedDevice device)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        device.Note(new ReceivedCall(context.Request.Method, string.Join('/', target.Split('/').Skip(SegmentsBeforeCall + 1)), headers));
    }
}
