using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>Identity, charge points, stopping and holds.</summary>
internal static class DeviceEndpoints
{
    public const string Root = "/devices/{device}/api/v1";

    public static void Map(WebApplication application)
    {
        var api = application.MapGroup(Root);
        api.MapGet("/device", (HttpContext context) => Answers.Ok(Describe(context.Device())));
        api.MapGet("/chargepoints", (HttpContext context) => Answers.Ok(ChargePoints(context.Device())));
        api.MapGet("/children", (HttpContext context) => Answers.Ok(context.Device().Children));
        api.MapPost("/persist", Persist);
        api.MapGet("/persist", (HttpContext context) => OfFeature(context, "persist", device => Answers.Ok(State(device))));
        api.MapGet("/changes", (HttpContext context) => OfFeature(context, "changes", device => Answers.Ok(new { queued = device.Changes.Queued })));
        api.MapPost("/chargepoints/{id}/connectors/{number:int}/stop", Stop);
        api.MapPost("/holds", (Delegate)TakeHoldAsync);
        api.MapPut("/holds/{id}", RenewHoldAsync);
        api.MapDelete("/holds/{id}", ReleaseHold);
    }

    private static object Describe(SimulatedDevice device) => new
    {
        id = device.Id,
        name = device.Name,
        type = device.Options.Type,
        model = device.Options.Type == DeviceTypes.EdgeController ? "EC-1" : "AS-1",
        serial = $"SN-{device.Options.Id}",
        version = device.Version,
        time = Answers.Time(device.Clock.GetUtcNow()),
        features = device.Features,
    };

    private static object[] ChargePoints(SimulatedDevice device)
    {
        lock (device.Sync)
        {
            device.Advance();
            return
            [
                .. device.ChargePoints.Select(point => new
                {
                    id = point.Id,
                    online = point.Online,
                    lastSeen = Answers.Time(device.Clock.GetUtcNow() - point.LastSeenAgo),
                    pendingMessages = point.PendingMessages,
                    transactionsStarted = point.TransactionsStarted,
                    connectors = point.Connectors.Select(connector => new
                    {
                        id = connector.Id,
                        status = connector.Status,
                        transaction = connector.Transaction is { } transaction
                            ? new { id = transaction.Id, started = Answers.Time(transaction.Started), card = transaction.Card }
                            : null,
                    }).ToArray(),
                }),
            ];
        }
    }

    private static IResult OfFeature(HttpContext context, string feature, Func<SimulatedDevice, IResult> act)
    {
        var device = context.Device();
        lock (device.Sync)
        {
            device.Advance();
            return device.Features.Contains(feature) ? act(device) : Answers.Problem(404, $"this device has no '{feature}'");
        }
    }

    private static IResult Persist(HttpContext context) => OfFeature(context, "persist", device =>
        device.Applications.Persist(device.Clock.GetUtcNow()) ? Results.NoContent() : Answers.Ok(State(device), 202));

    private static object State(SimulatedDevice device) => new { state = device.Applications.State.State, detail = device.Applications.State.Detail };

    private static IResult Stop(HttpContext context, int number)
    {
        var device = context.Device();
        var id = context.Segment(5); // devices/<id>/api/v1/chargepoints/<charge point>
        lock (device.Sync)
        {
            device.Advance();
            if (!device.Features.Contains("stop")
                || device.ChargePoints.FirstOrDefault(point => point.Id == id)?.Connectors.FirstOrDefault(candidate => candidate.Id == number) is not { } connector)
            {
                return Answers.Problem(404, "there is no such connector, or it cannot be stopped from here");
            }

            if (connector.Transaction is not null && device.Faults.StopDelay is { } delay)
            {
                connector.StopsAt = device.Clock.GetUtcNow() + delay;
                device.Advance();
            }

            return Results.StatusCode(202);
        }
    }

    private static async Task<IResult> TakeHoldAsync(HttpContext context)
    {
        var seconds = await ReadSecondsAsync(context);
        var device = context.Device();
        lock (device.Sync)
        {
            if (!device.Features.Contains("hold"))
            {
                return Answers.Problem(404, "this device has no holds");
            }

            if (seconds is null)
            {
                return Answers.Problem(400, "seconds is missing");
            }

            if (device.HasTransaction)
            {
                return Answers.Problem(409, "a transaction runs");
            }

            var (id, expires) = device.Holds.Take(seconds.Value);
            context.Response.Headers.Location = $"{device.Address}api/v1/holds/{id}";
            return Answers.Ok(new { id, expires = Answers.Time(expires) }, 201);
        }
    }

    private static async Task<IResult> RenewHoldAsync(HttpContext context, string id)
    {
        var seconds = await ReadSecondsAsync(context);
        var device = context.Device();
        lock (device.Sync)
        {
            return seconds is null ? Answers.Problem(400, "seconds is missing")
                : device.Holds.Renew(id, seconds.Value) is { } expires ? Answers.Ok(new { id, expires = Answers.Time(expires) })
                : Answers.Problem(404, "there is no such hold");
        }
    }

    private static IResult ReleaseHold(HttpContext context, string id)
    {
        var device = context.Device();
        lock (device.Sync)
        {
            device.Holds.Release(id);
            return Results.NoContent();
        }
    }

    private static async Task<double?> ReadSecondsAsync(HttpContext context)
    {
        try
        {
            var body = await context.Request.ReadFromJsonAsync<Dictionary<string, double>>(Answers.Json, context.RequestAborted);
            return body?.TryGetValue("seconds", out var seconds) == true ? seconds : null;
        }
        catch (Exception exception) when (exception is System.Text.Json.JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
