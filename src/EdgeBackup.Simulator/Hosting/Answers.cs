using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeBackup.Simulator.Devices;
using Microsoft.AspNetCore.Http.Features;

namespace EdgeBackup.Simulator.Hosting;

/// <summary>What the endpoints have in common: the device a call is for, JSON, problems and raw paths.</summary>
internal static class Answers
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new UtcTimeConverter() },
    };

    private const string DeviceKey = "simulated-device";

    public static SimulatedDevice Device(this HttpContext context) => (SimulatedDevice)context.Items[DeviceKey]!;

    public static void SetDevice(this HttpContext context, SimulatedDevice device) => context.Items[DeviceKey] = device;

    public static IResult Ok(object body, int status = 200) => Results.Json(body, Json, "application/json", status);

    /// <summary>An error in the form of RFC 9457.</summary>
    public static IResult Problem(int status, string detail, string? member = null, string? value = null) =>
        Problem(status, detail, member is null ? [] : new() { [member] = value! });

    public static IResult Problem(int status, string detail, Dictionary<string, object> members)
    {
        var body = new Dictionary<string, object>(members) { ["title"] = detail, ["status"] = status, ["detail"] = detail };
        return Results.Json(body, Json, "application/problem+json", status);
    }

    /// <summary>
    /// The path behind a number of segments, each decoded once. The router's own idea of a path will not do: it leaves
    /// %2F alone and takes '..' out.
    /// </summary>
    public static string PathBehind(this HttpContext context, int segments) =>
        string.Join('/', context.RawPath().Split('/').Skip(segments + 1).Select(Uri.UnescapeDataString));

    /// <summary>One segment of the path, counted from 0, decoded once, slashes in it included.</summary>
    public static string Segment(this HttpContext context, int number) =>
        Uri.UnescapeDataString(context.RawPath().Split('/')[number + 1]);

    public static string RawPath(this HttpContext context) =>
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Times as the interface writes them: UTC with a Z.</summary>
internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(Answers.Time(value));
}
