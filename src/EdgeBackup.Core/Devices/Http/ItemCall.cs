using System.Net.Http.Headers;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>What the headers of an item's answer promise about its bytes.</summary>
/// <param name="Tag">The strong ETag of these bytes; null where there is none.</param>
/// <param name="Length">Bytes that must come; null where only the end of a chunked body tells.</param>
/// <param name="Modified">Null where the answer does not say.</param>
/// <param name="IsAsListed">Whether these are the very bytes that were listed.</param>
internal sealed record ItemExpectation(string? Tag, long? Length, DateTimeOffset? Modified, bool IsAsListed);

/// <summary>The call that reads an item.</summary>
internal static class ItemCall
{
    public static string Path(Item item) => "items/" + DevicePath.Item(item.Path);

    /// <summary>Asks for the bytes as they are: a coded body has another length and another ETag.</summary>
    public static void WantIdentity(HttpRequestHeaders headers) => headers.AcceptEncoding.ParseAdd("identity");

    /// <summary>The ETag header verbatim.</summary>
    public static string? Tag(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("ETag", out var values) && values.Count == 1 ? DeviceAnswers.StrongTag(values.ToString()) : null;

    /// <exception cref="EdgeBackupException">CaptureFailed: the headers contradict the listing, or promise nothing to hold them to.</exception>
    public static ItemExpectation Expect(DeviceFault fault, Item item, HttpResponseMessage response)
    {
        var tag = Tag(response);
        var announced = response.Content.Headers.ContentLength;
        if (response.Content.Headers.ContentEncoding.Any(coding => !string.Equals(coding, "identity", StringComparison.OrdinalIgnoreCase)))
        {
            throw Failed("came with a content coding that nobody asked for");
        }

        if (item.Stamp is not null && tag is null)
        {
            throw Failed("was listed with an ETag and came without one");
        }

        // Another ETag is another state, and may have any length; the same one, or none, must be what was listed.
        var isAsListed = tag == item.Stamp;
        if (isAsListed && announced is { } length && length != item.Length)
        {
            throw Failed($"was listed with {item.Length} bytes and announced with {length}");
        }

        if (!isAsListed && announced is null && response.Headers.TransferEncodingChunked != true && response.Version.Major < 2)
        {
            throw Failed("came without a length, so that nobody can tell whether it is whole");
        }

        return new ItemExpectation(tag, isAsListed ? item.Length : announced, response.Content.Headers.LastModified?.ToUniversalTime(), isAsListed);

        EdgeBackupException Failed(string what) =>
            fault.Create(ErrorIds.CaptureFailed, $"the item '{item.Path}' {what}. Try again, and check the device when it happens again");
    }
}
