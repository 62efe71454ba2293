using System.Net;
using System.Text.Json;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>Turns what went wrong with a device into errors that name it; nothing of a request's headers gets in.</summary>
internal sealed class DeviceFault(ConnectionOptions options)
{
    private const int LongestDetail = 300;

    /// <summary>What the user calls the device.</summary>
    public string Device => options.Id ?? options.Address.Text;

    public EdgeBackupException Create(string errorId, string whatAndNext, Exception? inner = null) =>
        new(errorId, $"Device '{Device}': {whatAndNext}.", Device, inner);

    public EdgeBackupException Unreachable(NoAnswerException cause) => Create(
        ErrorIds.DeviceUnreachable,
        $"{options.Address.Text} does not answer ({cause.Message.TrimEnd('.')}). Check that it is switched on, the address and the network",
        cause);

    public EdgeBackupException InvalidAnswer(string call, string what, Exception? inner = null) => Create(
        ErrorIds.DeviceResponseInvalid,
        $"its answer to {call} is not what the device interface says: {what}. Check the address and the device's software",
        inner);

    /// <summary>An answer with a status that the call does not know; without an id of its own, passing trouble is DeviceUnreachable.</summary>
    public EdgeBackupException Status(string call, DeviceAnswer answer, string errorId = ErrorIds.DeviceResponseInvalid)
    {
        var passing = (int)answer.Status >= 500 || answer.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout;
        var id = passing && errorId == ErrorIds.DeviceResponseInvalid ? ErrorIds.DeviceUnreachable : errorId;
        var next = passing ? "Try again later, and look at the device when it stays so" : "Check the address and the device's software";
        return Create(id, $"it answered {call} with status {(int)answer.Status}{Detail(answer)}. {next}");
    }

    /// <summary>Throws where a device did not let us in or sent us elsewhere, whatever the call.</summary>
    public void ThrowIfRefused(DeviceAnswer answer, string path)
    {
        switch ((int)answer.Status)
        {
            case 401:
                throw Create(
                    ErrorIds.DeviceAuthenticationFailed,
                    options.Credential is null
                        ? "it asks for a credential and none is registered. Set one with Set-EdgeDevice -Credential or -Token"
                        : "it did not accept the registered credential. Set the right one with Set-EdgeDevice -Credential or -Token");
            case 403:
                throw Create(ErrorIds.DeviceAuthenticationFailed, $"the registered credential may not use {path.Split('?')[0]}. Give it that right on the device, or set another one");
            case >= 300 and < 400 when answer.Status != HttpStatusCode.NotModified:
                throw InvalidAnswer(path.Split('?')[0], $"it sends us to {Host(answer.Response.Headers.Location)}, and redirects are not followed. Register the address that answers");
        }
    }

    private static string Host(Uri? location) =>
        location is null ? "nowhere" : location.IsAbsoluteUri ? location.GetLeftPart(UriPartial.Authority) : "another path";

    /// <summary>The detail or title of a problem (RFC 9457), as it fits into a sentence; empty where there is none.</summary>
    public static string Detail(DeviceAnswer answer)
    {
        var text = Member(answer, "detail") ?? Member(answer, "title");
        if (string.IsNullOrWhiteSpace(text))
        {
            return "";
        }

        var line = new string([.. text.Select(character => char.IsControl(character) ? ' ' : character)]).Trim().TrimEnd('.');
        return $" ({(line.Length > LongestDetail ? line[..LongestDetail] + "…" : line)})";
    }

    /// <summary>A text member of a problem; null where the body is no object or has none.</summary>
    public static string? Member(DeviceAnswer answer, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String
                    ? value.GetString()
                    : null;
        }
        catch (JsonException)
        {
            // An error page without the problem format is still the error that its status says.
            return null;
        }
    }
}
