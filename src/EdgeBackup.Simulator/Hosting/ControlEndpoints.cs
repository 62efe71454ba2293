using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>The hand behind the devices, below <c>/simulator/</c>: docs/simulator.md describes it.</summary>
internal static class ControlEndpoints
{
    private const int SegmentsBeforePath = 4; // simulator/devices/<id>/items

    private sealed record NewDevice(string Id, string? Type, string? Version, string? Name, int? ChargePoints);

    private sealed record DevicePatch(
        string? Id, string? Name, string? Version, string[]? Features, string? UserName, string? Password, string? Token, bool? NoAuthentication);

    private sealed record ChargePointPatch(
        bool? Online, double? LastSeenSecondsAgo, int? PendingMessages, long? TransactionsStarted, int? Connector, string? Status);

    private sealed record BehaviourPatch(
        int? TransactionAfterReads,
        double? LongestHoldSeconds,
        double? CommitSeconds,
        string? CommitFailure,
        CommitRestart? CommitRestart,
        double? StopSeconds,
        int? OldestRecord,
        double? PersistSeconds,
        string? PersistFailure,
        double? ChangeSeconds,
        bool? ETags);

    private sealed record TransactionStart(string? ChargePoint, int? Connector, bool? DespiteHold);

    private sealed record Away(double Seconds);

    public static void Map(WebApplication application, SimulatedFleet fleet)
    {
        var control = application.MapGroup("/simulator/devices");
        control.MapGet("/", () => Answers.Ok(fleet.Devices.Select(Describe).ToArray()));
        control.MapPost("/", (NewDevice body) => Add(fleet, body));
        control.MapGet("/{id}", (string id) => With(fleet, id, device => Answers.Ok(Describe(device))));
        control.MapPatch("/{id}", (string id, DevicePatch body) => With(fleet, id, device => Patch(device, body)));
        control.MapDelete("/{id}", (string id) => fleet.Remove(id) ? Results.NoContent() : Missing(id));
        control.MapPost("/{id}/restart", (string id, Away body) => With(fleet, id, device =>
        {
            device.Restart(TimeSpan.FromSeconds(body.Seconds));
            return Results.NoContent();
        }));

        control.MapGet("/{id}/items", (string id) => With(fleet, id, ListItems));
        control.MapPut("/{id}/items/{**path}", PutItemAsync);
        control.MapPut("/{id}/applications/{**path}", (string id, HttpContext context, string? retain) => WriteAsync(
            id, context, (device, path, content) => device.Applications.Write(path, content, Word<RetainLevel>(retain) ?? RetainLevel.Cold)));
        control.MapPut("/{id}/changes/{**path}", (string id, HttpContext context) => WriteAsync(id, context, (device, path, content) => device.Changes.Make(path, content)));
        control.MapPost("/{id}/children", (string id, SimulatedChild body) => With(fleet, id, device =>
        {
            device.AddChild(body);
            return Results.NoContent();
        }));
        control.MapDelete("/{id}/items/{**path}", (string id, HttpContext context) => With(fleet, id, device =>
            device.Items.Remove(context.PathBehind(SegmentsBeforePath)) ? Results.NoContent() : Missing(id)));

        control.MapPatch("/{id}/chargepoints/{point}", (string id, string point, ChargePointPatch body) =>
            With(fleet, id, device => PatchChargePoint(device, point, body)));
        control.MapPost("/{id}/transactions", (string id, TransactionStart body) => With(fleet, id, device => Start(device, body)));
        control.MapDelete("/{id}/transactions", (string id) => With(fleet, id, EndAll));

        control.MapPost("/{id}/faults", async (string id, HttpContext context) =>
        {
            var fault = await context.Request.ReadFromJsonAsync<SimulatedFault>(Answers.Json);
            return With(fleet, id, device =>
            {
                device.Faults.Add(fault!);
                return Results.NoContent();
            });
        });
        control.MapPatch("/{id}/faults", (string id, BehaviourPatch body) => With(fleet, id, device => PatchBehaviour(device, body)));
        control.MapDelete("/{id}/faults", (string id) => With(fleet, id, device =>
        {
            device.Faults.Clear();
            return Results.NoContent();
        }));
        control.MapPost("/{id}/events", async (string id, HttpContext context) =>
        {
            var added = await context.Request.ReadFromJsonAsync<SimulatedEvent[]>(Answers.Json);
            return With(fleet, id, device =>
            {
                foreach (var record in added!)
                {
                    device.AddEvent(record);
                }

                return Results.NoContent();
            });
        });
        control.MapPost("/{id}/holds/lose", (string id) => With(fleet, id, device =>
        {
            device.Holds.Lose();
            return Results.NoContent();
        }));
        control.MapPost("/{id}/restores", (string id) => With(fleet, id, device => Answers.Ok(new { id = device.Restores.Open().Id }, 201)));
        control.MapGet("/{id}/calls", (string id) => With(fleet, id, device => Answers.Ok(device.Calls.Select(call => new { call.Method, call.Path }).ToArray())));

        async Task<IResult> WriteAsync(string id, HttpContext context, Action<SimulatedDevice, string, byte[]> write)
        {
            using var buffer = new MemoryStream();
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
            return With(fleet, id, device =>
            {
                write(device, context.PathBehind(SegmentsBeforePath), buffer.ToArray());
                return Results.NoContent();
            });
        }

        async Task<IResult> PutItemAsync(string id, HttpContext context, string? kind, string? retain, bool? afterList)
        {
            using var buffer = new MemoryStream();
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
            return With(fleet, id, device =>
            {
                var path = context.PathBehind(SegmentsBeforePath);
                if (afterList == true)
                {
                    device.Items.ChangeAfterList(path, buffer.ToArray());
                }
                else
                {
                    device.Items.Set(path, buffer.ToArray(), Word<ItemKind>(kind), Word<RetainLevel>(retain));
                }

                return Results.NoContent();
            });
        }
    }

