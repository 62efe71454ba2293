using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>Events and trends, page by page.</summary>
internal static class RecordEndpoints
{
    public static void Map(WebApplication application)
    {
        var api = application.MapGroup(DeviceEndpoints.Root);
        api.MapGet("/events", (HttpContext context, string? after, int? limit) =>
            context.Device().Features.Contains("events")
                ? Page(context.Device(), context.Device().ReadEvents, context.Device().Events.Count, after, limit)
                : Answers.Problem(404, "this device has no events"));
        api.MapGet("/trends", (HttpContext context) =>
            context.Device().Features.Contains("trends")
                ? Answers.Ok(context.Device().Trends.Select(trend => new
                {
                    id = trend.Id,
                    name = trend.Name,
                    unit = trend.Unit,
                    records = trend.Records.Count,
                    extended = trend.Extended,
                }).ToArray())
                : Answers.Problem(404, "this device has no trends"));
        api.MapGet("/trends/{id}/records", (HttpContext context, string id, string? after, int? limit) =>
            context.Device().Trends.FirstOrDefault(trend => trend.Id == id) is { } trend
                ? Page(context.Device(), (start, count) => Read(trend.Records, start, count), trend.Records.Count, after, limit)
                : Answers.Problem(404, "there is no such trend"));
    }

    private static IResult Page<T>(SimulatedDevice device, Func<int, int, IReadOnlyList<T>> read, int length, string? after, int? limit)
    {
        if (RecordPages.ReadCursor(after) is not var (start, log) || limit is < 1)
        {
            return Answers.Problem(400, "after or limit is not what was given out");
        }

        var oldest = device.Faults.OldestRecord;
        var isAnew = !string.IsNullOrEmpty(after) && (log != device.LogsBegun || start > Math.Max(oldest, length));
        if (isAnew || (start < oldest && !string.IsNullOrEmpty(after)))
        {
            return Answers.Problem(
                410,
                isAnew ? "the log was begun anew" : "these records have fallen out of the buffer",
                new() { ["oldest"] = RecordPages.Cursor(oldest, device.LogsBegun), ["anew"] = isAnew });
        }

        var page = read(Math.Max(start, oldest), Math.Min(limit ?? 100, RecordPages.LargestPage));
        return Answers.Ok(new { records = page, next = RecordPages.Cursor(Math.Max(start, oldest) + page.Count, device.LogsBegun) });
    }

    private static List<T> Read<T>(IReadOnlyList<T> records, int start, int count)
    {
        var page = new List<T>();
        for (var index = start; index < records.Count && page.Count < count; index++)
        {
            page.Add(records[index]);
        }

        return page;
    }
}
