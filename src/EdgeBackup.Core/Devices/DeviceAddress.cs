using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Core.Devices;

public enum ConnectionKind
{
    Folder,
    Http,
    Ssh,
    Bacnet,
}

/// <summary>Where a device is: an http(s), ssh or bacnet URI, or a folder's absolute path.</summary>
/// <param name="Kind">Which connection speaks to it.</param>
/// <param name="Text">Normalized: a URI without credentials in it, or an absolute path.</param>
public sealed record DeviceAddress(ConnectionKind Kind, string Text)
{
    /// <summary>Reads an address.</summary>
    /// <param name="text">A URI or a path; a relative path is taken from <paramref name="currentFolder"/>.</param>
    /// <param name="currentFolder">Absolute.</param>
    /// <exception cref="ArgumentException">No address: an unknown scheme, a URI with credentials, an empty text.</exception>
    public static DeviceAddress Parse(string text, string currentFolder)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new ArgumentException("The address is empty. Give a folder's path or an http:// or https:// address.");
        }

        var schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        if (schemeEnd < 0)
        {
            return new DeviceAddress(ConnectionKind.Folder, NormalizeFolder(Path.GetFullPath(text, currentFolder)));
        }

        var scheme = text[..schemeEnd].ToLowerInvariant();
        if (scheme == "file")
        {
            return new DeviceAddress(ConnectionKind.Folder, NormalizeFolder(Path.GetFullPath(new Uri(text).LocalPath)));
        }

        var kind = scheme switch
        {
            "http" or "https" => ConnectionKind.Http,
            "ssh" => ConnectionKind.Ssh,
            "bacnet" => ConnectionKind.Bacnet,
            _ => throw new ArgumentException(
                $"The address '{text}' begins with '{scheme}://', which is not known. Use http://, https://, ssh://, bacnet:// or a folder's path."),
        };

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            throw new ArgumentException($"The address '{text}' is not a valid URI.");
        }

        if (kind == ConnectionKind.Http)
        {
            if (uri.UserInfo.Length > 0)
            {
                throw new ArgumentException("The address holds credentials. Give them with -Credential or -Token, so that they are sealed.");
            }

            if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            {
                throw new ArgumentException($"The address '{text}' has a query or a fragment. Give the device's base address only.");
            }

            return new DeviceAddress(kind, uri.AbsoluteUri.TrimEnd('/') + "/");
        }

        if (kind == ConnectionKind.Bacnet)
        {
            return new DeviceAddress(kind, BacnetDeviceAddress.Parse(text).ToString());
        }

        if (kind == ConnectionKind.Ssh)
        {
            if (uri.UserInfo.Contains(':', StringComparison.Ordinal))
            {
                throw new ArgumentException("The address holds a password. ssh:// addresses take keys: the user's own, one in the ssh agent, or one named with -KeyFilePath.");
            }

            if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            {
                throw new ArgumentException($"The address '{text}' has a '?' or a '#'. In the path of an ssh:// address write them as %3F and %23.");
            }
        }

        return new DeviceAddress(kind, uri.AbsoluteUri);
    }

    /// <summary>Whether two addresses mean the same place, as far as their texts tell.</summary>
    public bool IsSamePlace(DeviceAddress other) =>
        Kind == other.Kind
        && string.Equals(Text, other.Text, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    private static string NormalizeFolder(string path) =>
        path.Length > Path.GetPathRoot(path)?.Length ? Path.TrimEndingDirectorySeparator(path) : path;
}
