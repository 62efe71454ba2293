using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>One of the device's configuration files, as it was listed.</summary>
/// <param name="Place">Where it stands and how it is read.</param>
/// <param name="Path">Its item's path.</param>
/// <param name="Size">File_Size in bytes; null where the device does not tell.</param>
internal sealed record ConfigurationFile(BacnetItemPath Place, string Path, long? Size)
{
    /// <summary>
    /// As an item. The length is the device's word for it, which is wrong on some devices and says nothing of a file of
    /// records; there is no stamp, since Modification_Date and File_Size may stay while the bytes do not (clause 12.13 asks
    /// no device to keep the date, and a file that is made for the backup has none before).
    /// </summary>
    public Item ToItem() => new()
    {
        Path = Path,
        Length = Place.Access == BacnetFileAccess.Stream ? Size ?? 0 : 0,
        IsLengthUnknown = true,
    };
}