    private static IResult With(SimulatedFleet fleet, string id, Func<SimulatedDevice, IResult> act) =>
        fleet.Find(id) is { } device ? act(device) : Missing(id);

    private static T? Word<T>(string? word)
        where T : struct, Enum => word is null ? null : Enum.Parse<T>(word, ignoreCase: true);

    private static IResult Missing(string what) => Answers.Problem(404, $"there is no '{what}'");

    private static IResult Add(SimulatedFleet fleet, NewDevice body)
    {
        if (fleet.Find(body.Id) is not null)
        {
            return Answers.Problem(409, $"there is already a device '{body.Id}'");
        }

        var plain = new SimulatedDeviceOptions();
        var device = fleet.Add(plain with
        {
            Id = body.Id,
            Name = body.Name,
            Type = body.Type ?? plain.Type,
            Version = body.Version ?? plain.Version,
            ChargePoints = body.ChargePoints ?? plain.ChargePoints,
        });
        return Answers.Ok(Describe(device), 201);
    }

    private static object Describe(SimulatedDevice device) => new
    {
        address = device.Address,
        id = device.Id,
        name = device.Name,
        type = device.Options.Type,
        version = device.Version,
        features = device.Features,
        items = device.Items.List().Count,
        transaction = device.HasTransaction,
        held = device.Holds.IsHeld,
        restore = device.Restores.Current?.Id,
        commits = device.Restores.Commits,
    };

    private static IResult ListItems(SimulatedDevice device) => Answers.Ok(device.Items.List().Select(item => new
    {
        path = item.Path,
        length = item.Content.Length,
        kind = item.Kind,
        retain = item.Retain,
        etag = item.ETag,
        sha256 = Convert.ToHexStringLower(SHA256.HashData(item.Content)),
    }).ToArray());

    private static IResult Patch(SimulatedDevice device, DevicePatch body)
    {
        device.Id = body.Id ?? device.Id;
        device.Name = body.Name ?? device.Name;
        device.Version = body.Version ?? device.Version;
        device.Features = body.Features ?? device.Features;
        if (body.NoAuthentication == true)
        {
            device.RequiredBasic = null;
            device.RequiredToken = null;
        }

        device.RequiredBasic = body.UserName is { } user ? (user, body.Password ?? "") : device.RequiredBasic;
        device.RequiredToken = body.Token ?? device.RequiredToken;
        return Answers.Ok(Describe(device));
    }

    private static IResult PatchChargePoint(SimulatedDevice device, string id, ChargePointPatch body)
    {
        if (device.ChargePoints.FirstOrDefault(candidate => candidate.Id == id) is not { } point)
        {
            return Missing(id);
        }

        point.Online = body.Online ?? point.Online;
        point.LastSeenAgo = body.LastSeenSecondsAgo is { } seconds ? TimeSpan.FromSeconds(seconds) : point.LastSeenAgo;
        point.PendingMessages = body.PendingMessages ?? point.PendingMessages;
        point.TransactionsStarted = body.TransactionsStarted ?? point.TransactionsStarted;
        if (body.Status is { } status)
        {
            point.SetStatus(body.Connector ?? 1, status);
        }

        return Results.NoContent();
    }

    private static IResult Start(SimulatedDevice device, TransactionStart body)
    {
        var point = device.ChargePoints.FirstOrDefault(candidate => body.ChargePoint is null || candidate.Id == body.ChargePoint);
        return point?.StartTransaction(body.Connector ?? 1, body.DespiteHold ?? false) is { } transaction
            ? Answers.Ok(transaction, 201)
            : Answers.Problem(409, "there is no such connector, one runs on it, or a hold forbids it");
    }

    private static IResult EndAll(SimulatedDevice device)
    {
        foreach (var point in device.ChargePoints)
        {
            foreach (var connector in point.Connectors)
            {
                point.EndTransaction(connector.Id);
            }
        }

        return Results.NoContent();
    }

    private static IResult PatchBehaviour(SimulatedDevice device, BehaviourPatch body)
    {
        var faults = device.Faults;
        faults.TransactionAfterReads = body.TransactionAfterReads ?? faults.TransactionAfterReads;
        faults.LongestHold = body.LongestHoldSeconds is { } hold ? TimeSpan.FromSeconds(hold) : faults.LongestHold;
        faults.CommitDuration = body.CommitSeconds is { } commit ? TimeSpan.FromSeconds(commit) : faults.CommitDuration;
        faults.CommitFailure = body.CommitFailure ?? faults.CommitFailure;
        faults.CommitRestart = body.CommitRestart ?? faults.CommitRestart;
        faults.StopDelay = body.StopSeconds is { } stop ? (stop < 0 ? null : TimeSpan.FromSeconds(stop)) : faults.StopDelay;
        faults.OldestRecord = body.OldestRecord ?? faults.OldestRecord;
        faults.PersistDuration = body.PersistSeconds is { } persist ? TimeSpan.FromSeconds(persist) : faults.PersistDuration;
        faults.PersistFailure = body.PersistFailure ?? faults.PersistFailure;
        faults.ChangeDuration = body.ChangeSeconds is { } change ? TimeSpan.FromSeconds(change) : faults.ChangeDuration;
        device.Items.HasETags = body.ETags ?? device.Items.HasETags;
        return Results.NoContent();
    }
}
