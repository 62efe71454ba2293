using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Reads which files make up a device's configuration, in their order. Only while a backup is performed are they all there (clause 19.1.2).</summary>
internal static class ConfigurationFileList
{
    private const int Attempts = 5;

    /// <param name="link">The device.</param>
    /// <param name="onFirst">Called with the first file, before the others are asked for: over a narrow network that takes a while.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EdgeBackupException">CaptureFailed, DeviceResponseInvalid, DeviceUnreachable.</exception>
    public static async Task<IReadOnlyList<ConfigurationFile>> ReadAsync(BacnetConversation link, Action<ConfigurationFile> onFirst, CancellationToken cancellationToken)
    {
        try
        {
            var listed = await ReadListAsync(link, cancellationToken).ConfigureAwait(false);
            if (listed.Count == 0)
            {
                throw NoFiles(link, "Configuration_Files is empty");
            }

            var files = new List<ConfigurationFile>(listed.Count);
            foreach (var value in listed)
            {
                files.Add(await DescribeAsync(link, value, files.Count + 1, listed.Count, cancellationToken).ConfigureAwait(false));
                if (files.Count == 1)
                {
                    onFirst(files[0]);
                }
            }

            return files;
        }
        catch (BacnetErrorException exception) when (exception.Code == BacnetErrorCode.UnknownProperty)
        {
            throw NoFiles(link, "it has no Configuration_Files", exception);
        }
        catch (BacnetException exception)
        {
            throw link.Errors.From(exception, "reading its configuration files (Configuration_Files)", ErrorIds.CaptureFailed);
        }
    }

    private static EdgeBackupException NoFiles(BacnetConversation link, string how, Exception? inner = null) => link.Errors.Create(
        ErrorIds.CaptureFailed,
        $"it lists no configuration files ({how}), so that there is nothing to save. Look at its settings for backup; without such files only its maker's tool can save it",
        inner);

    private static async Task<IReadOnlyList<BacnetValue>> ReadListAsync(BacnetConversation link, CancellationToken cancellationToken)
    {
        var (client, peer) = await link.OpenAsync(cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await client.ReadArrayAsync(peer, link.DeviceObject, BacnetProperty.ConfigurationFiles, cancellationToken).ConfigureAwait(false);
            }
            catch (BacnetException exception) when (attempt < Attempts && (BacnetDeviceErrors.IsBusy(exception) || exception is BacnetTimeoutException))
            {
                // Old devices say that they are ready when they are not.
                await Task.Delay(link.Times.Again * attempt, link.Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<ConfigurationFile> DescribeAsync(BacnetConversation link, BacnetValue value, int position, int count, CancellationToken cancellationToken)
    {
        if (value.AsObjectId is not { Type: BacnetObjectType.File, Instance: < BacnetObjectId.LargestInstance } file)
        {
            throw link.Errors.Create(ErrorIds.DeviceResponseInvalid, $"its list of configuration files names '{value}' at {position}, which is no file. Look at the device's settings for backup and at its software");
        }

        var told = await link.ReadAsync(file, [BacnetProperty.FileAccessMethod, BacnetProperty.FileSize], cancellationToken).ConfigureAwait(false);

        // The property is not optional; a device without it is asked for bytes, and says so if it has records.
        var place = new BacnetItemPath(position, file.Instance, (BacnetFileAccess?)told[0]?.AsEnumerated is BacnetFileAccess.Record ? BacnetFileAccess.Record : BacnetFileAccess.Stream);
        return new ConfigurationFile(place, place.ToPath(count), BacnetTold.Length(told[1]));
    }
}
