using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>Who a folder says it is: <c>edge-device.json</c> first, the registration where that is silent.</summary>
internal static class FolderIdentity
{
    private const int TextLimit = 256;

    /// <exception cref="EdgeBackupException">DeviceResponseInvalid: the file is wrong, or nobody gives an id.</exception>
    public static async Task<DeviceIdentity> ReadAsync(
        string root,
        ConnectionOptions options,
        IPlatform platform,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, FolderDevice.IdentityFile);
        JsonDocument? document;
        try
        {
            document = await FolderJson.ReadAsync(path, platform, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, $"cannot be read ({exception.Message.TrimEnd('.')})", exception);
        }

        using (document)
        {
            return Read(document?.RootElement, path, root, options, now);
        }
    }

    /// <summary>Reads what the file says; a device that is reached in another way keeps the same one.</summary>
    /// <param name="element">The file's contents; null where there is none.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="root">The folder, for messages.</param>
    /// <param name="options">Stand in for what the file does not say.</param>
    /// <param name="now">The device's clock.</param>
    /// <exception cref="EdgeBackupException">DeviceResponseInvalid: the file is wrong, or nobody gives an id.</exception>
    public static DeviceIdentity Read(JsonElement? element, string path, string root, ConnectionOptions options, DateTimeOffset now)
    {
        if (element is { ValueKind: not JsonValueKind.Object })
        {
            throw Invalid(path, "is not a JSON object");
        }

        var ownId = Text(element, "id", path, isNullAllowed: false);
        var id = ownId ?? options.Id;
        if (string.IsNullOrEmpty(id))
        {
            throw new EdgeBackupException(
                ErrorIds.DeviceResponseInvalid,
                $"The folder '{root}' tells no device id. Put an {FolderDevice.IdentityFile} with an \"id\" into it, or give -Id when you register it.",
                root);
        }

        var type = Text(element, "type", path) ?? options.Type ?? DeviceTypes.FolderId;
        if (!DeviceTypes.IsWord(type))
        {
            throw Invalid(path, $"names the type '{type}', which is not a word of a-z, 0-9 and '-'");
        }

        return new DeviceIdentity
        {
            Id = id,
            IsOwnId = ownId is not null,
            Name = Text(element, "name", path) ?? options.Name,
            Type = type,
            Version = Text(element, "version", path) ?? options.Version,
            Time = now,
        };
    }

    private static string? Text(JsonElement? element, string property, string path, bool isNullAllowed = true)
    {
        if (element is not { } source || !source.TryGetProperty(property, out var value)
            || (isNullAllowed && value.ValueKind == JsonValueKind.Null))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            throw Invalid(path, $"has a \"{property}\" that is not a text");
        }

        string text;
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw Invalid(path, $"has a \"{property}\" that is not valid Unicode", exception);
        }

        if (text.Length > TextLimit || text.Any(char.IsControl))
        {
            throw Invalid(path, $"has a \"{property}\" with control characters or of more than {TextLimit} characters");
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return isNullAllowed ? null : throw Invalid(path, $"has an empty \"{property}\"");
        }

        return text;
    }

    public static EdgeBackupException Invalid(string path, string what, Exception? cause = null) => new(
        ErrorIds.DeviceResponseInvalid,
        $"The file '{path}' {what}. It must be an object like {{\"id\":\"...\",\"name\":\"...\",\"type\":\"...\",\"version\":\"...\"}}; correct it, then try again.",
        path,
        cause);
}
