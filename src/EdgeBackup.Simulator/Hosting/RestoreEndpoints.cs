using System.Security.Cryptography;
using System.Text.Json;
using EdgeBackup.Core.Items;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>Restore sessions.</summary>
internal static class RestoreEndpoints
{
    private const int SegmentsBeforePath = 7; // devices/<id>/api/v1/restores/<session>/items

    private sealed record Announcement(string? Mode, int? Items, long? Bytes);

    public static void Map(WebApplication application)
    {
        var api = application.MapGroup(DeviceEndpoints.Root);
        api.MapPost("/restores", (Delegate)OpenAsync);
        api.MapPut("/restores/{id}/items/{**path}", StageAsync);
        api.MapPost("/restores/{id}/commit", Commit);
        api.MapGet("/restores/{id}", State);
        api.MapDelete("/restores/{id}", Drop);
    }

    private static async Task<IResult> OpenAsync(HttpContext context)
    {
        Announcement? announcement;
        try
        {
            announcement = await context.Request.ReadFromJsonAsync<Announcement>(Answers.Json, context.RequestAborted);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            announcement = null;
        }

        if (announcement is not { Mode: "replace" or "overlay", Items: >= 0, Bytes: >= 0 })
        {
            return Answers.Problem(400, "mode, items and bytes are required");
        }

        var device = context.Device();
        lock (device.Sync)
        {
            if (device.Restores.Current is { } current)
            {
                return Answers.Problem(409, "another restore is not finished", "open", current.Id);
            }

            if (device.HasTransaction)
            {
                return Answers.Problem(409, "a transaction runs");
            }

            var session = device.Restores.Open(announcement.Mode == "replace", announcement.Items.Value, announcement.Bytes.Value);
            context.Response.Headers.Location = $"{device.Address}api/v1/restores/{session.Id}";
            return Answers.Ok(new { id = session.Id }, 201);
        }
    }

    private static async Task<IResult> StageAsync(HttpContext context, string id)
    {
        var device = context.Device();
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        var content = buffer.ToArray();
        var path = context.PathBehind(SegmentsBeforePath);
        lock (device.Sync)
        {
            device.Advance();
            if (FindOpen(device, id, out var refusal) is not { } session)
            {
                return refusal!;
            }

            if (ItemPath.FindDeviceApiFault(path) is { } fault)
            {
                return Answers.Problem(400, fault);
            }

            var digest = $"sha-256=:{Convert.ToBase64String(SHA256.HashData(content))}:";
            if (context.Request.Headers["Content-Digest"].ToString() != digest)
            {
                return Answers.Problem(400, "Content-Digest is missing or does not match");
            }

            session.Staged[path] = content;
            return Results.NoContent();
        }
    }

    /// <returns>Null, with the answer to give, when there is none or it is not open.</returns>
    private static SimulatedRestore? FindOpen(SimulatedDevice device, string id, out IResult? refusal)
    {
        var session = device.Restores.Find(id);
        refusal = session is null ? Answers.Problem(404, "there is no such restore")
            : session.State != SimulatedRestoreState.Open ? Answers.Problem(409, "the restore is no longer open")
            : null;
        return refusal is null ? session : null;
    }

    private static IResult Commit(HttpContext context, string id)
    {
        var device = context.Device();
        lock (device.Sync)
        {
            device.Advance();
            if (FindOpen(device, id, out var refusal) is not { } session)
            {
                return refusal!;
            }

            if (session.Staged.Count != session.Items || session.Staged.Values.Sum(content => content.LongLength) != session.Bytes)
            {
                return Answers.Problem(409, "items are missing");
            }

            if (device.HasTransaction)
            {
                return Answers.Problem(409, "a transaction has begun");
            }

            device.Restores.Commit(session);
            if (device.Faults.CommitRestart is { } restart)
            {
                return RestartInside(context, device, session, restart);
            }

            return Answers.Ok(Describe(session), session.State == SimulatedRestoreState.Performing ? 202 : 200);
        }
    }

    private static IResult RestartInside(HttpContext context, SimulatedDevice device, SimulatedRestore session, CommitRestart restart)
    {
        device.Faults.CommitRestart = null;
        var answer = Answers.Ok(new { state = "performing" }, 202);
        device.Restart(TimeSpan.FromSeconds(restart.AwaySeconds), () =>
        {
            if (session.State == SimulatedRestoreState.Performing && restart.Applies)
            {
                device.Restores.Finish(session);
            }

            if (restart.Forgets)
            {
                device.Forget();
            }
        });

        if (!restart.Answers)
        {
            context.Abort();
        }

        return answer;
    }

    private static IResult State(HttpContext context, string id)
    {
        var device = context.Device();
        lock (device.Sync)
        {
            device.Advance();
            return device.Restores.Find(id) is { } session
                ? Answers.Ok(Describe(session))
                : Answers.Problem(404, "there is no such restore");
        }
    }

    private static IResult Drop(HttpContext context, string id)
    {
        var device = context.Device();
        lock (device.Sync)
        {
            device.Advance();
            if (device.Restores.Find(id) is { State: SimulatedRestoreState.Performing })
            {
                return Answers.Problem(409, "the restore is being performed");
            }

            device.Restores.Drop(id);
            return Results.NoContent();
        }
    }

    private static object Describe(SimulatedRestore session) => new { state = session.State, detail = session.Detail };
}
