using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Reads which files make up a device's configuration, in their order. Only while a backup is performed are they all there (clause 19.1.2).</summary>
internal static class ConfigurationFileList
{
    private const int Attempts = 5;

    /// <summary>More is no configuration, but a device that makes fun of us.</summary>
    private const int MostFiles = 100_000;

    /// <exception cref="EdgeBackupException">CaptureFailed, DeviceResponseInvalid, DeviceUnreachable.</exception>
    public static async Task<IReadOnlyList<ConfigurationFile>> ReadAsync(BacnetLink link, CancellationToken cancellationToken)
    {
        try
        {
            var listed = await ReadListAsync(link, cancellationToken).ConfigureAwait(false);
            if (listed.Count == 0)
            {
                throw link.Errors.Create(
                    ErrorIds.CaptureFailed,
                    "it lists no configuration files (Configuration_Files is empty), so that there is nothing to save. Look at its settings for backup; without such files only its maker's tool can save it");
            }

            var files = new List<ConfigurationFile>(listed.Count);
            foreach (var value in listed)
            {
                files.Add(await DescribeAsync(link, value, files.Count + 1, listed.Count, cancellationToken).ConfigureAwait(false));
            }

            return files;
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its configuration files (Configuration_Files)", ErrorIds.CaptureFailed);
        }
    }

    private static async Task<IReadOnlyList<BacnetValue>> ReadListAsync(BacnetLink link, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await client.ReadPropertyAsync(peer, link.DeviceObject, BacnetProperty.ConfigurationFiles, arrayIndex: null, cancellationToken).ConfigureAwait(false);
            }
            catch (BacnetException exception) when (BacnetDeviceErrors.IsTooMuch(exception))
            {
                return await ReadOneByOneAsync(link, client, peer, cancellationToken).ConfigureAwait(false);
            }
            catch (BacnetException exception) when (attempt < Attempts && (BacnetDeviceErrors.IsBusy(exception) || exception is BacnetTimeoutException))
            {
                // Old devices say that they are ready when they are not.
                await Task.Delay(link.Times.Again * attempt, link.Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<IReadOnlyList<BacnetValue>> ReadOneByOneAsync(BacnetLink link, BacnetClient client, BacnetPeer peer, CancellationToken cancellationToken)
    {
        var length = await client.ReadPropertyAsync(peer, link.DeviceObject, BacnetProperty.ConfigurationFiles, 0, cancellationToken).ConfigureAwait(false);
        if (length is not [{ AsUnsigned: { } count }] || count > MostFiles)
        {
            throw link.Errors.Create(ErrorIds.DeviceResponseInvalid, "it does not say how many configuration files it has. Look at the device's software");
        }

        var values = new List<BacnetValue>((int)count);
        for (uint index = 1; index <= count; index++)
        {
            values.AddRange(await client.ReadPropertyAsync(peer, link.DeviceObject, BacnetProperty.ConfigurationFiles, index, cancellationToken).ConfigureAwait(false));
        }

        return values;
    }

    private static async Task<ConfigurationFile> DescribeAsync(BacnetLink link, BacnetValue value, int position, int count, CancellationToken cancellationToken)
    {
        if (value.AsObjectId is not { Type: BacnetObjectType.File, Instance: < BacnetObjectId.LargestInstance } file)
        {
            throw link.Errors.Create(ErrorIds.DeviceResponseInvalid, $"its list of configuration files names '{value}' at {position}, which is no file. Look at the device's settings for backup and at its software");
        }

        var told = await link.ReadAsync(file, [BacnetProperty.FileAccessMethod, BacnetProperty.FileSize], cancellationToken).ConfigureAwait(false);

        // The property is not optional; a device without it is asked for bytes, and says so if it has records.
        var place = new BacnetItemPath(position, file.Instance, (BacnetFileAccess?)told[0]?.AsEnumerated is BacnetFileAccess.Record ? BacnetFileAccess.Record : BacnetFileAccess.Stream);
        return new ConfigurationFile(place, place.ToPath(count), (long?)told[1]?.AsUnsigned);
    }
}
