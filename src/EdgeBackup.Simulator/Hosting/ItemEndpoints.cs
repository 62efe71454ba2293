using EdgeBackup.Simulator.Devices;
using Microsoft.Net.Http.Headers;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>Listing and reading items.</summary>
internal static class ItemEndpoints
{
    private const int SegmentsBeforePath = 5; // devices/<id>/api/v1/items

    public static void Map(WebApplication application)
    {
        var api = application.MapGroup(DeviceEndpoints.Root);
        api.MapGet("/items", List);
        api.MapGet("/items/{**path}", Read);
    }

    private static IResult List(HttpContext context, string? content)
    {
        if (content is not ("configuration" or "all"))
        {
            return Answers.Problem(400, "content must be 'configuration' or 'all'");
        }

        return Answers.Ok(context.Device().Items.ListOnce(withHistory: content == "all").Select(item => new
        {
            path = item.Path,
            length = item.Content.LongLength,
            modified = Answers.Time(item.Modified),
            etag = item.ETag,
            kind = item.Kind,
            retain = item.Retain,
            unwritten = item.IsUnwritten,
        }).ToArray());
    }

    private static IResult Read(HttpContext context)
    {
        var device = context.Device();
        if (device.Items.Find(context.PathBehind(SegmentsBeforePath)) is not { } item)
        {
            return Answers.Problem(404, "there is no such item");
        }

        device.Faults.CountRead();
        return Results.Bytes(
            item.Content,
            "application/octet-stream",
            enableRangeProcessing: true,
            lastModified: item.Modified,
            entityTag: item.ETag is null ? null : EntityTagHeaderValue.Parse(item.ETag));
    }
}
